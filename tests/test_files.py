from __future__ import annotations

import errno
import math
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgetlc import files
from edgetlc.errors import InputError
from edgetlc.files import (
    read_json,
    sha256_file,
    whole_file,
    whole_folder,
    write_bytes,
    write_json,
    write_text,
)

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_sha256_by_known_values(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    assert sha256_file(path) == EMPTY
    path.write_bytes(b"abc")
    assert sha256_file(path).startswith("ba7816bf8f01cfea")


def write_half(path: Path, error: type[BaseException]) -> None:
    with whole_file(path) as stream:
        stream.write(b"half")
        raise error


def fill_half(path: Path, error: type[BaseException], overwrite: bool) -> None:
    with whole_folder(path, overwrite=overwrite) as folder:
        write_text(folder / "b.txt", "half")
        raise error


class TestWholeFile:
    def test_it_is_written_and_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "folder" / "a.bin"
        write_bytes(path, b"one")
        write_bytes(path, b"two")
        assert path.read_bytes() == b"two"
        assert list(path.parent.iterdir()) == [path]

    def test_permissions_are_those_of_any_new_file(self, tmp_path: Path) -> None:
        mask = os.umask(0o027)
        try:
            write_bytes(tmp_path / "a", b"")
        finally:
            os.umask(mask)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_after_an_error_the_old_content_stands(self, error, tmp_path: Path) -> None:
        path = tmp_path / "a"
        write_bytes(path, b"old")
        with pytest.raises(error):
            write_half(path, error)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_full_disk_leaves_nothing(self, tmp_path: Path, monkeypatch) -> None:
        def full(handle: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(files.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_bytes(tmp_path / "a", b"content")
        assert list(tmp_path.iterdir()) == []

    def test_a_very_long_name(self, tmp_path: Path) -> None:
        path = tmp_path / ("x" * 250)
        write_bytes(path, b"1")
        assert path.read_bytes() == b"1"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none() | st.booleans()))
def test_json_survives(tmp_path: Path, document: dict[str, object]) -> None:
    path = tmp_path / "a.json"
    try:
        write_json(path, document)
    except UnicodeEncodeError:  # a lone surrogate is no text
        return
    assert read_json(path, "file") == document


def test_json_is_readable_and_refuses_what_json_lacks(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"名": "陈皮"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "名": "陈皮"\n}\n'
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="JSON"):
            write_json(tmp_path / "b.json", {"a": value})
    assert not (tmp_path / "b.json").exists()


def test_a_bad_json_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(InputError, match=f"no record at {path}"):
        read_json(path, "record")
    for content, message in ((b"{", "not a readable record"), (b"\xff", "is no text in UTF-8")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_json(path, "record")


class TestWholeFolder:
    def fill(self, path: Path, content: str, **options: object) -> None:
        with whole_folder(path, **options) as folder:  # type: ignore[arg-type]
            write_text(folder / "sub" / "a.txt", content)
            write_text(folder / "marker", "")

    def test_it_appears_whole(self, tmp_path: Path) -> None:
        target = tmp_path / "deep" / "out"
        with whole_folder(target) as folder:
            write_text(folder / "sub" / "a.txt", "1")
            assert not target.exists()
            assert folder.parent == target.parent
        assert (target / "sub" / "a.txt").read_text() == "1"
        assert list(target.parent.iterdir()) == [target]
        assert stat.S_IMODE(target.stat().st_mode) & 0o700 == 0o700

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
    @pytest.mark.parametrize("overwrite", [False, True])
    def test_after_an_error_it_is_absent_or_as_it_was(self, error, overwrite, tmp_path) -> None:
        target = tmp_path / "out"
        if overwrite:
            self.fill(target, "old")
        with pytest.raises(error):
            fill_half(target, error, overwrite)
        if overwrite:
            assert (target / "sub" / "a.txt").read_text() == "old"
            assert not (target / "b.txt").exists()
        assert list(tmp_path.iterdir()) == ([target] if overwrite else [])

    def test_what_exists_is_replaced_only_when_told(self, tmp_path: Path) -> None:
        target = tmp_path / "out"
        self.fill(target, "old")
        with pytest.raises(InputError, match="exists already"):
            self.fill(target, "new")
        assert (target / "sub" / "a.txt").read_text() == "old"
        write_text(target / "more.txt", "old")
        self.fill(target, "new", overwrite=True)
        assert (target / "sub" / "a.txt").read_text() == "new"
        assert not (target / "more.txt").exists()
        assert list(tmp_path.iterdir()) == [target]

    def test_a_folder_of_something_else_is_never_replaced(self, tmp_path: Path) -> None:
        photos = tmp_path / "photos"
        write_text(photos / "mine.jpg", "precious")
        with pytest.raises(InputError, match="holds something else"):
            self.fill(photos, "new", overwrite=True, marker="marker")
        assert (photos / "mine.jpg").read_text() == "precious"
        empty = tmp_path / "empty"
        empty.mkdir()
        self.fill(empty, "new", overwrite=True, marker="marker")
        self.fill(empty, "newer", overwrite=True, marker="marker")
        assert (empty / "sub" / "a.txt").read_text() == "newer"

    def test_a_file_is_never_replaced_by_a_folder(self, tmp_path: Path) -> None:
        write_text(tmp_path / "out", "a file")
        with pytest.raises(InputError, match="is a file"):
            self.fill(tmp_path / "out", "new", overwrite=True)
        assert (tmp_path / "out").read_text() == "a file"

    def test_if_the_last_rename_fails_the_old_folder_stands(self, tmp_path, monkeypatch) -> None:
        target = tmp_path / "out"
        self.fill(target, "old")
        rename = Path.replace

        def failing(self: Path, to: Path) -> Path:
            if Path(to) == target and self.name.startswith(".out."):
                raise OSError(errno.EIO, "rename failed")
            return rename(self, to)

        monkeypatch.setattr(Path, "replace", failing)
        with pytest.raises(OSError, match="rename failed"):
            self.fill(target, "new", overwrite=True)
        assert (target / "sub" / "a.txt").read_text() == "old"
        assert list(tmp_path.iterdir()) == [target]

    def test_relative_places_and_the_folder_one_stands_in(self, tmp_path, monkeypatch) -> None:
        monkeypatch.chdir(tmp_path)
        self.fill(Path("out"), "1")
        assert (tmp_path / "out" / "sub" / "a.txt").read_text() == "1"
