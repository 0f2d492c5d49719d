"""Reports that travel: self-tests come in from machines, the verification goes into its bundle."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgetlc.errors import InputError
from edgetlc.files import read_json, write_json
from edgetlc.parity.verify import Verification
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.selftest import SelfTest
from edgetlc.runtime.verification import VERIFICATION_FILE


def read_selftests(paths: Iterable[Path], bundle: Bundle) -> tuple[SelfTest, ...]:
    """Return the self-tests that other machines made of this bundle.

    Raises:
        InputError: a file is missing, is no self-test report, or tells of another bundle.
    """
    return tuple(_read(path, bundle) for path in paths)


def _read(path: Path, bundle: Bundle) -> SelfTest:
    try:
        found = SelfTest.from_json(read_json(path, "self-test report"))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if found.bundle_digest != bundle.digest:
        raise InputError(
            f"{path} tells of the bundle {found.bundle_digest[:12]}…, {bundle.path} is "
            f"{bundle.digest[:12]}…; run 'edgetlc selftest' with this bundle"
        )
    return found


def check_recordable(bundle: Bundle) -> None:
    """Refuse a bundle that cannot take a verification, before the work and not after it.

    Raises:
        InputError: the bundle is one packed file.
    """
    if not bundle.path.is_dir():
        raise InputError(
            f"{bundle.path} is packed; record the verification in the bundle's folder and pack it "
            "again"
        )


def record(bundle: Bundle, verification: Verification) -> Path:
    """Leave a verification in its bundle, where the field runtime looks; replaces an older one.

    Raises:
        InputError: the bundle is one packed file.
    """
    check_recordable(bundle)
    path = bundle.path / VERIFICATION_FILE
    write_json(path, verification.to_json())
    return path
