"""`edgetlc bundle`: look into a bundle, check it, pack it into one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.console import Json, Verbose, answer, say, table
from edgetlc.cli.options import BundleArgument, Overwrite

if TYPE_CHECKING:
    from edgetlc.runtime.bundle import Bundle

app = typer.Typer(
    help="Bundles: look into one, check it, pack it into one file.",
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
    contract = manifest.contract
    side = contract.size
    say(f"pixels: contract {contract.version}, {side} x {side}, {contract.geometry}")
    if manifest.provenance.get("training", {}).get("data", {}).get("simulated"):
        say("trained on SIMULATED photos, at least in part")
    say(f"written {manifest.created} by edgetlc {manifest.edgetlc}")
    say(f"digest {bundle.digest}")
