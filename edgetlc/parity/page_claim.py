"""The words of the first sheet: what exactly is claimed, of what, and on which terms."""

from __future__ import annotations

from edgetlc.parity.page_words import Words, listed, unit_words
from edgetlc.parity.reasons import percent
from edgetlc.parity.verification import Verification


def claim(found: Verification) -> Words:
    """Return what the verdict claims."""
    said = {"PASS": _passed, "FAIL": _failed, "INSUFFICIENT": _nothing}[found.verdict]
    zh, en = said(found)
    if found.labelled:
        return zh, en
    return (
        f"{zh}未使用真实类别：每个改变的答案都计为损失。",
        f"{en} No true classes were used: every changed answer counts as a harm.",
    )


def _passed(found: Verification) -> Words:
    margin, sure = percent(found.rule.margin), percent(found.rule.confidence)
    return (
        f"所证明的：以 {sure} 的置信度，在每一个有照片的设备上，每个候选模型的准确率"
        f"比参照模型低不到 {margin}。",
        f"Claimed, with {sure} confidence: on every camera with photos, the accuracy of every "
        f"candidate is less than {margin} below that of the reference.",
    )


def _failed(found: Verification) -> Words:
    margin, sure = percent(found.rule.margin), percent(found.rule.confidence)
    return (
        f"所证明的：下列至少一项未通过。设备未通过，指以 {sure} 的置信度，"
        f"准确率下降超过 {margin}。",
        "Claimed: at least one item below fails. Of a camera that means, with "
        f"{sure} confidence, that accuracy drops by more than {margin}.",
    )


def _nothing(found: Verification) -> Words:
    margin = percent(found.rule.margin)
    if found.candidates and all(report.verdict == "PASS" for report in found.candidates):
        return (
            "有照片的设备全部通过，但要求覆盖的设备中有些没有照片，故不作整体结论。",
            "Every camera with photos passes, but cameras that were to be covered have none: of "
            "all together nothing is claimed.",
        )
    return (
        f"什么也未证明：照片既不能证明每个设备的下降都小于 {margin}，也不能证明有设备超过它。"
        "下表列出还需多少照片。",
        f"Nothing is claimed: the photos show neither that every camera stays within {margin} nor "
        "that one exceeds it. The table below says how many more photos it takes.",
    )


def terms(found: Verification) -> Words:
    """Return what was compared, and how it was counted."""
    cameras = {camera for report in found.candidates for camera in report.decided} - {None}
    unit, rule, gate = unit_words(found.independent), _rule(found), _gate(found)
    return (
        f"{len(cameras)} 种设备的 {found.photos} 张照片；参照：{found.reference}；{unit[0]}；"
        f"{rule[0]}。{gate[0]}",
        f"{found.photos} photos of {len(cameras)} cameras, compared with {found.reference}; "
        f"{unit[1]}; {rule[1]}. {gate[1]}",
    )


def _rule(found: Verification) -> Words:
    if sequential(found):
        return "序贯规则，随时停止拍摄均有效", "sequential rule, valid whenever photographing stops"
    return "照片数量事先确定", "for a number of photos fixed beforehand"


def sequential(found: Verification) -> bool:
    """Return whether e-processes decide."""
    return any(report.sequential for report in found.candidates)


def _gate(found: Verification) -> Words:
    margin = percent(found.gate_rule.margin)
    if any(report.gate for report in found.candidates):
        return (
            f"伪品被判为正品的比例另设容许值 {margin}。",
            f"Counterfeits called genuine have a margin of their own, {margin}.",
        )
    return (
        "模型包未标明正品与伪品，故未检查伪品被判为正品。",
        "The bundle tells no genuine from counterfeit classes, so counterfeits called genuine are "
        "not judged.",
    )


def untested(found: Verification) -> Words:
    """Return of which cameras nothing is claimed."""
    names = listed(found.untested)
    return (
        f"未测试的设备（没有照片，不作任何结论）：{names}。",
        f"Untested cameras, without photos; nothing is claimed of them: {names}.",
    )


def selftests(found: Verification) -> Words:
    """Return how the self-tests of other machines went."""
    count, failed = len(found.machines), sum(not machine.passed for machine in found.machines)
    return (
        f"其他机器的自检：{count} 份，{failed} 份未通过",
        f"self-tests of other machines: {failed} of {count} failed",
    )
