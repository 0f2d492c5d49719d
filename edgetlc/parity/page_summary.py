"""The first sheet: the verdict, what exactly is claimed, and the matrix behind it."""

from __future__ import annotations

from collections.abc import Iterator

from edgetlc.parity import page_claim
from edgetlc.parity.page_matrix import candidates, legend, matrix
from edgetlc.parity.page_words import SIMULATED, VERDICT_SIGNS, heading, mark, sentences, zh_en
from edgetlc.parity.verification import Verification
from edgetlc.results.html_page import Html, element, sign
from edgetlc.results.wording import STATUS


def summary(found: Verification) -> Html:
    """Return the first sheet."""
    title = ("模型包逐设备一致性验证", "Verification of a model bundle, camera by camera")
    return element(
        "section",
        element("h1", zh_en(title)),
        *_simulated(found),
        _verdict(found),
        sentences(page_claim.claim(found)),
        sentences(page_claim.terms(found)),
        *_not_covered(found),
        heading(("候选模型", "Candidates")),
        candidates(found),
        heading(("设备 × 候选模型", "Cameras × candidates")),
        matrix(found),
        legend(found),
    )


def _simulated(found: Verification) -> Iterator[Html]:
    if found.simulated:
        yield element("p", zh_en(SIMULATED), class_="simulated")


def _verdict(found: Verification) -> Html:
    zh, en = STATUS[found.verdict]
    return element(
        "div",
        sign(VERDICT_SIGNS[found.verdict]),
        element(
            "div",
            element("p", zh, class_="large", lang="zh-CN"),
            element("p", en, class_="large", lang="en"),
        ),
        class_=f"overall {found.verdict}",
    )


def _not_covered(found: Verification) -> Iterator[Html]:
    """Yield which cameras are untested, and how other machines did."""
    if found.untested:
        yield sentences(page_claim.untested(found))
    if found.machines:
        passed = all(machine.passed for machine in found.machines)
        words = zh_en(page_claim.selftests(found))
        yield element("p", mark("PASS" if passed else "FAIL"), " ", words)
