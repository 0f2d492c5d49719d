"""Packing a bundle into one `.etlc` file: a zip of its folder that every command takes as it is."""

from __future__ import annotations

import zipfile
from pathlib import Path

from edgetlc.errors import InputError
from edgetlc.files import whole_file
from edgetlc.outputs import refuse_existing
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
        raise InputError(
            "{output}: a packed bundle's name ends in {suffix}",
            output=output,
            suffix=ARCHIVE_SUFFIX,
        )
    refuse_existing(output, overwrite)
    with whole_file(output) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in (BUNDLE_FILE, *bundle.manifest.files):
            archive.writestr(_entry(name), bundle.content(name))
        for name in bundle.reports():
            archive.writestr(_entry(name), bundle.report(name) or b"")
    return output


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry that is the same on every system and readable once unpacked."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix, so that the permissions below count
    entry.external_attr = 0o644 << 16
    return entry
