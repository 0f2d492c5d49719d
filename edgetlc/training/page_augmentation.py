"""What a run's page says of augmentation: which steps, how often and how far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgetlc.results.html_page import Html, element, joined, table, two_languages
from edgetlc.training.augment import ANNEX_A, OWN_CHOICE


@dataclass(frozen=True)
class _Step:
    """A row of the table.

    Attributes:
        zh: its name in Chinese.
        en: its name in English.
        chance: the field of `Augmentation` that holds its probability.
        reach: the field that holds its largest change; empty for a flip.
        unit: of that change: `°`, or `%` for a recorded share.
    """

    zh: str
    en: str
    chance: str
    reach: str = ""
    unit: str = "%"

    def of(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """Return how often and how far, as text."""
        far = _figure(values.get(self.reach), self.unit)
        return _figure(values.get(self.chance), "%"), f"±{far}" if self.reach else ""


STEPS = (
    _Step("水平翻转", "horizontal flip", "horizontal_flip"),
    _Step("垂直翻转", "vertical flip", "vertical_flip"),
    _Step("平移（占边长）", "shift (of the side)", "affine", "shift"),
    _Step("缩放", "scale", "affine", "scale"),
    _Step("旋转", "rotation", "affine", "rotation", "°"),
    _Step("亮度", "brightness", "light", "brightness"),
    _Step("对比度", "contrast", "light", "contrast"),
)


def augmentation(record: Mapping[str, Any]) -> Iterator[Html]:
    """Yield what happened to the training photos; nothing where an older run does not tell.

    Args:
        record: of `run.json`.
    """
    settings = _table(record, "settings")
    told = _table(settings, "augmentation")
    if not told:
        return
    yield element("h2", two_languages("数据增强", "Augmentation"))
    yield _sentences(
        "只用于训练照片，每一轮重新随机抽取。平移、缩放、旋转同时发生，亮度与对比度同时发生。"
        "* 附录 A 中无法辨认，默认值由 edgetlc 自定。",
        "Of training photos only, drawn anew in each epoch. Shift, scale and rotation happen "
        "together, and so do brightness and contrast. * Not legible in Annex A; the default is "
        "edgetlc's own.",
    )
    head = (
        two_languages("步骤", "step"),
        two_languages("照片比例", "share of photos"),
        two_languages("最大幅度", "up to"),
        two_languages("默认（附录 A）", "default (Annex A)"),
    )
    yield element("div", table(head, _rows(told)), class_="wide small")
    yield _sentences(*_camera_words(_table(settings, "camera_augmentation")))


def _rows(told: Mapping[str, Any]) -> Iterator[tuple[str | Html, ...]]:
    for step in STEPS:
        default = " ".join(step.of(asdict(ANNEX_A))).strip()
        mark = " *" if step.reach in OWN_CHOICE else ""
        yield joined((two_languages(step.zh, step.en), mark)), *step.of(told), default


def _camera_words(told: Mapping[str, Any]) -> tuple[str, str]:
    """Return whether photos were shown as other cameras', in Chinese and English."""
    if not told:
        return "相机增强：未使用。", "Camera augmentation: off."
    share = _figure(told.get("probability"), "%")
    strength = _figure(told.get("strength"), "")
    count = len(_table(told, "looks"))
    return (
        f"相机增强：已使用。每一轮约 {share} 的训练照片被变换成其他相机可能拍出的样子"
        f"（模拟；由 {count} 种相机的设定混合，强度 {strength}）。",
        f"Camera augmentation: on. In each epoch about {share} of the training photos were shown "
        f"as other cameras might have taken them (SIMULATED; mixed from the profiles of {count} "
        f"cameras, strength {strength}).",
    )


def _table(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}


def _figure(value: Any, unit: str) -> str:
    """Return a recorded number with its unit, a share as a percentage; `?` for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "?"
    return f"{100 * value if unit == '%' else value:.4g}{unit}"


def _sentences(zh: str, en: str) -> Html:
    return element("p", two_languages(zh, en, lines=True), class_="pale")
