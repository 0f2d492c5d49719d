"""The decision policy: when an answer counts, and what validation photos show of its errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgetlc.errors import BundleError
from edgetlc.runtime.classes import Role

Decision = Literal["answer", "not_sure"]


@dataclass(frozen=True)
class ShownRate:
    """What validation photos show of a rate of errors.

    Attributes:
        asked: the rate that was asked for, 0 to 1.
        photos: photos that count: answered ones, or counterfeits.
        errors: those answered wrongly, or called genuine.
        at_most: upper bound of the rate with 95 % confidence, 0 to 1; where thresholds were tried
            until one showed the rate that was asked for, that rate. The confidence is that of a
            network chosen without these photos (`edgetlc.export.thresholds` says what that costs).
    """

    asked: float
    photos: int
    errors: int
    at_most: float

    @property
    def holds(self) -> bool:
        """Whether the photos show the rate that was asked for."""
        return self.at_most <= self.asked


@dataclass(frozen=True)
class DecisionPolicy:
    """When an answer counts; anything else is "not sure: send the piece to the laboratory".

    Attributes:
        reject_below: every answer needs this confidence, 0 to 1; 0 answers always.
        genuine_below: an answer of a genuine class needs this one too, 0 to 1.
        temperature: divides the logits inside the model, fitted on validation photos, above 0.
        wrong: share of wrong ones among the answers given; None where nothing was measured.
        false_genuine: share of counterfeits called genuine; None where nothing was measured.
    """

    reject_below: float = 0.0
    genuine_below: float = 0.0
    temperature: float = 1.0
    wrong: ShownRate | None = None
    false_genuine: ShownRate | None = None

    def __post_init__(self) -> None:
        for name in ("reject_below", "genuine_below"):
            if not 0 <= getattr(self, name) <= 1:
                raise BundleError(
                    "{name} is {value}; allowed are 0 to 1", name=name, value=getattr(self, name)
                )
        if not self.temperature > 0:
            raise BundleError(
                "temperature is {temperature}; it is above 0", temperature=self.temperature
            )

    def needed(self, role: Role) -> float:
        """Return the confidence that an answer of this role needs, 0 to 1."""
        if role == "genuine":
            return max(self.reject_below, self.genuine_below)
        return self.reject_below

    def decide(self, confidence: float, role: Role) -> Decision:
        """Return whether a confidence is enough for an answer of this role."""
        return "answer" if confidence >= self.needed(role) else "not_sure"
