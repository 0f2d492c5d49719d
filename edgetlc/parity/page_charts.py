"""Drawings of the verification page: intervals against the margin, and reliability curves.

Intervals are drawn one row per camera, all on one scale, stretched to the width there is: only
lines and boxes, whose thickness does not stretch. Words stand beside them as HTML, so that they
stay legible on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgetlc.parity.page_words import MARGIN
from edgetlc.parity.reasons import percent
from edgetlc.parity.verdict import CameraVerdict
from edgetlc.results.html_page import Html, element, joined, two_languages
from edgetlc.statistics.reliability import Reliability

_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_MOST_TICKS = 7
_WIDTH, _HEIGHT = 1000, 26
_SIDE, _ROOM = 200, 34  # of a reliability curve, and the room for its labels


@dataclass(frozen=True)
class Scale:
    """A scale of shares.

    Attributes:
        low, high: its ends, in [-1, 1].
        margin: where the line is drawn that bounds must stay left of.
    """

    low: float
    high: float
    margin: float

    @staticmethod
    def of(verdicts: Iterable[CameraVerdict], margin: float) -> Scale:
        """Return a scale with room for every interval, zero and the margin."""
        tested = [v for v in verdicts if v.tested]
        ends = [v.right_to_wrong_upper for v in tested]
        ends += [x for v in tested if v.tally.labelled for x in (v.drop_lower, v.drop_upper)]
        low, high = min([0.0, *ends]), max([1.5 * margin, *ends])
        room = 0.02 * (high - low)
        return Scale(low - room, high + room, margin)

    def place(self, share: float) -> float:
        """Return where a share lies, 0 at the left end to 1 at the right."""
        return (share - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round shares to label, at most seven."""
        fits = (s for s in _STEPS if (self.high - self.low) / s <= _MOST_TICKS)
        step = next(fits, _STEPS[-1])
        first, last = -int(-self.low / step), int(self.high / step)
        return tuple(n * step for n in range(first, last + 1))


def margin_label(scale: Scale) -> Html:
    """Return the margin's name, to stand over its line, on the side where there is more room."""
    words = joined((two_languages(*MARGIN), f" {percent(scale.margin)}"))
    side = "right" if scale.place(scale.margin) < 0.5 else "left"
    return element("div", _placed(scale.margin, words, scale, side), class_="axis")


def tick_labels(scale: Scale) -> Html:
    """Return the scale's numbers, to stand under the rows."""
    labels = (_placed(tick, percent(tick), scale, "middle") for tick in scale.ticks)
    return element("div", *labels, class_="axis")


def _placed(share: float, words: str | Html, scale: Scale, side: str) -> Html:
    return element("span", words, style=f"left:{100 * scale.place(share):.1f}%", class_=side)


def intervals(v: CameraVerdict, scale: Scale) -> Html:
    """Return one camera's row: a box for the harm rate, below it a line for the drop."""
    drawn = [_across(0, scale, "zero"), _across(scale.margin, scale, "margin")]
    if v.tested:
        drawn += _harm(v, scale)
        drawn += _drop(v, scale) if v.tally.labelled else []
    said = f"harm rate {percent(v.right_to_wrong_lower)} to {percent(v.right_to_wrong_upper)}"
    if v.tally.labelled:
        said += f", drop {percent(v.drop_lower)} to {percent(v.drop_upper)}"
    return element(
        "svg",
        element("title", f"{said}; margin {percent(scale.margin)}"),
        *drawn,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        class_=f"intervals {v.verdict}",
    )


def _harm(v: CameraVerdict, scale: Scale) -> list[Html]:
    low, high = _x(v.right_to_wrong_lower, scale), _x(v.right_to_wrong_upper, scale)
    box = element(
        "rect",
        x=f"{low:.1f}",
        y="4",
        width=f"{high - low:.1f}",
        height="8",
        fill="currentColor",
        fill_opacity="0.35",
    )
    return [
        box,
        _upright(high, 2, 14, "bound"),
        _upright(_x(v.tally.right_to_wrong_rate or 0, scale), 4, 12),
    ]


def _drop(v: CameraVerdict, scale: Scale) -> list[Html]:
    low, high = _x(v.drop_lower, scale), _x(v.drop_upper, scale)
    along = element("line", x1=f"{low:.1f}", y1="20", x2=f"{high:.1f}", y2="20", **_STROKE)
    specimens = v.tally.specimens
    seen = v.tally.drop if specimens is None else specimens.drop
    ends = [_upright(x, 17, 23) for x in (low, high)]
    return [along, *ends, _upright(_x(seen or 0, scale), 16, 24, "bound")]


_STROKE = {"stroke": "currentColor", "vector_effect": "non-scaling-stroke"}


def _across(share: float, scale: Scale, kind: str) -> Html:
    return _upright(_x(share, scale), 0, _HEIGHT, kind)


def _upright(x: float, top: float, bottom: float, kind: str = "seen") -> Html:
    ends = {"x1": f"{x:.1f}", "y1": f"{top:g}", "x2": f"{x:.1f}", "y2": f"{bottom:g}"}
    return element("line", class_=kind, **ends, **_STROKE)


def _x(share: float, scale: Scale) -> float:
    return _WIDTH * scale.place(share)


def reliability_curve(reference: Reliability, candidate: Reliability) -> Html:
    """Return accuracy over confidence: circles for the reference, squares for the candidate."""
    side, room = _SIDE, _ROOM
    frame = element("rect", x=str(room), y="0", width=str(side), height=str(side), class_="frame")
    ideal = element("line", x1=str(room), y1=str(side), x2=str(room + side), y2="0", class_="ideal")
    return element(
        "svg",
        element("title", "accuracy over confidence; the diagonal is where both are equal"),
        frame,
        ideal,
        _curve(reference, "reference"),
        _curve(candidate, "candidate"),
        *_percents(),
        viewBox=f"0 -6 {side + room + 16} {side + room + 6}",
        role="img",
        class_="reliability",
    )


def _curve(found: Reliability, kind: str) -> Html:
    points = [(_ROOM + _SIDE * b.confidence, _SIDE * (1 - b.accuracy)) for b in found.bins]
    line = element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points))
    if kind == "reference":
        dots = [element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="5") for x, y in points]
    else:
        box = {"width": "6", "height": "6"}
        dots = [element("rect", x=f"{x - 3:.1f}", y=f"{y - 3:.1f}", **box) for x, y in points]
    return element("g", line, *dots, class_=kind)


def _percents() -> Iterable[Html]:
    for share in (0, 0.5, 1):
        words = percent(share)
        x, y = _ROOM + _SIDE * share, _SIDE * (1 - share)
        yield element("text", words, x=f"{x:g}", y=f"{_SIDE + 14}", text_anchor="middle")
        if share:
            yield element("text", words, x=f"{_ROOM - 3}", y=f"{y + 4:g}", text_anchor="end")
