"""Packing a bundle into one `.etlc` file: a zip of its folder that every command takes as it is."""

from __future__ import annotations

import zipfile
from pathlib import Path

from edgetlc.errors import InputError
from edgetlc.runtime.bundle import ARCHIVE_SUFFIX, BUNDLE_FILE, Bundle


def pack(bundle: Bundle, output: Path, *, overwrite: bool = False) -> Path:
    """Write a bundle as one `.etlc` file, whole or not at all.

    Models hardly shrink, so nothing is compressed. Every file is checked on the way, and entries
    carry no time, so equal bundles give equal files.

    Raises:
        InputError: another suffix, or the file exists and `overwrite` is false.
        BundleError: the bundle is damaged.
    """
    if output.suffix != ARCHIVE_SUFFIX:
        raise InputError(f"{output}: a packed bundle's name ends in {ARCHIVE_SUFFIX}")
    if output.exists() and not overwrite:
        raise InputError(f"{output} exists already; choose another name or pass --overwrite")
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.part")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name in (BUNDLE_FILE, *bundle.manifest.files):
                archive.writestr(zipfile.ZipInfo(name), bundle.content(name))
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return output
