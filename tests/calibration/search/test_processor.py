from __future__ import annotations

from pathlib import Path

import pytest

from edgetlc.calibration.search import timing
from edgetlc.calibration.search.timing import Processor, processor_with, this_processor
from edgetlc.runtime import machine


@pytest.mark.parametrize(
    ("flags", "stands_for"),
    [
        ("avx avx2 avx512f avx512_vnni", {"vnni": "", "avx2": "AVX2"}),
        ("avx2 avx_vnni", {"vnni": "", "avx2": "AVX2"}),
        ("avx2 avx512f", {"avx2": "AVX2"}),  # neither VNNI nor AVX2 alone
        ("avx2 fma", {"avx2": ""}),
        ("avx2 avx512f avx512_vnni amx_int8", {"vnni": "AVX512_CORE_VNNI", "avx2": "AVX2"}),
        ("avx2 avx_vnni amx_int8", {"vnni": "AVX2_VNNI", "avx2": "AVX2"}),
        ("sse4_2", {}),
    ],
)
def test_x86_by_its_flags(flags: str, stands_for: dict[str, str]) -> None:
    found = processor_with(frozenset(flags.split()))
    assert found.stands_for == stands_for
    assert found.held_to == tuple(isa for isa in stands_for.values() if isa)


@pytest.mark.parametrize(
    ("architecture", "cpuinfo", "expected"),
    [
        ("x86_64", "model name\t: x\nflags\t\t: avx2 avx_vnni\n", {"vnni": "", "avx2": "AVX2"}),
        ("aarch64", "Features\t: asimddp\n", {"arm": ""}),
        ("arm64", None, {"arm": ""}),
    ],
)
def test_this_machine(
    architecture: str,
    cpuinfo: str | None,
    expected: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing.platform, "machine", lambda: architecture)
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert this_processor() == Processor(expected)


def test_a_system_that_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing.platform, "machine", lambda: "AMD64")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "none")
    assert this_processor() == Processor({}, known=False)
