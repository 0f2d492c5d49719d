"""`edgetlc bundle`: look into a bundle, check it, pack it, make the phone app or a wheelhouse."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgetlc.cli.commands import Commands
from edgetlc.cli.console import Answer, numbers, say, table
from edgetlc.cli.options import BundleArgument, DeviceFolder, Output, OutputFile, Overwrite
from edgetlc.config import option
from edgetlc.locale import Message, _, n_, p_
from edgetlc.outputs import Target, check_outputs

if TYPE_CHECKING:
    from edgetlc.export.web_app import WebApp
    from edgetlc.export.wheelhouse import Wheelhouse
    from edgetlc.runtime.bundle import Bundle
    from edgetlc.runtime.policy import ShownRate
    from edgetlc.runtime.schema import BundleManifest

app = Commands(
    _("Bundles: look into one, check it, pack it, make the phone app or an installation.")
)


@app.command()
def inspect(bundle: BundleArgument) -> Answer:
    """Show what a bundle holds: classes, models, where it comes from.

    Example: edgetlc bundle inspect herbs.bundle
    """
    from edgetlc.runtime.bundle import Bundle

    return described(Bundle.open(bundle))


@app.command()
def check(bundle: BundleArgument) -> Answer:
    """Read every file of a bundle and compare it with its digest.

    Example: edgetlc bundle check herbs.bundle
    """
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    unlisted, digest, count = opened.check(), opened.digest, len(opened.manifest.files)

    def show() -> None:
        say(
            n_(
                "{count} file as it was written; digest {digest}",
                "{count} files as they were written; digest {digest}",
                count=count,
                digest=digest,
            )
        )
        for name in unlisted:
            say("not part of the bundle, never read: {name}", name=name)

    return Answer({"digest": digest, "files": count, "unlisted": list(unlisted)}, show)


@app.command()
def pack(bundle: BundleArgument, output: OutputFile, overwrite: Overwrite = False) -> Answer:
    """Write a bundle as one .etlc file, which every command takes like the folder.

    Example: edgetlc bundle pack herbs.bundle -o herbs.etlc
    """
    from edgetlc.runtime.archive import pack as write_archive
    from edgetlc.runtime.bundle import Bundle

    check_outputs([Target(output, replace=overwrite)], [bundle])
    opened = Bundle.open(bundle)
    path = write_archive(opened, output, overwrite=overwrite)
    size = path.stat().st_size
    document = {"file": str(path), "bytes": size, "digest": opened.digest}
    return Answer(document, lambda: say("{path}: {size:.1f} MB", path=path, size=size / 1e6))


@app.command()
def web(
    bundle: BundleArgument,
    output: Output,
    model: str | None = option(None, _("Model of the bundle, ort or onnx. Default: int8.")),
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
) -> Answer:
    """Write a bundle as an app for phones: one file, and a folder to install from a web host.

    Example: edgetlc bundle web herbs.bundle -o herbs.web
    """
    from edgetlc.export.web_app import SINGLE_FILE
    from edgetlc.runtime.bundle import Bundle

    check_outputs([Target(output, "folder", overwrite, SINGLE_FILE)], [bundle, devices])
    made = make_web_app(Bundle.open(bundle), output, model, devices, overwrite=overwrite)

    def show() -> None:
        file, size = made.single_file, made.single_file_bytes / 1e6
        say("{model} of the bundle {bundle}", model=made.model, bundle=made.bundle)
        say("{path}: {size:.1f} MB, opens on a phone as it is", path=file, size=size)
        size = made.app_bytes / 1e6
        say("{path}: {size:.1f} MB, to install from a web host", path=made.app, size=size)

    return Answer(asdict(made), show)


def make_web_app(
    bundle: Bundle, output: Path, model: str | None, devices: Path | None, *, overwrite: bool
) -> WebApp:
    """Write a bundle as an app for phones."""
    from edgetlc.devices.profiles import Cameras
    from edgetlc.export.web_app import write_web_app

    cameras = Cameras.load(devices)
    return write_web_app(bundle, output, model=model, cameras=cameras, overwrite=overwrite)


@app.command()
def wheelhouse(
    bundle: BundleArgument,
    output: Output,
    platform: Annotated[
        Literal["x86_64", "aarch64"],
        typer.Option("--platform", help=_("The board's processor; it runs Linux.")),
    ],
    python: Annotated[
        Literal["3.11", "3.12", "3.13", "3.14"],
        typer.Option("--python", help=_("The board's Python.")),
    ],
    extra: tuple[str, ...] = option((), _("openvino or heic; may be given more than once.")),
    wheel: Path | None = option(
        None, _("edgetlc's own wheel. Default: built from the sources installed here.")
    ),
    overwrite: Overwrite = False,
) -> Answer:
    """Prepare a folder from which a board without internet installs edgetlc and a bundle.

    It uses the network: it calls pip, as pip is configured here, to fetch the
    packages in the versions installed here. On the board: sh install.sh.

    Example: edgetlc bundle wheelhouse herbs.etlc -o usb --platform aarch64 --python 3.11
    """
    from edgetlc.export import wheels
    from edgetlc.export.wheelhouse import RECORD_FILE, make_wheelhouse
    from edgetlc.runtime.bundle import Bundle

    check_outputs([Target(output, "folder", overwrite, RECORD_FILE)], [bundle, wheel])
    how: Any = {"extras": extra, "wheel": wheel, "overwrite": overwrite}
    made = make_wheelhouse(Bundle.open(bundle), output, wheels.Target(platform, python), **how)
    document = {"folder": str(output), **asdict(made)}
    return Answer(document, lambda: _show_wheelhouse(made, output))


def _show_wheelhouse(made: Wheelhouse, output: Path) -> None:
    rows = ((p.name, p.version, f"{p.bytes / 1e6:.1f}") for p in made.packages)
    title = _("Packages in {folder}", folder=output)
    table(title, (_("package"), _("version"), *numbers("MB")), rows)
    say(
        n_(
            "{folder}: {count} package and {bundle}, {size:.1f} MB",
            "{folder}: {count} packages and {bundle}, {size:.1f} MB",
            count=len(made.packages),
            folder=output,
            bundle=made.bundle,
            size=made.bytes / 1e6,
        )
    )
    say(
        "for Linux {machine} with Python {python} and glibc {glibc} or newer",
        machine=made.machine,
        python=made.python,
        glibc=made.glibc,
    )
    say("on the board, in that folder: sh install.sh")


def described(bundle: Bundle) -> Answer:
    """Return a bundle's path, digest and `bundle.json`, to be told."""
    manifest = bundle.manifest.to_json()
    document = {"path": str(bundle.path), "digest": bundle.digest, "manifest": manifest}
    return Answer(document, lambda: _show(bundle))


def _show(bundle: Bundle) -> None:
    from edgetlc.results.wording import ROLE_NAMES

    manifest, contract = bundle.manifest, bundle.manifest.contract
    rows = (
        (m.id, ", ".join(m.engines), f"{sum(manifest.files[f].bytes for f in m.files) / 1e6:.1f}")
        for m in manifest.models
    )
    title = _("Models of {path}", path=bundle.path)
    table(title, (_("model"), _("engines"), *numbers("MB")), rows)
    classes = ((c.name, c.zh, c.en, ROLE_NAMES.get(c.role, c.role)) for c in manifest.classes)
    table(_("Classes"), (_("class"), "中文", "English", _("role")), classes)
    _show_policies(manifest)
    say(
        "pixels: contract {version}, {side} x {side}, {geometry}",
        version=contract.version,
        side=contract.size,
        geometry=contract.geometry,
    )
    if manifest.provenance.get("training", {}).get("data", {}).get("simulated"):
        say("trained on SIMULATED photos, at least in part")
    say("written {time} by edgetlc {version}", time=manifest.created, version=manifest.edgetlc)
    say("digest {digest}", digest=bundle.digest)


def _show_policies(manifest: BundleManifest) -> None:
    rows = (
        (
            *(precision, f"{policy.reject_below:.2%}", f"{policy.needed('genuine'):.2%}"),
            *(_shown(policy.wrong), _shown(policy.false_genuine)),
        )
        for precision, policy in manifest.decision.items()
    )
    figures = numbers(_("not sure below"), _("genuine from"))
    table(
        _("When an answer counts, and what validation photos show"),
        (p_("number format", "precision"), *figures, _("wrong answers"), _("false genuine")),
        rows,
    )
    say(
        "These photos also chose the network's epoch, which flatters it: rates on the test part "
        "('edgetlc verify') are the ones to rely on."
    )


def _shown(rate: ShownRate | None) -> Message | None:
    if rate is None:
        return None
    facts = {
        "errors": rate.errors,
        "photos": rate.photos,
        "most": rate.at_most,
        "asked": rate.asked,
    }
    if rate.holds:
        return _(
            "{errors} of {photos}, at most {most:.1%}; within the {asked:.1%} asked for", **facts
        )
    return _(
        "{errors} of {photos}, at most {most:.1%}; NOT SHOWN: the {asked:.1%} asked for", **facts
    )
