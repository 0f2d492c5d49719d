"""The training page: closed in itself, nothing unescaped, and saying what was found."""

from __future__ import annotations

import re
from dataclasses import asdict, fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from edgetlc.devices.simulation import Simulation
from edgetlc.locale import _
from edgetlc.runtime.classes import ClassInfo
from edgetlc.training.augment import ANNEX_A, Augmentation
from edgetlc.training.diagnosis import Finding
from edgetlc.training.metrics import score
from edgetlc.training.page import MOST_FILES, write_page
from edgetlc.training.page_augmentation import STEPS
from edgetlc.training.page_charts import (
    confusion_picture,
    curves,
    loss_axis,
    rate_axis,
    share_axis,
)
from edgetlc.training.report import RunReport
from edgetlc.training.runs import Epoch, RunRecord

EVIL = "<script>alert(1)</script>"
CLASSES = (
    ClassInfo("disc", "圆片", "disc", "genuine"),
    ClassInfo("evil", "坏", EVIL, "counterfeit"),
)
EPOCHS = tuple(Epoch(n, 1 / n, 0.5 / n, n / 10, 1e-3, 2.0, n / 9) for n in range(1, 6))
SCORES = score([0, 0, 0, 1], [0, 0, 1, 1], ("disc", "evil"), np.eye(2)[[0, 0, 1, 1]])


def report(**changes: object) -> RunReport:
    record = {
        "settings": {"architecture": "resnet18", "epochs": 5, "seed": 7, "note": EVIL},
        "data": {"train_digest": "d" * 64, "simulated": False},
        "git": {"commit": "c0ffee", "dirty": True},
    }
    made = RunReport(
        run=RunRecord(Path("runs") / "herbs", record, EPOCHS, None),
        classes=CLASSES,
        part="val",
        overall=SCORES,
        cameras={"iphone-11": SCORES, "unknown": SCORES},
        simulated=False,
        unreadable=(),
        wrong=(),
        digest="e" * 64,
        findings=(Finding("over-fitting", _("Over-fitting: an example")),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class Parsed(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(made: RunReport, folder: Path) -> str:
    write_page(folder / "page.html", made)
    return (folder / "page.html").read_text(encoding="utf-8")


def test_nothing_is_loaded_and_nothing_runs(tmp_path: Path) -> None:
    page = page_of(report(), tmp_path)
    parsed = Parsed(page)
    assert not {"script", "link", "iframe", "img", "object", "form"} & set(parsed.tags)
    assert not [n for n, _ in parsed.attributes if n.startswith("on") or n in ("src", "href")]
    assert "url(" not in page
    assert parsed.text.count(EVIL) == 2  # the label and the setting, as text


def test_all_is_said(tmp_path: Path) -> None:
    text = Parsed(page_of(report(), tmp_path)).text
    for words in (
        "Training report",
        "accuracy 75.00% (3 / 4)",
        "Over-fitting: an example",
        "5 / 5 (5)",
        "Confusion matrix",
        "iphone-11",
        "COUNTERFEIT",
        "settings.seed7",
        "git.commitc0ffee",
        "git.dirtyTrue",
        "d" * 64,
        "e" * 64,
        "a little flattering",
    ):
        assert words in text, words
    assert "SIMULATED" not in text


def test_another_part_is_not_called_flattering(tmp_path: Path) -> None:
    text = Parsed(page_of(report(part="test"), tmp_path)).text
    assert "test part: " in text
    assert "flattering" not in text


def test_simulated_photos_are_named(tmp_path: Path) -> None:
    assert "SIMULATED" in page_of(report(simulated=True), tmp_path)
    record = {"settings": {}, "data": {"simulated": True}}
    trained = replace(report(), run=RunRecord(Path("r"), record, EPOCHS, None))
    assert "SIMULATED" in page_of(trained, tmp_path)


def test_a_run_without_epochs_has_no_curves(tmp_path: Path) -> None:
    page = page_of(report(run=RunRecord(Path("r"), {}, (), None)), tmp_path)
    assert "Curves over the epochs" not in page
    assert "Confusion matrix" in page


def test_an_older_run_has_no_training_accuracy(tmp_path: Path) -> None:
    assert "Accuracy: training (dashed)" in page_of(report(), tmp_path)
    older = tuple(replace(epoch, train_accuracy=None) for epoch in EPOCHS)
    page = page_of(report(run=RunRecord(Path("r"), {}, older, None)), tmp_path)
    assert "Validation accuracy" in page
    assert page.count('class="train"') == 1  # of the losses


def test_unreadable_photos_are_listed_up_to_a_limit(tmp_path: Path) -> None:
    lost = tuple((f"photos/p{n}.jpg", "0 bytes long") for n in range(MOST_FILES + 2))
    text = Parsed(page_of(report(unreadable=lost), tmp_path)).text
    assert "102 photos left out" in text
    assert "p99.jpg" in text
    assert "p100.jpg" not in text
    assert "… +2" in text


class TestAugmentation:
    LOOKS: ClassVar = {"iphone-11": asdict(Simulation()), "oppo-reno12": asdict(Simulation())}

    def text(self, tmp_path: Path, **settings: object) -> str:
        run = RunRecord(Path("r"), {"settings": settings}, EPOCHS, None)
        return Parsed(page_of(report(run=run), tmp_path)).text

    def test_every_step_has_its_share_and_range_beside_the_default(self, tmp_path: Path) -> None:
        used = asdict(ANNEX_A.with_settings(("rotation=180", "affine=0.8", "vertical_flip=0")))
        text = self.text(tmp_path, augmentation=used, camera_augmentation=None)
        for row in (
            "水平翻转 horizontal flip50%50%",
            "垂直翻转 vertical flip0%50%",
            "平移（占边长） shift (of the side) *80%±6.25%50% ±6.25%",
            "缩放 scale *80%±10%50% ±10%",
            "旋转 rotation *80%±180°50% ±45°",
            "亮度 brightness50%±10%50% ±10%",
            "对比度 contrast50%±10%50% ±10%",
        ):
            assert row in text, row

    def test_no_step_is_missing(self) -> None:
        told = {name for step in STEPS for name in (step.chance, step.reach) if name}
        assert told == {field.name for field in fields(Augmentation)}

    def test_camera_augmentation_off(self, tmp_path: Path) -> None:
        text = self.text(tmp_path, augmentation=asdict(ANNEX_A), camera_augmentation=None)
        assert "相机增强：未使用。" in text
        assert "Camera augmentation: off." in text

    def test_camera_augmentation_on(self, tmp_path: Path) -> None:
        used = {"looks": self.LOOKS, "probability": 0.25, "strength": 1.5, "beyond": 0.5}
        text = self.text(tmp_path, augmentation=asdict(ANNEX_A), camera_augmentation=used)
        assert "相机增强：已使用。每一轮约 25% 的训练照片" in text
        assert "Camera augmentation: on. In each epoch about 25% of the training photos" in text
        assert "profiles of 2 cameras, strength 1.5" in text
        assert "SIMULATED" in text

    def test_an_older_record_is_not_guessed_at(self, tmp_path: Path) -> None:
        assert "Augmentation" not in self.text(tmp_path)
        text = self.text(
            tmp_path, augmentation={"rotation": EVIL}, camera_augmentation={"looks": 1}
        )
        assert "rotation *?±?50% ±45°" in text
        assert "about ? of the training photos" in text


class TestAxes:
    def test_losses_close_together_begin_at_zero(self) -> None:
        axis = loss_axis([1.9, 0.3])
        assert (axis.low, axis.high, axis.logarithmic) == (0, 2, False)
        assert [label for _, label in axis.ticks] == ["0", "0.5", "1", "1.5", "2"]
        assert axis.place(0.5) == 0.25

    def test_losses_far_apart_are_logarithmic(self) -> None:
        axis = loss_axis([50, 0.02])
        assert axis.logarithmic
        assert [label for _, label in axis.ticks] == ["0.01", "0.1", "1", "10", "100"]
        assert axis.place(1) == pytest.approx(0.5)

    @pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [1e-9], [1e9, 0.0]])
    def test_any_loss_has_a_place(self, values: list[float]) -> None:
        axis = loss_axis(values)
        assert all(-1e-9 <= axis.place(value) <= 1 + 1e-9 for value in values)

    @pytest.mark.parametrize(
        ("least", "labels"),
        [
            (0.97, ["100%", "98%", "96%", "94%", "92%", "90%"]),
            (0.33, ["100%", "80%", "60%", "40%"]),
            (0.0, ["100%", "80%", "60%", "40%", "20%", "0%"]),
        ],
    )
    def test_shares_end_at_all(self, least: float, labels: list[str]) -> None:
        axis = share_axis([least, 1.0])
        assert [label for _, label in axis.ticks] == labels
        assert axis.place(1.0) == 1
        assert axis.place(least) >= 0

    def test_rates(self) -> None:
        assert [label for _, label in rate_axis([1e-3, 1e-5]).ticks] == ["0", "0.0005", "0.001"]


def test_curves_are_where_their_values_are() -> None:
    drawn = curves([1, 2, 3], {"val": [0.0, 0.5, 1.0]}, share_axis([0, 1]), 2, "said")
    points = re.search(r'<polyline points="([^"]+)"', drawn)
    assert points
    xy = [tuple(map(float, point.split(","))) for point in points[1].split()]
    assert xy[1][0] - xy[0][0] == pytest.approx(xy[2][0] - xy[1][0])
    assert xy[0][1] - xy[1][1] == pytest.approx(xy[1][1] - xy[2][1])
    assert xy[0][1] > xy[2][1], "more is further up"
    kept = re.search(r'<line class="kept" x1="([\d.]+)"', drawn)
    assert kept
    assert float(kept[1]) == xy[1][0]


def test_one_epoch_is_a_dot() -> None:
    assert "<circle" in curves([1], {"val": [0.4]}, loss_axis([0.4]), 1, "said")


class TestConfusionPicture:
    def test_numbers_and_shades(self) -> None:
        drawn = confusion_picture(("a", "b"), ((3, 1), (0, 2)))
        assert re.findall(r'class="count">(\d+)<', drawn) == ["3", "1", "2"]
        shades = re.findall(r'fill-opacity="([\d.]+)" class="(right|wrong)"', drawn)
        assert [kind for _, kind in shades] == ["right", "wrong", "wrong", "right"]
        values = [float(value) for value, _ in shades]
        assert values[3] > values[0] > values[1] > values[2] == 0

    def test_a_class_without_photos(self) -> None:
        assert "nan" not in confusion_picture(("a", "b"), ((0, 0), (0, 2)))

    def test_many_classes_have_no_numbers(self) -> None:
        many = confusion_picture([f"class {n}" for n in range(40)], [[1] * 40] * 40)
        assert 'class="count"' not in many
        assert many.count("<rect") == 1600
