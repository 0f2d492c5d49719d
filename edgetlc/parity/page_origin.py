"""The last sheets: other machines, photos left out, where everything comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from edgetlc.parity.page_words import (
    PHOTOS,
    REFERENCE,
    Words,
    heading,
    verdict_words,
    words_table,
    zh_en,
)
from edgetlc.parity.verification import Verification
from edgetlc.results.html_page import Html, element, facts, joined, table
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.machine import this_machine
from edgetlc.runtime.schema import BundleManifest
from edgetlc.runtime.selftest import ModelResult, SelfTest

MOST_FILES, MOST_FACTS, LONGEST = 100, 300, 200
"""Unreadable photos, provenance facts, and characters of one fact that a page shows."""


def machines(found: Verification) -> Iterator[Html]:
    """Yield the self-tests of other machines, where any were merged in."""
    if not found.machines:
        return
    columns = (
        ("模型", "model"),
        ("引擎", "engine"),
        ("变化", "changed"),
        ("概率最大差", "largest difference"),
        ("结论", "verdict"),
    )
    sheets = []
    for test in found.machines:
        rows = (_model_row(model) for model in test.models)
        sheets += [
            heading((str(test.machine), str(test.machine))),
            element("p", _decoding(test)),
            element("div", words_table(columns, rows), class_="wide small"),
        ]
    title = element("h1", zh_en(("其他机器的自检", "Self-tests of other machines")))
    yield element("section", title, *sheets)


def _decoding(test: SelfTest) -> Html:
    largest = "?" if test.pixels.largest is None else str(test.pixels.largest)
    words: Words = (
        f"解码像素最大差 {largest} 级灰度",
        f"decoded pixels at most {largest} grey levels apart",
    )
    passed = verdict_words("PASS" if test.pixels.passed else "FAIL")
    tool = f" · edgetlc {test.edgetlc} · {test.created}"
    return joined((zh_en(words), ": ", passed, tool))


def _model_row(model: ModelResult) -> tuple[str | Html, ...]:
    return (
        model.model,
        model.engine,
        f"{model.changed} / {len(model.answers)}",
        f"{model.largest:.2g}",
        verdict_words("PASS" if model.passed else "FAIL"),
    )


def unreadable(found: Verification) -> Iterator[Html]:
    """Yield the photos that were left out, where there are any."""
    if not found.unreadable:
        return
    rows = found.unreadable[:MOST_FILES]
    count = len(found.unreadable)
    yield element(
        "section",
        element("h1", zh_en((f"未能读取的 {count} 张照片", f"{count} photos left out"))),
        table((zh_en(("文件", "file")), zh_en(("原因", "reason"))), rows),
        *([element("p", f"… +{count - MOST_FILES}")] if count > MOST_FILES else []),
    )


def origin(found: Verification, bundle: Bundle) -> Html:
    """Return where everything comes from."""
    manifest = bundle.manifest
    columns = (
        ("模型", "model"),
        ("格式", "format"),
        ("引擎", "engines"),
        ("文件与 SHA-256", "files and SHA-256"),
    )
    return element(
        "section",
        element("h1", zh_en(("来源", "Where this comes from"))),
        facts(_run_facts(found, manifest)),
        heading(("模型文件", "Model files")),
        element("div", words_table(columns, _models(manifest)), class_="small"),
        heading(("模型包自述：训练、量化、工具", "What the bundle says of its making")),
        element("div", facts(_provenance(manifest.provenance)), class_="small"),
    )


def _run_facts(found: Verification, manifest: BundleManifest) -> Iterator[tuple[Html, Html]]:
    yield zh_en(("模型包", "bundle SHA-256")), element("code", found.bundle_digest)
    made = f"{manifest.created} · edgetlc {manifest.edgetlc}"
    yield zh_en(("模型包生成", "bundle made")), joined((made,))
    yield zh_en(REFERENCE), joined((found.reference,))
    engines = dict.fromkeys(report.engine for report in found.candidates)
    yield zh_en(("引擎", "engines")), joined((", ".join(engines),))
    yield zh_en(PHOTOS), joined((str(found.photos),))
    yield zh_en(("照片集", "photo set SHA-256")), element("code", found.photos_digest)
    for machine in found.collected_on:
        yield zh_en(("运算所用机器", "answers computed on")), joined((machine,))
    yield zh_en(("判定", "judged")), joined((f"{found.created} · edgetlc {found.edgetlc}",))
    yield zh_en(("判定所用机器", "judged on")), joined((str(this_machine()),))
    for precision, policy in manifest.decision.items():
        needed = f"≥ {policy.needed('unspecified'):.4f}; {policy.needed('genuine'):.4f}"
        label = (
            f"{precision} 作答所需置信度；判为正品",
            f"{precision} confidence to answer; to call genuine",
        )
        yield zh_en(label), joined((needed,))


def _models(manifest: BundleManifest) -> Iterator[tuple[str | Html, ...]]:
    for model in manifest.models:
        files = joined(
            (
                joined(
                    (
                        f"{name} ({manifest.files[name].bytes:,} B)",
                        element("br"),
                        element("code", manifest.files[name].sha256),
                    )
                )
                for name in model.files
            ),
            "<br>",
        )
        yield model.id, f"{model.format} {model.precision}", ", ".join(model.engines), files


def _provenance(provenance: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    told = list(_flat(provenance))
    yield from told[:MOST_FACTS]
    if len(told) > MOST_FACTS:
        yield "…", f"+{len(told) - MOST_FACTS}"


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested tables, named by their paths; lists become one value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
        return
    text = str(value)
    yield name, text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
