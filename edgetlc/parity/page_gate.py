"""Counterfeits called genuine, and what reference and candidate decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgetlc.parity.false_genuine import SPECIMENS, FalseGenuine, GenuineRate
from edgetlc.parity.page_words import (
    CANDIDATE,
    DECISIONS,
    REFERENCE,
    camera_name,
    heading,
    mark,
    reason,
    unit_words,
    verdict_words,
    zh_en,
)
from edgetlc.parity.reasons import percent
from edgetlc.parity.verdict import CameraVerdict, Rule
from edgetlc.results.html_page import Html, element, facts, joined, table


def gate(found: FalseGenuine | None) -> Iterator[Html]:
    """Yield what the photos of counterfeits show; nothing where no class is a counterfeit."""
    if found is None:
        return
    yield heading(("伪品被判为正品", "Counterfeits called genuine"))
    verdict = verdict_words(found.pooled.verdict)
    why = reason(found.pooled, found.rule, "新被判为正品")
    yield element("p", verdict, element("br"), why)
    unit = unit_words("specimen" if found.independent == SPECIMENS else "photo")
    tested = (camera for camera in found.cameras if camera.tested)
    rows = (
        (zh_en(REFERENCE), _rate(found.reference, found.rule)),
        (zh_en(CANDIDATE), _rate(found.candidate, found.rule)),
        (zh_en(("新增 / 照片", "newly / photos")), joined(map(_camera, tested), " · ")),
        (zh_en(("计数", "counting")), zh_en(unit)),
    )
    yield facts(rows)


def _rate(rate: GenuineRate, rule: Rule) -> Html:
    if rate.share is None:
        return zh_en(("没有伪品照片", "no photos of counterfeits"))
    sure = percent(rule.confidence)
    bounds = zh_en((f"单侧 {sure} 界限", f"one-sided {sure} bounds"))
    seen = f"{rate.called} / {rate.photos} = {percent(rate.share)}; "
    return joined((seen, bounds, f" {percent(rate.lower)} … {percent(rate.upper)}"))


def _camera(v: CameraVerdict) -> Html:
    sign, name = mark(v.verdict, v.reason), camera_name(v.tally.camera)
    return element("span", sign, " ", name, f" {v.tally.b}/{v.tally.n}", class_="whole")


def decisions(roles: Mapping[str, int]) -> Iterator[Html]:
    """Yield how many photos the reference and the candidate decide one way and another.

    Args:
        roles: as in `CandidateReport`; empty where the bundle's classes have no roles.
    """
    if not roles:
        return
    counts = {tuple(pair.split(" to ")): photos for pair, photos in roles.items()}
    names = [name for name in DECISIONS if any(name in pair for pair in counts)]
    yield heading(("判定：参照 → 候选", "Decisions: reference → candidate"))
    rows = (
        [zh_en(DECISIONS[before]), *(_count(counts, before, after) for after in names)]
        for before in names
    )
    columns = ("", *(joined(("→ ", zh_en(DECISIONS[after]))) for after in names))
    yield element("div", table(columns, rows), class_="wide")


def _count(counts: Mapping[tuple[str, ...], int], before: str, after: str) -> Html:
    """Return a cell of the decisions' table; changed decisions stand out."""
    photos = counts.get((before, after), 0)
    name = "strong" if photos and before != after else "span"
    return element(name, str(photos))
