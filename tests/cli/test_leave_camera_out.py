"""`experiment leave-camera-out`, `--augment` and `--camera-augment`, with real training."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from edgetlc.config import options
from edgetlc.training.augment import ANNEX_A, OWN_CHOICE, Augmentation
from edgetlc.training.config import TrainingConfig

Run = Callable[..., Any]
QUICK = ("--arch", "slim-resnet18", "--size", "32", "--epochs", "1", "--batch-size", "8")
HOLD_OUT = ("experiment", "leave-camera-out", "iphone-11")


def copied(manifest: Path, target: Path, change: Callable[[dict[str, str]], None]) -> Path:
    """Write a changed copy of a manifest, with its classes."""
    with manifest.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["path"] = str(manifest.parent / row["path"])
        change(row)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    classes = (manifest.parent / "classes.toml").read_bytes()
    target.with_name("classes.toml").write_bytes(classes)
    return target


def test_table_words_and_resume(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    command = (*HOLD_OUT, "--data", manifest, "-o", tmp_path, *QUICK)
    ran = edgetlc(*command, "--camera-strength", "0.5")
    assert ran.status == 0, ran.err
    assert "training 1 of 4: all-cameras, 42 photos" in ran.err
    assert "training 3 of 4: without-iphone-11, 21 photos" in ran.err
    for words in ("Right answers on each camera's test photos", "together", "McNemar", "Holm"):
        assert words in ran.out, words
    assert re.search(r"iphone-11 +│ +6 │ +\d+\.\d% \(\d+%–\d+%\)", ran.out)
    assert "On a camera it never saw: " in ran.out
    assert "SIMULATED" not in ran.out
    again = edgetlc(*command, "--camera-strength", "0.5", "--resume", "--json")
    assert again.status == 0, again.err
    assert "epoch 1: train loss" not in again.err  # nothing is trained anew
    assert again.json() == json.loads(
        (tmp_path / "leave-camera-out.json").read_text(encoding="utf-8")
    )


@pytest.mark.slow
def test_simulated_photos_and_unknown_cameras_are_told(
    manifest: Path, tmp_path: Path, edgetlc: Run
) -> None:
    def change(row: dict[str, str]) -> None:
        row["simulated"] = "1"
        if row["part"] == "train" and "-2024001-" in row["path"]:
            row["path"] = str(unnamed(Path(row["path"]), tmp_path))
            row["camera"] = ""

    some = copied(manifest, tmp_path / "m.csv", change)
    ran = edgetlc(*HOLD_OUT, "--data", some, "-o", tmp_path / "runs", *QUICK)
    assert ran.status == 0, ran.err
    assert "6 photos name no camera and were left out of every training" in ran.err
    assert "training 1 of 4: all-cameras, 36 photos" in ran.err
    assert "iphone-11 (SIMULATED)" in ran.out
    assert "test photos (SIMULATED photos)" in ran.out
    assert "it may help less there" in ran.out


def unnamed(photo: Path, folder: Path) -> Path:
    """Copy a photo to a name that tells no camera."""
    copy = folder / f"{photo.parent.name}-{photo.stem[-3:]}.jpg"
    copy.write_bytes(photo.read_bytes())
    return copy


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("experiment", "leave-camera-out", "nokia"), "no test photo is of camera 'nokia'"),
        (("train", "--augment", "rotate=3"), "use none or NAME=VALUE"),
        (
            ("train", "--camera-augment", "1.5"),
            "camera augmentation probability is 1.5; use 0 to 1",
        ),
        (
            ("train", "--camera-augment", "0.5", "--camera-strength", "9"),
            "strength is 9; use 0 to 2",
        ),
    ],
)
def test_bad_input(
    options: tuple[str, ...], message: str, manifest: Path, tmp_path: Path, edgetlc: Run
) -> None:
    ran = edgetlc(*options, "--data", manifest, "-o", tmp_path / "run", *QUICK)
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err
    assert not (tmp_path / "run").exists()


def test_augmentation_is_recorded(manifest: Path, tmp_path: Path, edgetlc: Run) -> None:
    changes = ("--augment", "rotation=20", "--augment", "light=0.8", "--camera-augment", "0.25")
    ran = edgetlc("train", "--data", manifest, "-o", tmp_path, *changes, *QUICK)
    assert ran.status == 0, ran.err
    settings = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["settings"]
    assert settings["augmentation"]["rotation"] == 20
    assert settings["augmentation"]["light"] == 0.8
    assert settings["augmentation"]["shift"] == ANNEX_A.shift
    assert settings["camera_augmentation"]["probability"] == 0.25
    assert settings["camera_augmentation"]["simulated"] is True


def test_help_names_every_step_with_its_default() -> None:
    text = options(TrainingConfig)["augmentation"].help
    for field in fields(Augmentation):
        assert field.name in text
    chances = text.index("0.5 each")
    for name in ("horizontal_flip", "vertical_flip", "affine", "light"):
        assert text.index(name) < chances
        assert getattr(ANNEX_A, name) == 0.5
    for name in ("brightness", "contrast", *OWN_CHOICE):
        assert f"{name} {getattr(ANNEX_A, name):g}" in text
    own = text.index("does not legibly say")
    assert all(text.index(f"{name} {getattr(ANNEX_A, name):g}") > own for name in OWN_CHOICE)
