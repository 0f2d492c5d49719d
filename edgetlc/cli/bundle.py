"""`edgetlc bundle`: look into a bundle, check it, pack it, make the phone app or a wheelhouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgetlc.cli.commands import Commands
from edgetlc.cli.console import Number, answer, numbers, say, table
from edgetlc.cli.options import BundleArgument, Json, OutputFile, Overwrite
from edgetlc.cli.web import web
from edgetlc.cli.wheelhouse import wheelhouse
from edgetlc.locale import Message, _, n_, p_

if TYPE_CHECKING:
    from edgetlc.runtime.bundle import Bundle
    from edgetlc.runtime.policy import ShownRate
    from edgetlc.runtime.schema import BundleManifest

app = Commands(
    _("Bundles: look into one, check it, pack it, make the phone app or an installation.")
)


@app.command()
def inspect(bundle: BundleArgument, json_: Json = False) -> None:
    """Show what a bundle holds: classes, models, where it comes from.

    Example: edgetlc bundle inspect herbs.bundle
    """
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    answer(describe(opened), lambda: show_bundle(opened), as_json=json_)


@app.command()
def check(bundle: BundleArgument, json_: Json = False) -> None:
    """Read every file of a bundle and compare it with its digest.

    Example: edgetlc bundle check herbs.bundle
    """
    from edgetlc.runtime.bundle import Bundle

    opened = Bundle.open(bundle)
    unlisted = opened.check()

    def show() -> None:
        say(
            n_(
                "{count} file as it was written; digest {digest}",
                "{count} files as they were written; digest {digest}",
                count=len(opened.manifest.files),
                digest=opened.digest,
            )
        )
        for name in unlisted:
            say("not part of the bundle, never read: {name}", name=name)

    document = {
        "digest": opened.digest,
        "files": len(opened.manifest.files),
        "unlisted": list(unlisted),
    }
    answer(document, show, as_json=json_)


@app.command()
def pack(
    bundle: BundleArgument,
    output: OutputFile,
    overwrite: Overwrite = False,
    json_: Json = False,
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
    answer(
        document,
        lambda: say("{path}: {size:.1f} MB", path=path, size=size / 1e6),
        as_json=json_,
    )


for _function in (web, wheelhouse):
    app.command()(_function)


def describe(bundle: Bundle) -> dict[str, Any]:
    """Return a bundle's path, digest and `bundle.json`."""
    return {
        "path": str(bundle.path),
        "digest": bundle.digest,
        "manifest": bundle.manifest.to_json(),
    }


def show_bundle(bundle: Bundle) -> None:
    """Print what a bundle holds."""
    from edgetlc.results.wording import ROLE_NAMES

    manifest = bundle.manifest
    rows = (
        (m.id, ", ".join(m.engines), f"{sum(manifest.files[f].bytes for f in m.files) / 1e6:.1f}")
        for m in manifest.models
    )
    title = _("Models of {path}", path=bundle.path)
    table(title, (_("model"), _("engines"), Number("MB")), rows)
    classes = (
        (info.name, info.zh, info.en, ROLE_NAMES.get(info.role, info.role))
        for info in manifest.classes
    )
    table(_("Classes"), (_("class"), "中文", "English", _("role")), classes)
    _show_policies(manifest)
    contract = manifest.contract
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
            precision,
            f"{policy.reject_below:.2%}",
            f"{policy.needed('genuine'):.2%}",
            _shown(policy.wrong),
            _shown(policy.false_genuine),
        )
        for precision, policy in manifest.decision.items()
    )
    figures = numbers((_("not sure below"), _("genuine from")))
    table(
        _("When an answer counts, and what validation photos show"),
        (p_("number format", "precision"), *figures, _("wrong answers"), _("false genuine")),
        rows,
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
