"""Configurations survive being written and read, and a wrong file is told in one line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetlc.config import Option, from_toml, option, options, to_toml
from edgetlc.errors import InputError


@dataclass(frozen=True)
class Look:
    gains: tuple[float, float] = (1.0, 1.0)
    matrix: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Teacher:
    run: Path = field(metadata=Option("Who.", flag="--teacher").described())
    weight: float = option(0.5, "How much.")
    made: bool = field(default=True, init=False)


@dataclass(frozen=True)
class Settings:
    epochs: int = option(20, "Passes.", min=1)
    rate: float = option(1e-3, "Highest.")
    fast: bool = option(False, "Hurry.")
    mode: Literal["squash", "crop"] = option("squash", "How.")
    weights: Literal["imagenet"] | Path | None = option(None, "Start.")
    names: tuple[str, ...] = option((), "Who.")
    teacher: Teacher | None = None
    looks: Mapping[str, Look] = field(default_factory=dict)


NUMBERS = st.floats(allow_nan=False)
WORDS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = WORDS.filter(lambda text: "\0" not in text)
LOOKS = st.builds(Look, st.tuples(NUMBERS, NUMBERS), st.lists(st.tuples(NUMBERS)).map(tuple))
SETTINGS = st.builds(
    Settings,
    epochs=st.integers(),
    rate=NUMBERS,
    fast=st.booleans(),
    mode=st.sampled_from(["squash", "crop"]),
    weights=st.none() | st.just("imagenet") | NAMES.map(Path),
    names=st.lists(WORDS).map(tuple),
    teacher=st.none() | st.builds(Teacher, NAMES.map(Path), NUMBERS),
    looks=st.dictionaries(WORDS, LOOKS),
)


@given(SETTINGS)
def test_written_and_read_is_the_same(settings: Settings) -> None:
    assert from_toml(to_toml(settings), Settings) == settings


def test_a_file_is_plain_toml_without_what_is_not_set() -> None:
    text = to_toml(Settings(teacher=Teacher(Path("runs/big")), looks={"iphone 11": Look()}))
    assert tomllib.loads(text)["teacher"] == {"run": "runs/big", "weight": 0.5}
    assert "weights" not in text
    assert '[looks."iphone 11"]' in text


def test_a_file_may_leave_out_all() -> None:
    assert from_toml("", Settings) == Settings()
    assert from_toml("rate = 1", Settings).rate == 1.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("epoch = 3", "unknown setting 'epoch'; did you mean 'epochs'?"),
        ("zzz = 3", "unknown setting 'zzz'; known are epochs, rate, fast"),
        ("[teacher]\nrun = 'a'\nwieght = 1", "'teacher.wieght'; did you mean 'weight'?"),
        ("[teacher]\nrun = 'a'\nmade = true", "unknown setting 'teacher.made'"),
        ("[teacher]\nweight = 1", "teacher.run is missing"),
        ("epochs = 1.5", "epochs is 1.5; it takes a whole number"),
        ("epochs = true", "epochs is True; it takes a whole number"),
        ("rate = '1'", "rate is '1'; it takes a number"),
        ("fast = 1", "fast is 1; it takes true or false"),
        ("mode = 'stretch'", "mode is 'stretch'; use squash, crop"),
        ("mode = ['crop']", "mode is ['crop']; use squash, crop"),
        ("weights = 3", "weights is 3; it takes a text, the name of a file"),
        ("names = 'a'", "names is 'a'; it takes a list"),
        ("names = [1]", "names[0] is 1; it takes a text"),
        ("teacher = 'runs/big'", "teacher is 'runs/big'; it takes a table of settings"),
        ("[looks.a]\ngains = [1]", "looks.a.gains is [1]; it takes a list of 2"),
        ("looks = {a = 1}", "looks.a is 1; it takes a table of settings"),
        ("epochs = ", "not a readable configuration: "),
        ("a = 1\na = 2", "not a readable configuration: "),
    ],
)
def test_a_wrong_file_is_told(text: str, reason: str) -> None:
    with pytest.raises(InputError) as told:
        from_toml(text, Settings)
    assert reason in str(told.value)


def test_a_name_that_is_no_text_cannot_be_written() -> None:
    with pytest.raises(InputError, match="rename that file"):
        to_toml(Settings(weights=Path("\udcb3.pth")))


def test_options_are_the_fields_that_people_set() -> None:
    assert list(options(Settings)) == ["epochs", "rate", "fast", "mode", "weights", "names"]
    assert options(Settings)["epochs"] == Option("Passes.", min=1)
    assert options(Teacher)["run"].flag == "--teacher"
