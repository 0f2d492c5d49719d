"""`edgetlc export --require-verified`: a bundle that passes its verification, or none."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from edgetlc.data.photos import PhotoSet
from edgetlc.export.export_run import export_run
from edgetlc.files import whole_folder
from edgetlc.models.checkpoint import load_checkpoint
from edgetlc.models.reference import ReferenceModel
from edgetlc.outputs import refuse_existing
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.reports import record
from edgetlc.parity.verification import Verification
from edgetlc.parity.verify import verify
from edgetlc.runtime.bundle import BUNDLE_FILE, Bundle


def export_verified(
    run: Path,
    photos: PhotoSet,
    output: Path,
    *,
    config: VerificationConfig | None = None,
    overwrite: bool = False,
    **how: Any,
) -> tuple[Verification, Bundle | None]:
    """Export a run, verify every model on the test part, and keep the bundle only if it passes.

    Returns the verification and the bundle, which carries it, or None where it does not pass. `how`
    are further arguments of `export_run`.

    Raises:
        InputError: as `export_run` and `verify` do.
    """
    refuse_existing(output, overwrite)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name[:50]}.") as scratch:
        bundle = export_run(run, photos, Path(scratch) / "bundle", **how)
        verification = verify(
            bundle,
            photos.part("test"),
            reference=ReferenceModel(load_checkpoint(run), threads=1),
            config=config,
        )
        if verification.verdict != "PASS":
            return verification, None
        record(bundle, verification)
        with whole_folder(output, overwrite=overwrite, marker=BUNDLE_FILE) as folder:
            shutil.copytree(bundle.path, folder, dirs_exist_ok=True)
    return verification, Bundle.open(output)
