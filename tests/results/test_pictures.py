"""Evidence as pictures; the caption's font falls back to English, never to empty boxes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from edgetlc.errors import ImageError
from edgetlc.results import fonts, pictures
from edgetlc.results.icons import ICONS, icon_name, icon_picture
from edgetlc.results.pictures import SIDE, Evidence, annotated, evidence
from edgetlc.results.records import RunInfo
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.prediction import Prediction

Predict = Callable[..., Prediction]


def jpeg(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@pytest.fixture
def without_chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fonts, "chinese_font_files", tuple)
    fonts.chinese_font.cache_clear()
    yield
    fonts.chinese_font.cache_clear()


@pytest.fixture
def seen(predicted: Predict) -> Evidence:
    return evidence(predicted(), jpeg(320, 240), "squash")


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is drawn as text, in the order of drawing."""
    drawn: list[str] = []
    draw = ImageDraw.ImageDraw.text

    def listen(self: Any, place: Any, text: str, **options: Any) -> None:
        drawn.append(text)
        draw(self, place, text, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", listen)
    return drawn


class TestEvidence:
    @pytest.mark.parametrize(
        ("width", "height", "shown"),
        [
            (1600, 1200, (SIDE, SIDE * 3 // 4)),
            (1200, 1600, (SIDE * 3 // 4, SIDE)),
            (80, 60, (80, 60)),
        ],
    )
    def test_size_for_people(
        self, width: int, height: int, shown: tuple[int, int], predicted: Predict
    ) -> None:
        made = evidence(predicted(), jpeg(width, height), "squash")
        assert made.photo.size == made.overlay.size == shown

    def test_what_the_network_did_not_see_is_grey(self, predicted: Predict) -> None:
        made = evidence(predicted(), jpeg(640, 320), "crop")
        pixels = np.asarray(made.overlay).astype(int)
        unseen = np.concatenate([pixels[:, :160], pixels[:, 480:]], axis=1)
        assert np.ptp(unseen, axis=2).max() == 0
        assert unseen.max() < 128
        assert np.ptp(pixels[:, 200:440], axis=2).max() > 60

    def test_a_photo_too_large_to_be_shown(
        self, predicted: Predict, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(content: bytes, size: int) -> None:
            raise ImageError("too large")

        monkeypatch.setattr(pictures, "decode", refuse)
        prediction = predicted()
        made = evidence(prediction, b"", "crop")
        np.testing.assert_array_equal(np.asarray(made.photo), prediction.pixels)


class TestAnnotated:
    def test_photo_and_overlay_side_by_side(
        self, predicted: Predict, seen: Evidence, run_info: RunInfo
    ) -> None:
        canvas = np.asarray(annotated(predicted(), seen, run_info))
        width, height = seen.photo.size
        np.testing.assert_array_equal(canvas[24 : 24 + height, 24 : 24 + width], seen.photo)
        left = 24 + width + 12
        np.testing.assert_array_equal(canvas[24 : 24 + height, left : left + width], seen.overlay)
        assert (canvas[24 + height :] < 100).any(), "no caption"

    def test_caption(
        self, predicted: Predict, seen: Evidence, run_info: RunInfo, texts: list[str]
    ) -> None:
        if fonts.chinese_font() is None:
            pytest.skip("no font with Chinese characters here")
        annotated(predicted(), seen, run_info)
        caption = " ".join(texts)
        for words in (
            "陈皮 aged tangerine peel - 正品 GENUINE",
            "置信度 97.31%；给出此结论需要 90.00%",
            "confidence 97.31%; an answer with this label needs 90.00%",
            "橘皮 tangerine peel, 2.00%",
            "iphone-11 (by EXIF); verified in this bundle: UNTESTED",
            "设备未验证",
            "camera was not verified",
            "a.jpg",
            run_info.bundle[:16],
        ):
            assert words in caption

    def test_not_sure_comes_first(
        self, predicted: Predict, seen: Evidence, run_info: RunInfo, texts: list[str]
    ) -> None:
        annotated(predicted(decision="not_sure", confidence=0.5), seen, run_info)
        assert "NOT SURE: send the piece to the laboratory" in texts[:2]
        assert "most likely " in " ".join(texts)

    @pytest.mark.usefixtures("without_chinese")
    def test_english_only_without_a_chinese_font(
        self, predicted: Predict, seen: Evidence, run_info: RunInfo, texts: list[str]
    ) -> None:
        annotated(predicted(), seen, run_info)
        caption = " ".join(texts)
        assert all(c < "\u2e80" for c in caption)
        assert "aged tangerine peel - GENUINE" in caption
        assert "confidence 97.31%; an answer with this label needs 90.00%" in caption
        assert "camera was not verified" in caption

    @pytest.mark.usefixtures("without_chinese")
    def test_no_empty_boxes(
        self, predicted: Predict, seen: Evidence, run_info: RunInfo, texts: list[str]
    ) -> None:
        annotated(predicted(label=ClassInfo("x", "陈皮", "陈皮", "counterfeit")), seen, run_info)
        assert texts[0] == "?? - COUNTERFEIT"

    def test_any_label_fits(self, predicted: Predict, seen: Evidence, run_info: RunInfo) -> None:
        for name in ("W" * 500, "陈" * 300, "a b " * 200, "\0\x1b\ud800", "<b>]]>", " "):
            label = ClassInfo("x", name, name, "counterfeit")
            picture = annotated(predicted(label=label, file=f"{name}.jpg"), seen, run_info)
            assert picture.width == 900 + 2 * 24
            # Nothing is drawn into the margin on the right.
            assert np.asarray(picture)[:, -20:].min() == 255

    def test_every_decision_has_another_sign(self) -> None:
        names = {
            icon_name(decision, role)
            for decision in ("answer", "not_sure", "unreadable")
            for role in ("genuine", "counterfeit", "unspecified")
        }
        assert names == set(ICONS)
        masks = [np.asarray(icon_picture(name, 64, (0, 0, 0)))[..., 3] / 255 for name in ICONS]
        for i, first in enumerate(masks):
            for second in masks[:i]:
                assert np.abs(first - second).mean() > 0.08


class TestFonts:
    def test_characters_the_font_lacks(self) -> None:
        font = ImageFont.load_default(20)
        assert fonts.drawable(font, "peel 12.5%") == "peel 12.5%"
        assert fonts.drawable(font, "陈皮 peel") == "?? peel"

    @pytest.mark.usefixtures("without_chinese")
    def test_none(self) -> None:
        assert fonts.chinese_font() is None
        assert fonts.load_font(20).getlength("peel") > 10

    def test_the_systems(self) -> None:
        if fonts.chinese_font() is None:
            pytest.skip("no font with Chinese characters here")
        font = fonts.load_font(20)
        assert fonts.drawable(font, "陈皮 peel：，（）·%") == "陈皮 peel：，（）·%"

    def test_a_file_that_is_no_font(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        junk = tmp_path / "msyh.ttc"
        junk.write_bytes(b"no font" * 100)
        monkeypatch.setattr(fonts, "chinese_font_files", lambda: (tmp_path / "gone", junk))
        fonts.chinese_font.cache_clear()
        assert fonts.chinese_font() is None
        fonts.chinese_font.cache_clear()


def test_files(predicted: Predict, seen: Evidence, run_info: RunInfo, tmp_path: Path) -> None:
    prediction = replace(predicted(), file="dir/" + "很长的名字" * 60 + "\n'\".jpg")
    overlay = pictures.write_overlay(tmp_path, prediction, seen)
    picture = pictures.write_annotated(tmp_path, prediction, seen, run_info)
    assert overlay.name.endswith(".overlay.png")
    assert picture.name.endswith(".annotated.jpg")
    with Image.open(overlay) as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(seen.overlay))
    with Image.open(picture) as image:
        assert image.format == "JPEG"
        assert image.size == annotated(prediction, seen, run_info).size
