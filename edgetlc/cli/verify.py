"""`edgetlc verify`: the verdict per camera, for every model on every engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from edgetlc.cli.commands import need_toolchain
from edgetlc.cli.console import Answer, Results, left_out, note
from edgetlc.cli.options import BundleArgument, Data, DeviceFolder, PartName, load_part
from edgetlc.cli.verification_view import EXIT_CODE, rows_of, show_verification
from edgetlc.config import option
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.outputs import Target, check_outputs
from edgetlc.parity.judgement import VerificationConfig
from edgetlc.parity.verify import CollectionConfig

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
            "reference": self.reference and _reference(self.reference, bundle),
            "candidates": default_candidates(bundle, self.models, self.engine),
        }


@dataclass(frozen=True)
class Outputs:
    """What is made of a verdict beside the answer on the terminal."""

    report: Path | None = option(None, _("Also write an HTML page that opens offline."))
    junit: Path | None = option(None, _("Also write JUnit XML: a test case per camera and model."))
    record: bool = option(False, _("Leave the verdicts in the bundle; 'predict' shows them."))
    results: Results = field(default_factory=Results)
    overwrite: bool = option(False, _("Replace what is there already."))

    def check(
        self, bundle: Bundle, inputs: Iterable[Path | None], answers: Path | None = None
    ) -> None:
        """Refuse before the work what cannot be done after it; `inputs` are those but the bundle.

        A folder of answers tells itself whether it can be gone on with.
        """
        from edgetlc.parity.reports import check_recordable
        from edgetlc.runtime.verification import VERIFICATION_FILE

        files = (self.report, self.junit, self.results.results_file)
        outputs = [Target(file, replace=self.overwrite) for file in files]
        outputs.append(Target(answers, "folder", replace=True))
        check_outputs(outputs, [bundle.path, *inputs])
        if self.record:
            check_recordable(bundle)
            check_outputs([Target(bundle.path / VERIFICATION_FILE, replace=True)])

    def concluded(self, found: Verification, bundle: Bundle, devices: Path | None) -> Answer:
        """Return the answer and what it writes; `devices` names cameras of the user's own, too."""
        left_out(found.unreadable)
        document = found.to_json()

        def show() -> None:
            show_verification(found)

        def write() -> None:
            self._write(found, document, bundle, devices)

        return Answer(document, show, EXIT_CODE[found.verdict], write)

    def _write(
        self, found: Verification, document: Any, bundle: Bundle, devices: Path | None
    ) -> None:
        if self.report is not None:
            from edgetlc.devices.profiles import Cameras
            from edgetlc.pages.verification import write_page

            write_page(self.report, found, bundle, Cameras.load(devices))
        if self.junit is not None:
            from edgetlc.parity.junit import write_junit

            write_junit(self.junit, found)
        self.results.write(document, rows_of(found))
        if self.record:  # last: what it refuses costs no other file
            from edgetlc.parity.reports import record

            note("recorded in {file}", file=record(bundle, found))


def verify(
    bundle: BundleArgument,
    data: Data,
    asked: Asked,
    config: VerificationConfig,
    collection: Annotated[CollectionConfig, "--shard"],
    outputs: Outputs,
    answers: Path | None = option(
        None,
        _("Keep every answer in this folder, for 'answers judge' and --resume."),
        metavar="FOLDER",
    ),
    devices: DeviceFolder = None,
) -> Answer:
    """Prove per camera that compressed models answer like the float one, or refuse to say so.

    Exit code 0: all cameras pass; 1: one fails; 3: not enough photos to tell.

    Example: edgetlc verify herbs.bundle --reference runs/herbs --data split.csv
    """
    from edgetlc.parity.verify import verify as compare
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    photos = load_part(data, asked.part, devices)
    outputs.check(opened, [data, devices, asked.reference, *photos.files], answers)
    how = asked.opened(opened)
    config = with_cameras(config, devices)
    found = compare(opened, photos, config=config, collection=collection, folder=answers, **how)
    return outputs.concluded(found, opened, devices)


def with_cameras(config: VerificationConfig, devices: Path | None) -> VerificationConfig:
    """Return the configuration with the cameras that should be covered: the standard's."""
    from edgetlc.devices.profiles import Cameras

    listed = (camera.id for camera in Cameras.load(devices) if camera.number is not None)
    return replace(config, cameras=tuple(listed))


def _reference(run: Path, bundle: Bundle) -> Any:
    """Return a run's float network, refusing one whose answers cannot be those of the bundle."""
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
