"""How to read the report: the rule in plain words, and how often it errs."""

from __future__ import annotations

from collections.abc import Iterator

from edgetlc.parity.page_claim import sequential
from edgetlc.parity.page_words import SIMULATED, Words, sentences, zh_en
from edgetlc.parity.reasons import percent
from edgetlc.parity.verification import Verification
from edgetlc.results.html_page import Html, element

_ENUMERATED_AT = 0.95  # the confidence at which tests/parity/test_verdict.py enumerates


def how_to_read(found: Verification) -> Html:
    """Return the sheet that explains the rule."""
    title = element("h1", zh_en(("如何阅读本报告", "How to read this report")))
    return element("section", title, *map(sentences, _paragraphs(found)))


def _paragraphs(found: Verification) -> Iterator[Words]:
    yield _counting(found)
    yield from _sequential_rule(found) if sequential(found) else _fixed_rule(found)
    yield (
        "证据不足：两者都未证明。这不是“几乎通过”，而是需要更多照片。",
        "INSUFFICIENT: neither is shown. It is no near-PASS: it takes more photos.",
    )
    if any(report.gate for report in found.candidates):
        yield (
            "伪品被判为正品：同样的规则只用于伪品照片，所有设备合并；"
            "“损”指参照未判为正品而候选判为正品。",
            "Counterfeits called genuine: the same rule for fixed numbers, on the photos of "
            "counterfeits alone, all cameras together; a harm is one that the candidate calls "
            "genuine and the reference does not.",
        )
    yield (
        "前提：照片（或样本）相互独立。通过只针对有照片的设备、此模型包与所列引擎，不涉及其他。",
        "It rests on this: photos (or specimens) are independent. A PASS speaks of the cameras "
        "with photos, of this bundle and of the engines listed, and of nothing else.",
    )
    yield (
        "改变的来源：把候选的像素交给参照网络，若其答案也随之改变，则为“像素”，否则为“网络”。",
        "Where a changed answer comes from: the reference's network is given the candidate's "
        "pixels; if its answer changes too the cause is the pixels, else the network.",
    )
    if found.simulated:
        yield (
            f"{SIMULATED[0]}：本报告不能说明真实设备的情况。",
            f"{SIMULATED[1]}: this report says nothing of the real cameras.",
        )


def _counting(found: Verification) -> Words:
    if found.labelled:
        return (
            "参照模型（浮点）与候选模型对同一原始文件作答。参照答对而候选答错为“损”，反之为“益”；"
            "准确率的下降等于损的比例减去益的比例。",
            "The reference, a float model, and the candidates answer the same original files. A "
            "photo that the reference gets right and the candidate wrong is a harm, the reverse a "
            "gain; the drop of accuracy is the share of harms minus that of gains.",
        )
    return (
        "参照模型（浮点）与候选模型对同一原始文件作答。不使用真实类别：每个改变的答案都计为“损”，"
        "因此不会判为未通过。",
        "The reference, a float model, and the candidates answer the same original files. Without "
        "true classes every changed answer counts as a harm, and no camera is called FAIL.",
    )


def _fixed_rule(found: Verification) -> Iterator[Words]:
    margin, sure = percent(found.rule.margin), percent(found.rule.confidence)
    yield (
        f"通过：损的比例的 {sure} 置信上限（Clopper–Pearson，精确）低于容许值 {margin}；"
        "准确率的下降因此也低于它。",
        f"PASS: the exact {sure} upper bound of the share of harms (Clopper–Pearson) is below the "
        f"margin of {margin}; the drop then is below it too.",
    )
    if found.labelled:
        yield (
            f"未通过：损的精确二项检验与下降的 Tango 检验都以 {sure} 置信度表明超过容许值；"
            "设备之间按 Holm 校正。",
            "FAIL: two tests, the exact binomial one of the harms and Tango's of the drop, both "
            f"show with {sure} confidence that the margin is exceeded; Holm-adjusted over the "
            "cameras.",
        )
    yield _fixed_errors(found)


def _fixed_errors(found: Verification) -> Words:
    errs = percent(found.rule.alpha)
    zh = (
        f"出错率：若真实下降正好等于容许值，误判为通过的概率至多 {errs}；"
        f"误判任一设备未通过的概率至多 {errs}。"
    )
    en = (
        f"How often it errs: where the true drop equals the margin, a PASS is given in at most "
        f"{errs} of cases; any camera within it is called FAIL in at most {errs}."
    )
    if found.rule.confidence != _ENUMERATED_AT:
        return zh, en
    return (
        f"{zh}对 10 至 600 张照片逐一精确枚举：前者至多 5 %，后者至多 4.6 %。",
        f"{en} Enumerated exactly for 10 to 600 photos: at most 5 % and 4.6 %.",
    )


def _sequential_rule(found: Verification) -> Iterator[Words]:
    margin, errs = percent(found.rule.margin), percent(found.rule.alpha)
    yield (
        f"序贯规则：每张照片后更新 e 值。若“损的比例达到 {margin}”属实，e 值达到所需值的概率"
        f"至多 {errs}（Ville 不等式），无论何时、因何停止拍摄；达到即为通过。",
        "Sequential rule: the e-value is updated after every photo. Were the share of harms "
        f"{margin} or more, it would ever reach what is needed in at most {errs} of cases (Ville's "
        "inequality), whenever and for whatever reason photographing stops; reaching it is a PASS.",
    )
    if found.labelled:
        yield (
            f"未通过：“下降不超过 {margin}”的 e 值达到所需值；所需值随设备数提高，"
            f"故误判任一设备未通过的概率至多 {errs}。",
            f'FAIL: the e-value against "the drop is at most {margin}" reaches what is needed, '
            "which grows with the number of cameras, so that any camera is wrongly called FAIL in "
            f"at most {errs} of cases.",
        )
