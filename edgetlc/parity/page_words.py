"""What the verification page says again and again, in Chinese and English: one place each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edgetlc.parity.reasons import percent
from edgetlc.parity.sequential import SequentialVerdict
from edgetlc.parity.verdict import CameraVerdict, Rule, Verdict
from edgetlc.results.html_page import Html, element, joined, sign, table, two_languages
from edgetlc.results.wording import ROLES, STATUS, UNKNOWN
from edgetlc.runtime.classes import ClassInfo

Words = tuple[str, str]
"""Chinese, English."""

VERDICT_SIGNS: Mapping[Verdict, str] = {
    "PASS": "genuine",
    "FAIL": "counterfeit",
    "INSUFFICIENT": "not_sure",
}
CAUSES: Mapping[str, Words] = {
    "pixels": ("像素", "pixels"),
    "network": ("网络", "network"),
    "unknown": ("原因不明", "unknown cause"),
}
KINDS: Mapping[str, Words] = {
    "right_to_wrong": ("对变错", "right to wrong"),
    "wrong_to_right": ("错变对", "wrong to right"),
    "other": ("答案不同", "changed"),
    "false_genuine": ("伪品判为正品", "counterfeit as genuine"),
}
DECISIONS: Mapping[str, Words] = {
    "genuine": ROLES["genuine"],
    "counterfeit": ROLES["counterfeit"],
    "unspecified": ("其他", "other"),
    "not sure": ("不确定", "NOT SURE"),
}
CAMERA: Words = ("设备", "camera")
CANDIDATE: Words = ("候选", "candidate")
REFERENCE: Words = ("参照", "reference")
MARGIN: Words = ("容许值", "margin")
PHOTO: Words = ("照片", "photo")
PHOTOS: Words = ("照片", "photos")
CHANGED: Words = ("变化", "changed")
ENGINES: Words = ("引擎", "engines")
VERDICT: Words = ("结论", "verdict")
SIMULATED: Words = ("模拟照片，非真实拍摄", "SIMULATED photos, not taken with a camera")


def zh_en(words: Words) -> Html:
    """Return a wording in both languages, side by side."""
    return two_languages(*words)


def sentences(words: Words) -> Html:
    """Return a paragraph in both languages, one below the other."""
    return element("p", two_languages(*words, lines=True))


def heading(words: Words) -> Html:
    """Return a heading within a section."""
    return element("h2", zh_en(words))


def words_table(columns: Iterable[Words], rows: Iterable[Sequence[str | Html]]) -> Html:
    """Return a table whose columns are named in both languages."""
    return table([zh_en(words) for words in columns], rows)


def mark(verdict: Verdict, said: str = "") -> Html:
    """Return a verdict as its sign, told apart by shape, with its word for those who listen.

    Args:
        verdict: which sign.
        said: why, shown on pointing at it.
    """
    given = {"title": said} if said else {}
    drawn = sign(VERDICT_SIGNS[verdict])
    return element("span", drawn, class_=f"mark {verdict}", role="img", aria_label=verdict, **given)


def verdict_words(verdict: Verdict) -> Html:
    """Return a verdict as sign and word."""
    words = element("span", zh_en(STATUS[verdict]), class_=verdict)
    return joined((mark(verdict), " ", words))


def camera_name(camera: str | None) -> Html:
    """Return a camera's id."""
    return joined((camera,)) if camera else zh_en(UNKNOWN)


def class_words(name: str | None, classes: Sequence[ClassInfo]) -> Html:
    """Return a class by its labels, with its folder's name where neither label is that."""
    if name is None:
        return joined(("–",))
    for info in classes:
        if info.name == name:
            labels = zh_en((info.zh, info.en))
            return labels if name in (info.zh, info.en) else joined((labels, f" ({name})"))
    return joined((name,))


def unit_words(independent: str) -> Words:
    """Return what counts once: the photo or the specimen."""
    if independent == "photo":
        return "每张照片单独计数，视为相互独立", "every photo counts, taken as independent"
    return (
        "同一样本的照片合计为一，样本视为相互独立",
        "photos of one specimen count once; specimens are taken as independent",
    )


def units_needed(found: CameraVerdict | SequentialVerdict) -> int:
    """Return the fewest further photos or specimens that could bring a PASS."""
    return found.clean_needed if isinstance(found, SequentialVerdict) else found.photos_needed


def listed(names: Iterable[str], most: int = 40) -> str:
    """Return names with commas, and how many more there are."""
    every = list(names)
    more = f" … (+{len(every) - most})" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def reason(found: CameraVerdict | SequentialVerdict, rule: Rule, harmed: str = "由对变错") -> Html:
    """Return why a verdict is what it is; the English is that of the verdict itself.

    Args:
        found: the verdict.
        rule: its margin and confidence.
        harmed: in Chinese, what happened to harms.
    """
    if isinstance(found, SequentialVerdict):
        chinese = _sequential_zh(found, rule, harmed)
    else:
        chinese = _fixed_zh(found, rule, harmed if found.tally.labelled else "答案改变")
    return two_languages(chinese, found.reason, lines=True)


def _fixed_zh(v: CameraVerdict, rule: Rule, harmed: str) -> str:
    t, margin = v.tally.independent, percent(rule.margin)
    unit = {"photo": "张照片", "specimen": "个样本"}[v.tally.unit]
    takes = f"通过至少还需 {v.photos_needed} {unit}，且全部无损。"
    if not t.n:
        return f"未测试：没有照片。{takes}"
    gains = f"，{t.c} 个反之" if t.c else ""
    seen = f"{t.n} {unit}中 {t.b} 个{harmed}{gains}；以 {percent(rule.confidence)} 置信度"
    if v.verdict == "FAIL":
        return f"{seen}，恶化超过 {percent(v.drop_lower)}，高于容许值 {margin}。"
    if v.verdict == "PASS":
        return f"{seen}，{harmed}的至多 {percent(v.right_to_wrong_upper)}，低于容许值 {margin}。"
    upper = percent(v.right_to_wrong_upper)
    return f"{seen}，{harmed}的可达 {upper}，不能证明低于容许值 {margin}。{takes}"


def _sequential_zh(v: SequentialVerdict, rule: Rule, harmed: str) -> str:
    takes = f"通过至少还需 {v.clean_needed} 个，且全部无损。"
    if not v.photos:
        return f"未测试：没有照片。{takes}"
    seen = f"{v.units} 个中 {v.right_to_wrong} 个{harmed}"
    if v.verdict != "INSUFFICIENT":
        side = "低于" if v.verdict == "PASS" else "高于"
        shown = f"以 {percent(rule.confidence)} 置信度{side}容许值 {percent(rule.margin)}"
        return f"{seen}；第 {v.stopped_at} 张后{shown}：可停止拍摄。"
    if v.stopped_at is not None:
        return f"{seen}；第 {v.stopped_at} 张后已有结论，但后续照片与之矛盾：查明原因后重新开始。"
    return f"{seen}；e 值为 {v.e_pass:.3g}，通过需 {v.needed_pass:.0f}。{takes}"
