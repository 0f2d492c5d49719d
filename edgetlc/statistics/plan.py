"""How many photos a verdict takes, before the first is taken.

A camera passes where the exact upper bound of its share right to wrong is below the margin
(`edgetlc.parity.verdict`). Of n photos that allows a number k right to wrong, so the chance of a
PASS is that of at most k, which the binomial distribution gives exactly:

    k(n)         the largest k with P(X <= k) < 1 - confidence, X ~ Binomial(n, margin)
    chance(n)    P(X <= k(n)), X ~ Binomial(n, expected share)

The chance rises where k does and falls a little in between, so only the n pay at which one more
photo right to wrong becomes allowed: 149, 236, 313 ... for 2 % at 95 %. Photos are of specimens of
their own; those that go wrong to right are not counted on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count, takewhile
from typing import Any

from edgetlc.config import option
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.statistics.paired import binomial_at_most, photos_to_certify

MOST_ALLOWED = 4096
"""Plans with more photos right to wrong than this are refused: they take too many photos."""
SHARES_OF_MARGIN = (0.0, 0.1, 0.25, 0.5)
"""Expected shares where none is named."""
_BEYOND = 1.5  # how far the curves go, in planned photos


@dataclass(frozen=True)
class PlanConfig:
    """What is expected, and how sure a PASS is to be.

    Attributes:
        expected: shares right to wrong, each at least 0 and below the margin; none named takes
            those of `SHARES_OF_MARGIN`.
        power: chance that all cameras pass if the expectation is right, in (0, 1).
        cameras: at least 1.
    """

    expected: tuple[float, ...] = option(
        (),
        _("Expected share right to wrong, such as 0.005; repeat it. Default: up to half --margin."),
    )
    power: float = option(0.8, _("Chance that all cameras pass if it is as expected."))
    cameras: int = option(1, _("How many cameras are to pass."), min=1)

    def __post_init__(self) -> None:
        if not 0 < self.power < 1:
            raise InputError(
                "the power is {power}; it is a chance between 0 and 1, such as 0.8",
                power=self.power,
            )


@dataclass(frozen=True)
class Planned:
    """Photos for one expectation.

    Attributes:
        expected: share right to wrong.
        photos: of each camera.
        allowed: of these, right to wrong at most.
        chance: that one camera passes.
        chance_of_all: that all pass, their photos being independent.
        curve: photos of a camera, and the chance that it passes, where one more becomes allowed.
    """

    expected: float
    photos: int
    allowed: int
    chance: float
    chance_of_all: float
    curve: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Plan:
    """How many photos to take; `rows` are one per expectation, in the order given."""

    margin: float
    confidence: float
    power: float
    cameras: int
    rows: tuple[Planned, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the plan as a JSON document."""
        return asdict(self)


def plan(margin: float, confidence: float, config: PlanConfig | None = None) -> Plan:
    """Return how many photos of each camera to take, for a margin and a one-sided confidence.

    Raises:
        InputError: an expectation that no, or no reasonable, number of photos could show to be
            below the margin.
    """
    config = config or PlanConfig()
    expected = config.expected or tuple(round(share * margin, 12) for share in SHARES_OF_MARGIN)
    for share in expected:
        if not 0 <= share < margin:
            raise InputError(
                "the expected share right to wrong is {share}; it is 0 or more and below the "
                "margin, {margin}, or no number of photos brings a PASS",
                share=share,
                margin=margin,
            )
    alone = config.power ** (1 / config.cameras)
    allowed = [_fewest_allowed(share, margin, confidence, alone) for share in expected]
    longest = _BEYOND * photos_to_certify(max(allowed), margin, confidence)
    paying = list(_paying(margin, confidence, longest))
    rows = (
        _planned(share, k, paying, config.cameras)
        for share, k in zip(expected, allowed, strict=True)
    )
    return Plan(margin, confidence, config.power, config.cameras, tuple(rows))


def _planned(share: float, allowed: int, paying: Sequence[int], cameras: int) -> Planned:
    curve = tuple((n, binomial_at_most(k, n, share)) for k, n in enumerate(paying))
    photos, chance = curve[allowed]
    return Planned(share, photos, allowed, chance, chance**cameras, curve)


def _paying(margin: float, confidence: float, most: float) -> Iterator[int]:
    """Return the numbers of photos, up to `most`, at which 0, 1, 2 ... become allowed."""
    numbers = (photos_to_certify(k, margin, confidence) for k in count())
    return takewhile(lambda photos: photos <= most, numbers)


def _fewest_allowed(share: float, margin: float, confidence: float, power: float) -> int:
    """Return the smallest number allowed right to wrong with which a PASS is likely enough."""

    def enough(k: int) -> bool:
        photos = photos_to_certify(k, margin, confidence)
        return binomial_at_most(k, photos, share) >= power

    if enough(0):
        return 0
    most = 1
    while not enough(most):
        most *= 2
        if most > MOST_ALLOWED:
            raise InputError(
                "the expected share right to wrong, {share}, is so near the margin, {margin}, "
                "that it takes more than {photos} photos of each camera; choose a larger margin",
                share=share,
                margin=margin,
                photos=photos_to_certify(MOST_ALLOWED, margin, confidence),
            )
    return next(k for k in range(most // 2, most + 1) if enough(k))
