"""What `edgetlc verify` and `edgetlc answers` share: whom to ask, and what becomes of a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from edgetlc.cli.console import answer, note, note_unreadable
from edgetlc.cli.options import PartName
from edgetlc.cli.results import Results
from edgetlc.cli.verification_view import EXIT_CODE, rows_of, show_verification
from edgetlc.config import option
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.parity.judgement import VerificationConfig

if TYPE_CHECKING:
    from edgetlc.parity.verification import Verification
    from edgetlc.runtime.bundle import Bundle


@dataclass(frozen=True)
class Asked:
    """Which models answer which photos."""

    reference: Path | None = option(
        None,
        _("Run folder of the float network. Default: the bundle's fp32 ONNX model."),
        metavar="RUN",
    )
    part: PartName = option("test", _("Part to use."))
    models: tuple[str, ...] = option(
        (), _("Model to verify; repeat it. Default: all."), flag="--model"
    )
    engine: str | None = option(None, _("Only on this engine. Default: each engine installed."))

    def opened(self, bundle: Bundle) -> dict[str, Any]:
        """Return the reference and the candidates, as `edgetlc.parity.verify` takes them."""
        from edgetlc.parity.verify import default_candidates

        return {
            "reference": _reference(self.reference, bundle),
            "candidates": default_candidates(bundle, self.models, self.engine),
        }


@dataclass(frozen=True)
class Outputs:
    """What is made of a verdict beside the answer on the terminal."""

    report: Path | None = option(None, _("Also write an HTML page that opens offline."))
    junit: Path | None = option(None, _("Also write JUnit XML: a test case per camera and model."))
    record: bool = option(False, _("Leave the verdicts in the bundle; 'predict' shows them."))
    results: Results = field(default_factory=Results)

    def check(self, bundle: Bundle) -> None:
        """Refuse before the work what cannot be done after it."""
        from edgetlc.parity.reports import check_recordable

        if self.record:
            check_recordable(bundle)

    def write(self, found: Verification, bundle: Bundle, devices: Path | None = None) -> None:
        """Write what was asked for; cameras go by the names in the folder `devices`, too."""
        if self.record:
            from edgetlc.parity.reports import record

            note("recorded in {file}", file=record(bundle, found))
        if self.report is not None:
            from edgetlc.devices.profiles import Cameras
            from edgetlc.pages.verification import write_page

            write_page(self.report, found, bundle, Cameras.load(devices))
        if self.junit is not None:
            from edgetlc.parity.junit import write_junit

            write_junit(self.junit, found)
        self.results.write(found.to_json(), rows_of(found))


def with_cameras(config: VerificationConfig, devices: Path | None) -> VerificationConfig:
    """Return the configuration with the cameras that should be covered: the standard's."""
    from edgetlc.devices.profiles import Cameras

    listed = (camera.id for camera in Cameras.load(devices) if camera.number is not None)
    return replace(config, cameras=tuple(listed))


def conclude(
    found: Verification,
    bundle: Bundle,
    outputs: Outputs,
    devices: Path | None = None,
    *,
    as_json: bool,
) -> NoReturn:
    """Tell a verdict and exit with its code."""
    note_unreadable(found.unreadable)
    outputs.write(found, bundle, devices)
    answer(found.to_json(), lambda: show_verification(found), as_json=as_json)
    raise typer.Exit(EXIT_CODE[found.verdict])


def _reference(run: Path | None, bundle: Bundle) -> Any:
    """Return a run's float network, refusing one whose answers cannot be those of the bundle."""
    if run is None:
        return None
    from edgetlc.cli.toolchain import need_toolchain

    need_toolchain("verify --reference")
    from edgetlc.models.checkpoint import load_checkpoint
    from edgetlc.models.reference import ReferenceModel

    checkpoint, manifest = load_checkpoint(run), bundle.manifest
    names = [info.name for info in checkpoint.classes]
    known = [info.name for info in manifest.classes]
    if names != known or checkpoint.contract != manifest.contract:
        raise InputError(
            "{run} was trained on {names} at {size} pixels, the bundle on {known} at "
            "{bundle_size}; pass the bundle's own run",
            run=run,
            names=", ".join(names),
            size=checkpoint.contract.size,
            known=", ".join(known),
            bundle_size=manifest.contract.size,
        )
    return ReferenceModel(checkpoint, threads=1)
