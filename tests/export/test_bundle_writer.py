from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from edgetlc.errors import InputError
from edgetlc.export.bundle_writer import write_bundle
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.runtime.schema import BundleManifest, ModelRecord

FILES = {"model.fp32.onnx": b"model", "golden/golden.json": b"{}", "reports/a.txt": b""}
MANIFEST = BundleManifest(
    created="2026-01-01T00:00:00+00:00",
    edgetlc="0",
    classes=(ClassInfo("a", "甲", "A", "genuine"), ClassInfo("b", "乙", "B", "counterfeit")),
    contract=PixelContract(),
    decision={"fp32": DecisionPolicy(0.3), "int8": DecisionPolicy(0.3)},
    models=(ModelRecord("m", "onnx", "fp32", ("onnxruntime",), ("model.fp32.onnx",)),),
    provenance={"seed": 1, "cameras": {"iphone-11": 3}},
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "x.bundle", MANIFEST, FILES)
    assert bundle == Bundle.open(tmp_path / "x.bundle")
    manifest = bundle.manifest
    assert (manifest.classes, manifest.decision) == (MANIFEST.classes, MANIFEST.decision)
    assert manifest.provenance == MANIFEST.provenance
    assert list(manifest.files) == sorted(FILES)
    assert {name: bundle.read(name) for name in manifest.files} == FILES
    assert bundle.check() == ()
    text = (tmp_path / "x.bundle" / "bundle.json").read_text(encoding="utf-8")
    assert "甲" in text  # readable as it is


def test_equal_content_gives_equal_bundles(tmp_path: Path) -> None:
    first = write_bundle(tmp_path / "a", MANIFEST, FILES)
    second = write_bundle(tmp_path / "b", MANIFEST, dict(reversed(FILES.items())))
    assert first.digest == second.digest


class Failing(Mapping[str, bytes]):
    """Files of which the last cannot be had."""

    def __iter__(self) -> Iterator[str]:
        return iter(FILES)

    def __len__(self) -> int:
        return len(FILES)

    def __getitem__(self, name: str) -> bytes:
        return FILES[name]

    def items(self):  # type: ignore[no-untyped-def]
        for count, (name, content) in enumerate(FILES.items()):
            self.asked = getattr(self, "asked", 0) + 1
            if self.asked > len(FILES) and count == 2:
                raise OSError(28, "No space left on device")
            yield name, content


@pytest.mark.parametrize("there", [False, True])
def test_an_error_in_the_middle_leaves_nothing_or_the_old_bundle(there: bool, tmp_path) -> None:
    target = tmp_path / "x.bundle"
    before = write_bundle(target, MANIFEST, FILES).digest if there else None
    with pytest.raises(OSError, match="No space left"):
        write_bundle(target, MANIFEST, Failing(), overwrite=there)
    assert list(tmp_path.iterdir()) == ([target] if there else [])
    if there:
        bundle = Bundle.open(target)
        assert bundle.check() == ()
        assert bundle.digest == before


def test_a_bundle_that_cannot_be_read_back_is_never_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a name in files is .\.hidden"):
        write_bundle(tmp_path / "x.bundle", MANIFEST, {**FILES, ".hidden": b""})
    with pytest.raises(InputError, match="without its files"):
        write_bundle(tmp_path / "x.bundle", MANIFEST, {"golden/golden.json": b"{}"})
    assert list(tmp_path.iterdir()) == []


def test_only_a_bundle_is_replaced_and_only_when_told(tmp_path: Path) -> None:
    target = tmp_path / "x.bundle"
    write_bundle(target, MANIFEST, FILES)
    with pytest.raises(InputError, match="exists already"):
        write_bundle(target, MANIFEST, FILES)
    smaller = {"model.fp32.onnx": b"other"}
    assert list(write_bundle(target, MANIFEST, smaller, overwrite=True).manifest.files) == [
        *smaller
    ]
    assert not (target / "golden").exists()
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"photo")
    with pytest.raises(InputError, match="holds something else"):
        write_bundle(photos, MANIFEST, FILES, overwrite=True)
    assert (photos / "a.jpg").read_bytes() == b"photo"
