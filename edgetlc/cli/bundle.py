"""`edgetlc bundle`: look into a bundle, check it, pack it, make the phone app or a wheelhouse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgetlc.cli.console import DeviceFolder, Json, Verbose, answer, say, table
from edgetlc.cli.options import BundleArgument, Overwrite

if TYPE_CHECKING:
    from edgetlc.export.web_app import WebApp
    from edgetlc.export.wheelhouse import Wheelhouse
    from edgetlc.runtime.bundle import Bundle
    from edgetlc.runtime.policy import ShownRate
    from edgetlc.runtime.schema import BundleManifest

app = typer.Typer(
    help="Bundles: look into one, check it, pack it, make the phone app or an installation.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def inspect(bundle: BundleArgument, json_: Json = False, verbose: Verbose = False) -> None:
    """Show what a bundle holds: classes, models, where it comes from.

    Example: edgetlc bundle inspect herbs.bundle
    """
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    answer(describe(opened), lambda: show_bundle(opened), as_json=json_)


@app.command()
def check(bundle: BundleArgument, json_: Json = False, verbose: Verbose = False) -> None:
    """Read every file of a bundle and compare it with its digest.

    Example: edgetlc bundle check herbs.bundle
    """
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    unlisted = opened.check()

    def show() -> None:
        say(f"{len(opened.manifest.files)} files as they were written; digest {opened.digest}")
        for name in unlisted:
            say(f"not part of the bundle, never read: {name}")

    document = {
        "digest": opened.digest,
        "files": len(opened.manifest.files),
        "unlisted": list(unlisted),
    }
    answer(document, show, as_json=json_)


@app.command()
def pack(
    bundle: BundleArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .etlc file to write.")],
    overwrite: Overwrite = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write a bundle as one .etlc file, which every command takes like the folder.

    Example: edgetlc bundle pack herbs.bundle -o herbs.etlc
    """
    from edgetlc.runtime.archive import pack as write_archive
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    path = write_archive(opened, output, overwrite=overwrite)
    size = path.stat().st_size
    document = {"file": str(path), "bytes": size, "digest": opened.digest}
    answer(document, lambda: say(f"{path}: {size / 1e6:.1f} MB"), as_json=json_)


@app.command()
def web(
    bundle: BundleArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write.")],
    model: Annotated[
        str | None, typer.Option(help="Model of the bundle, ort or onnx. Default: int8.")
    ] = None,
    overwrite: Overwrite = False,
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write a bundle as an app for phones: one file, and a folder to install from a web host.

    Example: edgetlc bundle web herbs.bundle -o herbs.web
    """
    from edgetlc.runtime.bundle import Bundle

    made = make_web_app(
        Bundle.open(bundle), output, model=model, devices=devices, overwrite=overwrite
    )

    def show() -> None:
        say(f"{made.model} of the bundle {made.bundle}")
        say(f"{made.single_file}: {made.single_file_bytes / 1e6:.1f} MB, opens on a phone as it is")
        say(f"{made.app}: {made.app_bytes / 1e6:.1f} MB, to install from a web host")

    answer(made.to_json(), show, as_json=json_)


def make_web_app(
    bundle: Bundle,
    output: Path,
    *,
    model: str | None = None,
    devices: Path | None = None,
    overwrite: bool = False,
) -> WebApp:
    """Write a bundle as an app for phones."""
    from edgetlc.devices.profiles import Cameras
    from edgetlc.export.web_app import write_web_app

    cameras = Cameras.load(devices)
    return write_web_app(bundle, output, model=model, cameras=cameras, overwrite=overwrite)


@app.command()
def wheelhouse(
    bundle: BundleArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write.")],
    platform: Annotated[
        Literal["x86_64", "aarch64"], typer.Option(help="The board's processor; it runs Linux.")
    ],
    python: Annotated[
        Literal["3.11", "3.12", "3.13", "3.14"], typer.Option(help="The board's Python.")
    ],
    extra: Annotated[
        list[str] | None, typer.Option(help="openvino or heic; may be given more than once.")
    ] = None,
    wheel: Annotated[
        Path | None,
        typer.Option(help="edgetlc's own wheel. Default: built from the sources installed here."),
    ] = None,
    overwrite: Overwrite = False,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Prepare a folder from which a board without internet installs edgetlc and a bundle.

    The one command that uses the network: it calls pip, as pip is configured here, to fetch the
    packages in the versions installed here. On the board: sh install.sh.

    Example: edgetlc bundle wheelhouse herbs.etlc -o usb --platform aarch64 --python 3.11
    """
    from edgetlc.export.wheelhouse import make_wheelhouse
    from edgetlc.export.wheels import Target
    from edgetlc.runtime.bundle import Bundle

    target = Target(platform, python)
    made = make_wheelhouse(
        Bundle.open(bundle),
        output,
        target,
        extras=extra or (),
        wheel=wheel,
        overwrite=overwrite,
    )
    document = {"folder": str(output), **made.to_json()}
    answer(document, lambda: _show_wheelhouse(made, output), as_json=json_)


def _show_wheelhouse(made: Wheelhouse, output: Path) -> None:
    rows = ((p.name, p.version, f"{p.bytes / 1e6:.1f}") for p in made.packages)
    table(f"Packages in {output}", ("package", "version", "MB "), rows)
    say(f"{output}: {len(made.packages)} packages and {made.bundle}, {made.bytes / 1e6:.1f} MB")
    say(f"for Linux {made.machine} with Python {made.python} and glibc {made.glibc} or newer")
    say("on the board, in that folder: sh install.sh")


def describe(bundle: Bundle) -> dict[str, Any]:
    """Return a bundle's path, digest and `bundle.json`."""
    return {
        "path": str(bundle.path),
        "digest": bundle.digest,
        "manifest": bundle.manifest.to_json(),
    }


def show_bundle(bundle: Bundle) -> None:
    """Print what a bundle holds."""
    manifest = bundle.manifest
    rows = (
        (m.id, ", ".join(m.engines), f"{sum(manifest.files[f].bytes for f in m.files) / 1e6:.1f}")
        for m in manifest.models
    )
    table(f"Models of {bundle.path}", ("model", "engines", "MB "), rows)
    classes = ((info.name, info.zh, info.en, info.role) for info in manifest.classes)
    table("Classes", ("class", "中文", "English", "role"), classes)
    _show_policies(manifest)
    contract = manifest.contract
    side = contract.size
    say(f"pixels: contract {contract.version}, {side} x {side}, {contract.geometry}")
    if manifest.provenance.get("training", {}).get("data", {}).get("simulated"):
        say("trained on SIMULATED photos, at least in part")
    say(f"written {manifest.created} by edgetlc {manifest.edgetlc}")
    say(f"digest {bundle.digest}")


def _show_policies(manifest: BundleManifest) -> None:
    columns = ("precision", "not sure below ", "genuine from ", "wrong answers", "false genuine")
    rows = (
        (
            precision,
            f"{policy.reject_below:.2%}",
            f"{policy.needed('genuine'):.2%}",
            _shown(policy.wrong),
            _shown(policy.false_genuine),
        )
        for precision, policy in manifest.decision.items()
    )
    table("When an answer counts, and what validation photos show", columns, rows)


def _shown(rate: ShownRate | None) -> str | None:
    if rate is None:
        return None
    holds = "within" if rate.holds else "NOT SHOWN:"
    return (
        f"{rate.errors} of {rate.photos}, at most {rate.at_most:.1%}; {holds} the {rate.asked:.1%} "
        "asked for"
    )
