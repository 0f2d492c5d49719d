"""Axes, steps and labels: round, few, and inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.pages.charts import MOST_TICKS, Axis, Plot, is_far, round_step

ENDS = st.tuples(st.floats(-1, 1), st.floats(0.001, 1)).map(lambda e: (e[0], e[0] + e[1]))


@given(ENDS)
def test_ticks_are_few_round_and_on_the_scale(ends: tuple[float, float]) -> None:
    axis = Axis.of_numbers(*ends)

    values = [value for value, _label in axis.ticks]
    assert 1 <= len(values) <= MOST_TICKS + 1
    assert all(-1e-9 <= axis.place(value) <= 1 + 1e-9 for value in values)
    assert values == sorted(set(values))


def test_zero_has_no_sign_and_nothing_is_beyond_a_hundred_per_cent() -> None:
    labels = [label for _value, label in Axis.of_shares(-0.02, 0.03).ticks]
    assert "0%" in labels
    assert "-0%" not in labels
    assert Axis.of_shares(0.9, 1.02).ticks[-1][1] == "100%"


@pytest.mark.parametrize(
    ("least", "step"), [(0.9, 1), (1, 1), (1.1, 2), (3, 5), (6, 10), (0.0007, 0.001)]
)
def test_steps_are_one_two_or_five(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


@given(st.floats(0.01, 1000), st.floats(1.2, 1e5))
def test_factors_are_equal_distances(low: float, factor: float) -> None:
    axis = Axis.of_factors(low, low * factor)

    middle = low * factor**0.5
    assert axis.place(middle) == pytest.approx(0.5)
    assert all(low * 0.999 <= value <= low * factor * 1.001 for value, _label in axis.ticks)


def test_a_plot_has_the_low_end_at_the_left_and_below() -> None:
    plot = Plot(Axis(0, 10), Axis(0, 1), width=100, height=100, left=20, top=5)

    assert (plot.x(0), plot.x(10)) == (20, plot.right) == (20, 92)
    assert (plot.y(0), plot.y(1)) == (plot.bottom, 5) == (64, 5)


def test_the_best_line_climbs_in_steps_to_the_right_edge() -> None:
    plot = Plot(Axis(0, 4), Axis(0, 1), width=140, height=136, left=32, top=0)
    line = plot.best_line([(3, 0.9), (1, 0.5), (2, 0.4)])

    assert line == [(57.0, 50.0), (107.0, 50.0), (107.0, 10.0), (132, 10.0)]


def test_only_a_label_that_found_no_room_nearby_is_joined_by_a_line() -> None:
    plot = Plot(Axis(0, 1), Axis(0, 1))
    marks = [plot.line([(0.5, 0.5)])[0]] * 30
    boxes = plot.label_boxes(marks, ["12"] * 30, 4.5)

    assert not is_far(marks[0], boxes[0])
    assert is_far(marks[-1], boxes[-1])
