"""`edgetlc selftest`: is this machine right?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from edgetlc.cli.console import Answer, Results, numbers, say, table
from edgetlc.cli.options import BundleArgument, Overwrite
from edgetlc.errors import FAILED
from edgetlc.locale import Message, _, n_
from edgetlc.outputs import check_outputs

if TYPE_CHECKING:
    from edgetlc.runtime.selftest import SelfTest


def selftest(bundle: BundleArgument, results: Results, overwrite: Overwrite = False) -> Answer:
    """Replay the bundle's golden vectors on this machine, on every engine installed.

    The JSON report holds every difference; 'edgetlc answers judge --merge' reads it.

    Exit code 0: same pixels, same answers; 1: not.

    Example: edgetlc selftest herbs.etlc
    """
    from edgetlc.runtime.bundle import Bundle
    from edgetlc.runtime.selftest import selftest as replay

    check_outputs([results.output(overwrite)], [bundle])
    found = replay(Bundle.open(bundle))
    document = found.to_json()
    rows = [
        {"model": m.model, "engine": m.engine, "written_by": m.written_by, **asdict(answer)}
        for m in found.models
        for answer in m.answers
    ]
    status = 0 if found.passed else FAILED
    return Answer(document, lambda: _show(found), status, lambda: results.write(document, rows))


def _show(found: SelfTest) -> None:
    pixels = found.pixels
    largest = _("another size")
    if pixels.largest is not None:
        largest = _("{levels} grey levels at most", levels=pixels.largest)
    say(
        n_(
            "pixels: {count} photo, {largest}: {verdict}",
            "pixels: {count} photos, {largest}: {verdict}",
            count=len(pixels.photos),
            largest=largest,
            verdict=_word(pixels.passed),
        )
    )
    names = (_("model"), _("engine here"), _("written by"))
    figures = numbers(_("inputs"), _("answers changed"), _("largest"))
    rows = (
        (
            *(m.model, m.engine, m.written_by, len(m.answers), m.changed, f"{m.largest:.2g}"),
            _word(m.passed),
        )
        for m in found.models
    )
    table(_("Self-test on {machine}", machine=found.machine), (*names, *figures, ""), rows)
    for m in found.models:
        for a in (a for a in m.answers if a.found != a.expected):
            say(
                "{model} on {engine}: {photo} is {found} here, was {expected}",
                model=m.model,
                engine=m.engine,
                photo=a.photo,
                found=a.found,
                expected=a.expected,
            )
    say("self-test {verdict}", verdict=_word(found.passed))


def _word(passed: bool) -> Message:
    return _("PASS") if passed else _("FAIL")
