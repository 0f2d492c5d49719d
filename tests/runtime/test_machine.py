from __future__ import annotations

import platform
from pathlib import Path

import pytest

from edgetlc.runtime import machine
from edgetlc.runtime.machine import processor_flags, this_machine

X86 = """processor\t: 0
model name\t: Maker(R) Chip 1: new
flags\t\t: fpu avx2 avx512_vnni
bugs\t\t: bf16_bug

processor\t: 1
model name\t: Maker(R) Chip 1: new
flags\t\t: fpu avx2 avx512_vnni
bugs\t\t: bf16_bug
"""
ARM = """processor\t: 0
Features\t: fp asimd asimddp i8mm bf16
CPU part\t: 0xd40

Hardware\t: BCM2835
Model\t\t: Raspberry Pi 4
"""


@pytest.fixture
def cpuinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    return tmp_path / "cpuinfo"


@pytest.mark.parametrize(
    ("text", "name", "flags"),
    [
        (X86, "Maker(R) Chip 1: new", {"fpu", "avx2", "avx512_vnni"}),
        (ARM, "Raspberry Pi 4", {"fp", "asimd", "asimddp", "i8mm", "bf16"}),
        ("Hardware\t: BCM2835\n", "BCM2835", set()),
        ("\xff no colon\n", "", set()),
    ],
)
def test_what_linux_says_of_the_processor(
    text: str, name: str, flags: set[str], cpuinfo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpuinfo.write_text(text, encoding="latin-1")
    assert this_machine().processor == name
    assert processor_flags() == flags
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert this_machine().processor == f"{name} held to AVX2"


def test_another_system(cpuinfo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    assert this_machine().processor == "arm"
    assert processor_flags() == frozenset()
