from __future__ import annotations

from pathlib import Path

import pytest
import torch

from edgetlc.training.machine import learns_in_bf16

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)
X86 = "processor\t: 0\nflags\t\t: fpu sse2 avx2 avx512f{}\nbugs\t\t: bf16_bug\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd i8mm{}\nCPU part\t: 0xd40\n"


@pytest.mark.parametrize(
    ("text", "native"),
    [
        (X86.format(" avx512_bf16"), True),
        (X86.format(" amx_bf16"), True),
        (ARM.format(" bf16"), True),
        (X86.format(""), False),
        (X86.format(" avx512_vnni"), False),
        (ARM.format(""), False),
    ],
)
def test_processor_that_multiplies_bf16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, native: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr("edgetlc.runtime.machine.CPUINFO", tmp_path / "cpuinfo")
    assert learns_in_bf16("auto", CPU) is native
    assert learns_in_bf16("bf16", CPU) is True
    assert learns_in_bf16("fp32", CPU) is False


@pytest.mark.parametrize(
    ("capability", "native"), [((7, 5), False), ((8, 0), True), ((9, 0), True)]
)
def test_gpu(monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], native: bool) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert learns_in_bf16("auto", GPU) is native
