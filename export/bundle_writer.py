"""Writing bundles: everything is prepared, then the folder appears whole, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from edgetlc.files import whole_folder, write_bytes, write_json
from edgetlc.runtime.bundle import BUNDLE_FILE, Bundle
from edgetlc.runtime.schema import BundleManifest, FileRecord


def write_bundle(
    output: Path,
    manifest: BundleManifest,
    files: Mapping[str, bytes],
    *,
    overwrite: bool = False,
) -> Bundle:
    """Write a bundle folder and open it again.

    Args:
        output: the folder.
        manifest: its `files` are filled in here.
        files: content by name.
        overwrite: replace the bundle that is there.

    Raises:
        InputError: the folder exists and `overwrite` is false, or it holds no bundle.
    """
    records = {
        name: FileRecord(len(content), hashlib.sha256(content).hexdigest())
        for name, content in sorted(files.items())
    }
    with whole_folder(output, overwrite=overwrite, marker=BUNDLE_FILE) as folder:
        for name, content in files.items():
            write_bytes(folder / name, content)
        write_json(folder / BUNDLE_FILE, replace(manifest, files=records).to_json())
        Bundle.open(folder).check()
    return Bundle.open(output)
