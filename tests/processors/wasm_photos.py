"""Lays out for wasm.mjs: the model, every photo's pixels after the host step, and what it reports.

python wasm_photos.py BUNDLE MODEL PHOTOS FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from edgetlc.cli.options import photo_files
from edgetlc.errors import EdgetlcError, ImageError
from edgetlc.files import sha256_file
from edgetlc.results.records import KIND, SCHEMA
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.pixels import decode_or_reason


def lay_out(bundle: Bundle, model: str, photos: Path, folder: Path) -> None:
    """Write `model`, `0.rgb`, `1.rgb`, … (uint8, rows of pixels) and `job.json`."""
    manifest = bundle.manifest
    (folder / "model").write_bytes(bundle.read(bundle.model(model).files[0]))
    entries = []
    for path in photo_files([photos]):
        decoded = decode_or_reason(path, manifest.contract.size)
        if isinstance(decoded, ImageError):
            continue
        (folder / f"{len(entries)}.rgb").write_bytes(decoded.pixels.tobytes())
        entries.append({"sha256": sha256_file(path), "shape": [1, *decoded.pixels.shape]})
    job = {
        "report": {"kind": KIND, "schema": SCHEMA, "bundle": bundle.digest, "model": model},
        "classes": [info.name for info in manifest.classes],
        "photos": entries,
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")


if __name__ == "__main__":
    try:
        lay_out(Bundle.open(Path(sys.argv[1])), sys.argv[2], *map(Path, sys.argv[3:5]))
    except EdgetlcError as error:
        sys.exit(str(error))
