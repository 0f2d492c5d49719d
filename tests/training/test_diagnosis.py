"""The rules on curves made for them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from edgetlc.training.diagnosis import Finding, Fit, diagnose
from edgetlc.training.runs import Epoch

GOOD = Fit(995, 1000)


def run(train: Sequence[float], val: Sequence[float], best: int | None = None) -> list[Epoch]:
    """Return epochs with these losses; `best` has the highest accuracy, else the lowest loss."""
    return [
        Epoch(n, t, v, 1.0 if n == best else 0.5, 1e-3, 1.0)
        for n, (t, v) in enumerate(zip(train, val, strict=True), start=1)
    ]


def kinds(found: Sequence[Finding]) -> list[str]:
    return [finding.kind for finding in found]


FLAT = run([1.0, 0.5, 0.3, 0.25, 0.24, 0.23], [1.1, 0.6, 0.4, 0.38, 0.38, 0.38], 4)


def test_a_good_run_is_called_so() -> None:
    (finding,) = diagnose(FLAT, GOOD, Fit(98, 100))
    assert finding.kind == "fits"
    assert "99.5% of training photos right, 98.0% of validation photos" in finding.text
    assert "99.5%" in finding.text.translated("zh")


class TestGap:
    def test_over_fitting_with_its_figures(self) -> None:
        (finding,) = diagnose(FLAT, GOOD, Fit(160, 200))
        assert finding.kind == "over-fitting"
        assert "99.5% of training photos right, 80.0% of validation photos" in finding.text
        assert "19.5 points" in finding.text
        # By hand: 996/1002 - 161/202 = 0.1970; its deviation 0.02843; 0.1970 - 1.6449 x 0.02843.
        assert "at least 15.0 with 95 % confidence" in finding.text
        assert "19.5 个百分点" in finding.text.translated("zh")

    def test_few_photos_cannot_tell(self) -> None:
        (finding,) = diagnose(FLAT, Fit(20, 20), Fit(5, 6))
        assert finding.kind == "uncertain"
        assert "6 validation photos cannot tell" in finding.text

    @pytest.mark.parametrize(("right", "found"), [(945, "over-fitting"), (946, "fits")])
    def test_the_limit_is_five_points(self, right: int, found: str) -> None:
        assert kinds(diagnose(FLAT, GOOD, Fit(right, 1000))) == [found]

    def test_a_better_validation_is_no_finding(self) -> None:
        assert kinds(diagnose(FLAT, Fit(950, 1000), Fit(100, 100))) == ["fits"]


class TestUnderFitting:
    @pytest.mark.parametrize(("right", "found"), [(899, "under-fitting"), (900, "fits")])
    def test_the_limit_is_ninety_percent(self, right: int, found: str) -> None:
        assert kinds(diagnose(FLAT, Fit(right, 1000), Fit(90, 100))) == [found]

    def test_both_can_be(self) -> None:
        found = diagnose(FLAT, Fit(850, 1000), Fit(60, 100))
        assert kinds(found) == ["over-fitting", "under-fitting"]
        assert "only 85.0% of the training photos themselves" in found[1].text


class TestTurningUp:
    TRAIN = (1.0, 0.7, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1)
    VAL = (1.1, 0.8, 0.6, 0.5, 0.5, 0.6, 0.7, 0.8)

    def test_says_when_and_how_far(self) -> None:
        (finding,) = diagnose(run(self.TRAIN, self.VAL, 5), GOOD, Fit(97, 100))
        assert finding.kind == "turning up"
        # Medians of three: the minimum 0.5 at epoch 4, 0.75 of the last two at epoch 8.
        assert "after epoch 4 (0.500 to 0.750 at epoch 8)" in finding.text
        assert "(0.400 to 0.125)" in finding.text
        assert "第 4 轮之后" in finding.text.translated("zh")

    def test_not_while_the_training_loss_rises_too(self) -> None:
        train = (1.0, 0.7, 0.5, 0.4, 0.5, 0.6, 0.7, 0.8)
        assert kinds(diagnose(run(train, self.VAL, 5), GOOD, Fit(97, 100))) == ["fits"]

    def test_one_bad_epoch_is_noise(self) -> None:
        val = (1.1, 0.8, 0.6, 0.5, 0.45, 2.0, 0.45, 0.45)
        assert kinds(diagnose(run(self.TRAIN, val, 5), GOOD, Fit(97, 100))) == ["fits"]

    def test_hundredths_of_a_nat_are_no_finding(self) -> None:
        val = (0.1, 0.05, 0.01, 0.005, 0.005, 0.01, 0.012, 0.015)
        assert kinds(diagnose(run(self.TRAIN, val, 5), GOOD, Fit(100, 100))) == ["fits"]


class TestStillImproving:
    TRAIN = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2)
    VAL = (1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)

    def test_says_over_which_epochs(self) -> None:
        (finding,) = diagnose(run(self.TRAIN, self.VAL), GOOD, Fit(97, 100))
        assert finding.kind == "still improving"
        assert "fell from 0.400 to 0.250 over the last 2 epochs" in finding.text
        assert "最后 2 轮" in finding.text.translated("zh")

    def test_not_where_an_early_epoch_was_kept(self) -> None:
        assert kinds(diagnose(run(self.TRAIN, self.VAL, 3), GOOD, Fit(97, 100))) == ["fits"]

    def test_not_where_all_is_right(self) -> None:
        assert kinds(diagnose(run(self.TRAIN, self.VAL), GOOD, Fit(100, 100))) == ["fits"]


def test_short_curves_say_nothing() -> None:
    short = run((1.0, 0.5, 0.3, 0.2), (1.0, 0.5, 0.9, 1.4), 2)
    assert kinds(diagnose(short, GOOD, Fit(97, 100))) == ["fits", "too short"]
    assert kinds(diagnose(short, GOOD, Fit(70, 100))) == ["over-fitting", "too short"]
