"""The training page: closed in itself, nothing unescaped, and saying what was found."""

from __future__ import annotations

import html
import re
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from edgetlc.devices.simulation import Simulation
from edgetlc.locale import _
from edgetlc.pages.charts import Axis
from edgetlc.pages.training import (
    MOST_FILES,
    SIDE,
    STEPS,
    changed_settings,
    charts,
    loss_axis,
    share_axis,
    thumbnail,
    write_page,
)
from edgetlc.runtime.classes import ClassInfo
from edgetlc.training.augment import ANNEX_A, Augmentation
from edgetlc.training.diagnosis import Finding
from edgetlc.training.metrics import score
from edgetlc.training.report import RunReport, WrongAnswer
from edgetlc.training.runs import Epoch, RunRecord

EVIL = "<script>alert(1)</script>"
CLASSES = (
    ClassInfo("disc", "圆片", "disc", "genuine"),
    ClassInfo("evil", "坏", EVIL, "counterfeit"),
)
EPOCHS = tuple(Epoch(n, 1 / n, 0.5 / n, n / 10, 1e-3, 2.0, n / 9) for n in range(1, 6))
SCORES = score([0, 0, 0, 1], [0, 0, 1, 1], ("disc", "evil"), np.eye(2)[[0, 0, 1, 1]])

WRONG = WrongAnswer("photos/gone.jpg", "disc", "evil", 0.999, "iphone-11", False)


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


def page_of(made: RunReport, folder: Path) -> str:
    write_page(folder / "page.html", made)
    return (folder / "page.html").read_text(encoding="utf-8")


def text_of(page: str, language: str = "en") -> str:
    """Return what a page says in one language."""
    other = {"en": "zh-CN", "zh": "en"}[language]
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    page = re.sub(rf'<(t?span) lang="{other}">.*?</\1>', "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_nothing_is_loaded_and_nothing_runs(tmp_path: Path) -> None:
    page = page_of(report(wrong=(WRONG,)), tmp_path)
    assert not re.search(r"<(script|link|iframe|object|form)\b", page)
    assert not re.search(r"<[^>]*\son\w+=", page)
    sources = re.findall(r'\s(?:src|href)="([^"]*)"', page)
    assert all(source.startswith(("#", "data:image/jpeg;base64,")) for source in sources)
    assert "url(" not in page
    assert text_of(page).count(EVIL) >= 3  # the label and the setting, as text


def test_all_is_said(tmp_path: Path) -> None:
    page = page_of(report(), tmp_path)
    text = text_of(page)
    for words in (
        "Training report",
        "accuracy 75.00% (3 of 4)",
        "Over-fitting: an example",
        "5, of 5 trained and 5 asked for",
        "Confusion matrix",
        "iPhone 11",
        "COUNTERFEIT",
        "seed value 7 default 0 Start of every random draw.",
        "settings.seed 7",
        "git.commit c0ffee",
        "commit c0ffee, with changes that were not committed",
        "d" * 64,
        "e" * 64,
        "a little flattering",
    ):
        assert words in text, words
    assert "SIMULATED" not in text
    assert "准确率 75.00%（4 张中 3 张正确）" in text_of(page, "zh")


def test_settings_at_their_defaults_are_folded_away(tmp_path: Path) -> None:
    record = {"settings": {"epochs": 20, "dropout": 0.5, "contract": {"size": 224, "mean": [1]}}}
    run = RunRecord(Path("r"), record, EPOCHS, None)
    assert [row[:3] for row in changed_settings(run)] == [
        ("dropout", 0.5, 0.0),
        ("contract.mean", [1], [0.485, 0.456, 0.406]),
    ]
    page = page_of(report(run=run), tmp_path)
    folded = page[page.index("<details>") : page.index("</details>")]
    assert "settings.epochs" in folded


def test_another_part_is_not_called_flattering(tmp_path: Path) -> None:
    text = text_of(page_of(report(part="test"), tmp_path))
    assert "test part : 75.00%" in text
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
    text = text_of(page_of(report(unreadable=lost), tmp_path))
    assert "Photos left out (102)" in text
    assert "p99.jpg" in text
    assert "p100.jpg" not in text
    assert "… +2" in text


class TestWrongAnswers:
    def test_each_is_shown_with_its_answer(self, tmp_path: Path) -> None:
        path = tmp_path / "piece.jpg"
        Image.new("RGB", (900, 600), (200, 40, 40)).save(path)
        here, gone = replace(WRONG, path=str(path)), replace(WRONG, camera=None, simulated=True)
        page = page_of(report(wrong=(here, gone)), tmp_path)
        assert len(re.findall(r'<img src="data:image/jpeg', page)) == 1
        text = text_of(page)
        assert f"disc → {EVIL} (evil) 99.90% iPhone 11 piece.jpg" in text
        assert "SIMULATED disc → " in text
        assert "The photo is not here, or cannot be read." in text

    def test_a_thumbnail_is_small_and_upright(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[274] = 6  # turned by 90 degrees
        Image.new("RGB", (900, 600)).save(tmp_path / "turned.jpg", exif=exif)
        made = thumbnail(replace(WRONG, path=str(tmp_path / "turned.jpg")))
        assert made is not None
        assert made.height == SIDE > made.width
        assert thumbnail(replace(WRONG, path="a\0b")) is None

    def test_where_all_is_right_it_says_so(self, tmp_path: Path) -> None:
        perfect = score([0, 1], [0, 1], ("disc", "evil"), np.eye(2))
        text = text_of(page_of(report(overall=perfect), tmp_path))
        assert "None: every photo was answered rightly." in text


class TestAugmentation:
    LOOKS: ClassVar = {"iphone-11": asdict(Simulation()), "oppo-reno12": asdict(Simulation())}

    def page(self, tmp_path: Path, **settings: object) -> str:
        run = RunRecord(Path("r"), {"settings": settings}, EPOCHS, None)
        return page_of(report(run=run), tmp_path)

    def test_every_step_has_its_share_and_range_beside_the_default(self, tmp_path: Path) -> None:
        used = asdict(ANNEX_A.with_settings(("rotation=180", "affine=0.8", "vertical_flip=0")))
        page = self.page(tmp_path, augmentation=used, camera_augmentation=None)
        text = text_of(page.replace("share of photos", "").replace("default (Annex A)", ""))
        for row in (
            "horizontal flip 50% 50%",
            "vertical flip 0% 50%",
            "shift (of the side) * 80% ±6.25% 50% ±6.25%",
            "scale * 80% ±10% 50% ±10%",
            "rotation * 80% ±180° 50% ±45°",
            "brightness 50% ±10% 50% ±10%",
            "contrast 50% ±10% 50% ±10%",
        ):
            assert row in text, row
        assert "平移（占边长）" in text_of(page, "zh")

    def test_no_step_is_missing(self) -> None:
        told = {name for _, *names, _ in STEPS for name in names if name}
        assert told == {field.name for field in fields(Augmentation)}

    def test_camera_augmentation_off(self, tmp_path: Path) -> None:
        page = self.page(tmp_path, augmentation=asdict(ANNEX_A), camera_augmentation=None)
        assert "相机增强：未使用。" in text_of(page, "zh")
        assert "Camera augmentation: off." in text_of(page)

    def test_camera_augmentation_on(self, tmp_path: Path) -> None:
        used = {"looks": self.LOOKS, "probability": 0.25, "strength": 1.5, "beyond": 0.5}
        page = self.page(tmp_path, augmentation=asdict(ANNEX_A), camera_augmentation=used)
        text = text_of(page)
        assert "相机增强：已使用。每一轮约 25% 的训练照片" in text_of(page, "zh")
        assert "Camera augmentation: on. In each epoch about 25% of the training photos" in text
        assert "profiles of 2 cameras, strength 1.5" in text
        assert "SIMULATED" in text

    def test_an_older_record_is_not_guessed_at(self, tmp_path: Path) -> None:
        assert "Augmentation" not in text_of(self.page(tmp_path))
        page = self.page(
            tmp_path, augmentation={"rotation": EVIL}, camera_augmentation={"looks": 1}
        )
        text = text_of(page)
        assert "rotation * share of photos ? ±? default (Annex A) 50% ±45°" in text
        assert "about ? of the training photos" in text


class TestAxes:
    def test_losses_close_together_begin_at_zero(self) -> None:
        axis = loss_axis([1.9, 0.3])
        assert (axis.low, axis.logarithmic) == (0, False)
        assert axis.high >= 1.9
        assert [label for _, label in axis.ticks] == ["0", "0.5", "1", "1.5"]
        assert axis.place(axis.high / 4) == 0.25

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
        ("least", "lowest"), [(0.97, 0.9), (0.33, 0.3), (0.0, 0.0), (0.95, 0.9)]
    )
    def test_shares_end_at_all(self, least: float, lowest: float) -> None:
        axis = share_axis([least, 1.0])
        assert axis.low == pytest.approx(lowest)
        assert axis.ticks[-1][1] == "100%"
        assert axis.place(1.0) == 1
        assert axis.place(least) >= 0

    @pytest.mark.parametrize("highest", [1e-3, 3e-5, 0.12, 1e-6])
    def test_labels_of_learning_rates_fit_beside_the_frame(self, highest: float) -> None:
        run = RunRecord(
            Path("r"), {}, tuple(replace(e, learning_rate=highest) for e in EPOCHS), None
        )
        plot = charts(run)[2].plot
        assert max(len(label) for _, label in plot.up.ticks) * 6.5 <= plot.left - 4

    @pytest.mark.parametrize("last", [1, 2, 5, 20, 137, 1000])
    def test_epochs_are_whole_numbers(self, last: int) -> None:
        axis = Axis.of_counts(1, last)
        labels = [label for _, label in axis.ticks]
        assert labels[0] == "1"
        assert all(label.isdigit() for label in labels)
        assert len(set(labels)) == len(labels) <= 9


def test_curves_are_where_their_values_are() -> None:
    loss, accuracy, _rate = charts(report().run)
    assert list(accuracy.curves) == ["train", "val"]
    xy = accuracy.curves["val"]
    assert xy[1][0] - xy[0][0] == pytest.approx(xy[2][0] - xy[1][0], abs=0.2)
    assert xy[0][1] > xy[2][1], "more is further up"
    assert loss.kept == xy[4][0]  # the last epoch is the best


def test_one_epoch_is_a_dot(tmp_path: Path) -> None:
    page = page_of(report(run=RunRecord(Path("r"), {}, EPOCHS[:1], None)), tmp_path)
    assert page.count("<circle") == 5


class TestConfusion:
    def cells(self, confusion: list[list[int]], tmp_path: Path) -> list[tuple[str, str, str]]:
        made = replace(SCORES, confusion=tuple(map(tuple, confusion)))
        page = page_of(report(overall=made), tmp_path)
        return re.findall(r'<td class="(right|wrong)" style="--share: ([\d.]+)%">(\d*)<', page)

    def test_numbers_and_shares(self, tmp_path: Path) -> None:
        assert self.cells([[3, 1], [0, 2]], tmp_path) == [
            ("right", "75.0", "3"),
            ("wrong", "25.0", "1"),
            ("wrong", "0.0", ""),
            ("right", "100.0", "2"),
        ]

    def test_a_class_without_photos(self, tmp_path: Path) -> None:
        assert self.cells([[0, 0], [0, 2]], tmp_path)[0] == ("right", "0.0", "")
