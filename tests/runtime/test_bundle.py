from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgetlc.errors import BundleError, InputError
from edgetlc.runtime.archive import pack
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.schema import BundleManifest

FILES = (
    "golden/00.jpg",
    "golden/00.png",
    "golden/golden.json",
    "model.fp32.onnx",
)


@pytest.fixture
def copy(small_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_bundle, tmp_path / "copy.bundle"))


@pytest.fixture
def packed(small_bundle: Path, tmp_path: Path) -> Path:
    return pack(Bundle.open(small_bundle), tmp_path / "colours.etlc")


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the document of `bundle.json`."""
    path = folder / "bundle.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_a_folder_and_its_etlc_file_are_the_same_bundle(small_bundle: Path, packed: Path) -> None:
    folder, archive = Bundle.open(small_bundle), Bundle.open(packed)
    assert archive.manifest == folder.manifest
    assert archive.digest == folder.digest
    assert archive.digest == hashlib.sha256((small_bundle / "bundle.json").read_bytes()).hexdigest()
    assert folder.check() == archive.check() == ()
    assert set(FILES) <= set(folder.manifest.files)
    for name in folder.manifest.files:
        assert archive.read(name) == folder.read(name) == (small_bundle / name).read_bytes()


def test_the_manifest_survives_json(small_bundle: Path) -> None:
    manifest = Bundle.open(small_bundle).manifest
    content = json.dumps(manifest.to_json()).encode()
    assert BundleManifest.parse(content) == manifest


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0, -1])
def test_one_byte_changed_is_found(name: str, place: int, copy: Path) -> None:
    content = bytearray((copy / name).read_bytes())
    content[place] ^= 1
    (copy / name).write_bytes(content)
    bundle = Bundle.open(copy)
    with pytest.raises(BundleError, match=f"{name} was changed after the bundle"):
        bundle.read(name)
    with pytest.raises(BundleError, match="was changed"):
        bundle.check()
    with pytest.raises(BundleError, match="was changed"):
        pack(bundle, copy.with_suffix(".etlc"))
    assert not copy.with_suffix(".etlc").exists()


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: b""])
def test_another_length_is_found(change: Callable[[bytes], bytes], copy: Path) -> None:
    path = copy / "model.fp32.onnx"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BundleError, match="was changed"):
        Bundle.open(copy).read(path.name)


@pytest.mark.parametrize("command", [["bundle", "check"], ["predict"], ["selftest"]])
def test_a_changed_model_ends_every_command_with_exit_code_2(
    command: list[str], copy: Path
) -> None:
    path = copy / "model.fp32.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    photo = [str(copy / "golden/00.jpg")] if command == ["predict"] else []
    done = subprocess.run(
        [sys.executable, "-m", "edgetlc", *command, str(copy), *photo],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "model.fp32.onnx was changed after the bundle" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize("name", [*FILES, "bundle.json"])
def test_a_missing_file_is_found(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(BundleError, match=f"not a whole bundle: {name} is missing"):
        Bundle.open(copy).check()


def test_a_folder_in_a_file_s_place_is_found(copy: Path) -> None:
    (copy / "model.fp32.onnx").unlink()
    (copy / "model.fp32.onnx").mkdir()
    with pytest.raises(BundleError, match="not a readable bundle"):
        Bundle.open(copy).check()


@pytest.mark.parametrize(
    "name",
    [
        "../model.onnx",
        "/etc/passwd",
        "golden/../../x",
        "golden\\00.jpg",
        "C:/x",
        "C:x",
        "..",
        ".",
        "",
        "golden//00.jpg",
        "golden/",
        ".hidden",
        "-o",
        "a b",
        "a\n",
        "a\0b",
        "ä",
        "https://example.org/x",
    ],
)
def test_unsafe_names_are_refused(name: str, copy: Path) -> None:
    record = {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    rewrite(copy, lambda document: document["files"].update({name: record}))
    with pytest.raises(BundleError, match=r"a name in files is .*; it takes letters, digits"):
        Bundle.open(copy)


def setting(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (setting("schema", to=2), "schema 2 is not known here (known: 1); install"),
        (setting("schema", to="1"), "schema '1' is not known"),
        (lambda d: d.pop("schema"), "not valid"),
        (lambda d: d.pop("classes"), "classes is missing"),
        (setting("colour", to="red"), "colour"),
        (setting("classes", to=[]), "fewer than two classes"),
        (lambda d: d["classes"].append(d["classes"][0]), "one of them twice"),
        (setting("classes", 0, "role", to="good"), "classes[0].role is 'good'; use genuine"),
        (setting("classes", 0, "zh", to=5), "classes[0].zh is 5; it takes a text"),
        (setting("classes", 0, "note", to="x"), "unknown setting 'classes[0].note'"),
        (setting("contract", "version", to=9), "pixel contract 9"),
        (setting("contract", "size", to=16), "input size is 16"),
        (setting("decision", "fp32", "reject_below", to=1.5), "reject_below is 1.5"),
        (setting("decision", "fp32", "genuine_below", to=-1), "genuine_below is -1"),
        (
            setting("decision", "fp32", "reject_below", to="x"),
            "reject_below is 'x'; it takes a number",
        ),
        (setting("decision", "fp32", "temperature", to=0), "temperature is 0"),
        (setting("decision", "fp32", "wrong", to={"asked": 0.05}), "wrong.photos is missing"),
        (setting("decision", "fp32", "mood", to="good"), "mood"),
        (lambda d: d["decision"].pop("fp32"), "no decision policy for fp32"),
        (setting("models", to=[]), "no model"),
        (lambda d: d["models"].append(d["models"][0]), "two by one id"),
        (setting("models", 0, "files", to=["other.onnx"]), "without its files"),
        (setting("models", 0, "files", to=[]), "without its files"),
        (setting("models", 0, "engines", to=[]), "without its files"),
        (setting("models", 0, "format", to="tflite"), "models[0].format is 'tflite'; use onnx"),
        (
            setting("models", 0, "precision", to="fp16"),
            "models[0].precision is 'fp16'; use fp32, int8",
        ),
        (setting("files", "model.fp32.onnx", "bytes", to="12"), "bytes is '12'; it takes a whole"),
        (setting("files", "model.fp32.onnx", "bytes", to=12.5), "bytes is 12.5; it takes a whole"),
        (setting("files", "model.fp32.onnx", "bytes", to=-1), "bytes is -1; it takes 0 or more"),
        (setting("files", "model.fp32.onnx", "sha256", to="0" * 63), "64 hexadecimal digits"),
        (setting("files", "model.fp32.onnx", "sha256", to=5), "sha256 is 5; it takes a text"),
        (setting("files", to=[]), "files is []; it takes a table"),
        (setting("provenance", to=[]), "provenance"),
    ],
)
def test_a_manifest_that_breaks_the_schema_is_refused(change, reason, copy: Path) -> None:
    rewrite(copy, change)
    with pytest.raises(BundleError) as caught:
        Bundle.open(copy)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match=r"bundle\.json is not valid"):
        BundleManifest.parse(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=JSON)
def test_any_value_anywhere_is_accepted_or_refused(data, value, small_bundle: Path) -> None:
    document = json.loads((small_bundle / "bundle.json").read_text(encoding="utf-8"))
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = value
    try:
        manifest = BundleManifest.parse(json.dumps(document).encode())
    except BundleError:  # anything else would fail the test
        return
    assert len(manifest.classes) >= 2
    assert all(set(model.files) <= set(manifest.files) for model in manifest.models)


def test_files_that_are_not_listed_are_reported_and_never_read(copy: Path) -> None:
    (copy / "golden/extra.txt").write_text("hello")
    (copy / "run.sh").write_text("echo hello")
    bundle = Bundle.open(copy)
    assert bundle.check() == ("golden/extra.txt", "run.sh")
    with pytest.raises(BundleError, match=r"run\.sh is not part of the bundle"):
        bundle.read("run.sh")
    again = pack(bundle, copy.with_suffix(".etlc"))
    assert "run.sh" not in zipfile.ZipFile(again).namelist()


def test_nothing_there_or_something_else(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle at"):
        Bundle.open(tmp_path / "none")
    with pytest.raises(BundleError, match=r"bundle\.json is missing"):
        Bundle.open(tmp_path)
    other = tmp_path / "other.etlc"
    other.write_text("no zip")
    with pytest.raises(BundleError, match="not a readable bundle"):
        Bundle.open(other)
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BundleError, match=r"bundle\.json is missing"):
        Bundle.open(other)


def test_a_model_is_chosen_by_id_or_int8_onnx_first(small_bundle: Path) -> None:
    bundle = Bundle.open(small_bundle)
    (model,) = bundle.manifest.models
    assert bundle.model() == bundle.model("onnx-fp32") == model
    with pytest.raises(InputError, match="no model 'onnx-int8'; it has onnx-fp32"):
        bundle.model("onnx-int8")
    ids = [("openvino", "int8"), ("onnx", "fp32"), ("onnx", "int8"), ("ort", "int8")]
    models = tuple(
        replace(model, id=f"{format_}-{precision}", format=format_, precision=precision)
        for format_, precision in ids
    )
    more = replace(bundle, manifest=replace(bundle.manifest, models=models))
    assert more.model().id == "onnx-int8"


def test_an_engine_that_does_not_run_the_model_is_refused(small_bundle: Path) -> None:
    bundle = Bundle.open(small_bundle)
    with pytest.raises(InputError, match="onnx-fp32 runs on onnxruntime, openvino, not on tflite"):
        bundle.load(bundle.model(), "tflite")


class TestArchive:
    def test_packing_is_deterministic(self, small_bundle: Path, tmp_path: Path) -> None:
        bundle = Bundle.open(small_bundle)
        first, second = (pack(bundle, tmp_path / name) for name in ("a.etlc", "b.etlc"))
        assert first.read_bytes() == second.read_bytes()
        assert pack(Bundle.open(first), tmp_path / "c.etlc").read_bytes() == first.read_bytes()

    def test_unpacked_it_is_the_folder_again(self, packed: Path, tmp_path: Path) -> None:
        if shutil.which("unzip"):
            subprocess.run(["unzip", "-q", str(packed), "-d", str(tmp_path / "out")], check=True)
            modes = {
                p.stat().st_mode & 0o777 for p in (tmp_path / "out").rglob("*.*") if p.is_file()
            }
            assert modes == {0o644}
        else:
            zipfile.ZipFile(packed).extractall(tmp_path / "out")
        assert Bundle.open(tmp_path / "out").check() == ()

    def test_an_existing_file_is_replaced_only_when_told(
        self, small_bundle: Path, packed: Path
    ) -> None:
        bundle = Bundle.open(small_bundle)
        before = packed.read_bytes()
        with pytest.raises(InputError, match="exists already"):
            pack(bundle, packed)
        packed.write_bytes(b"old")
        pack(bundle, packed, overwrite=True)
        assert packed.read_bytes() == before
        with pytest.raises(InputError, match=r"ends in \.etlc"):
            pack(bundle, packed.with_suffix(".zip"))

    def test_a_failure_leaves_nothing(self, copy: Path, tmp_path: Path) -> None:
        bundle = Bundle.open(copy)
        (copy / "model.fp32.onnx").unlink()
        (tmp_path / "out").mkdir()
        with pytest.raises(BundleError):
            pack(bundle, tmp_path / "out" / "x.etlc")
        assert list((tmp_path / "out").iterdir()) == []

    def test_a_manifest_changed_meanwhile_is_found(self, copy: Path, tmp_path: Path) -> None:
        bundle = Bundle.open(copy)
        rewrite(copy, setting("created", to="yesterday"))
        with pytest.raises(BundleError, match="changed while it was open"):
            pack(bundle, tmp_path / "x.etlc")

    def test_one_made_by_another_zip_program_is_read(
        self, small_bundle: Path, tmp_path: Path
    ) -> None:
        made = Path(shutil.make_archive(str(tmp_path / "x"), "zip", small_bundle))
        archive = made.rename(tmp_path / "x.etlc")  # deflated, with entries for folders
        assert "golden/" in zipfile.ZipFile(archive).namelist()
        assert Bundle.open(archive).check() == ()

    @pytest.mark.parametrize("claimed", [10, 10**9])
    def test_a_lying_size_is_found(self, claimed: int, packed: Path, tmp_path: Path) -> None:
        """The sizes in the zip's own directory and local headers say something else."""
        data = bytearray(packed.read_bytes())
        name = b"model.fp32.onnx"
        for signature, sizes_at, name_at in ((b"PK\3\4", 18, 30), (b"PK\1\2", 20, 46)):
            start = data.find(signature)
            while data[start + name_at : start + name_at + len(name)] != name:
                start = data.find(signature, start + 1)
            data[start + sizes_at : start + sizes_at + 8] = struct.pack("<II", claimed, claimed)
        liar = tmp_path / "liar.etlc"
        liar.write_bytes(data)
        with pytest.raises(BundleError):
            Bundle.open(liar).check()

    def test_a_bomb_is_read_no_further_than_its_listed_size(
        self, copy: Path, tmp_path: Path
    ) -> None:
        bomb = tmp_path / "bomb.etlc"
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(copy.rglob("*")):
                name = path.relative_to(copy).as_posix()
                if path.is_file() and name != "model.fp32.onnx":
                    archive.write(path, name)
            with archive.open("model.fp32.onnx", "w") as stream:
                for _ in range(64):
                    stream.write(bytes(1 << 20))
        bundle = Bundle.open(bomb)
        tracemalloc.start()
        with pytest.raises(BundleError, match="was changed"):
            bundle.read("model.fp32.onnx")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20

    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8)
    )
    def test_changed_bytes_never_escape(
        self, changes: list[tuple[float, int]], packed: Path, tmp_path: Path
    ) -> None:
        data = bytearray(packed.read_bytes())
        directory = data.find(b"PK\1\2")
        for share, value in changes:  # half of them in the directory at the end
            low = directory if value % 2 else 0
            data[low + int(share * (len(data) - 1 - low))] = value
        changed = tmp_path / "changed.etlc"
        changed.write_bytes(data)
        good = Bundle.open(packed)
        try:
            bundle = Bundle.open(changed)
            bundle.check()
        except BundleError as error:
            assert "\n" not in str(error)  # noqa: PT017 - both ends are right
            return
        assert bundle.manifest.files == good.manifest.files


def test_a_huge_listed_size_is_refused_before_reading(copy: Path) -> None:
    rewrite(copy, setting("files", "model.fp32.onnx", "bytes", to=3 * 1024**3))
    bundle = Bundle.open(copy)
    with pytest.raises(BundleError, match="2147483648 are allowed"):
        bundle.read("model.fp32.onnx")
