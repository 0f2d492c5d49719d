"""What this machine's processor can stand for, as far as the speed of int8 depends on it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgetlc.runtime.machine import processor_flags

Kind = Literal["vnni", "avx2", "arm"]

VNNI_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})


@dataclass(frozen=True)
class Processor:
    """Which kinds of processor can be measured here.

    Attributes:
        stands_for: kind to how: the empty text for this processor as it is, or the value of
            `ONEDNN_MAX_CPU_ISA` that holds OpenVINO to it.
        known: whether the system tells what the processor can do.
    """

    stands_for: Mapping[Kind, str]
    known: bool = True

    @property
    def held_to(self) -> tuple[str, ...]:
        """The instruction sets to hold OpenVINO to."""
        return tuple(isa for isa in self.stands_for.values() if isa)


def this_processor() -> Processor:
    """Return what this machine's processor stands for; only Linux on x86 tells its abilities."""
    if platform.machine().lower() in ("aarch64", "arm64"):
        return Processor({"arm": ""})
    flags = processor_flags()
    return processor_with(flags) if flags else Processor({}, known=False)


def processor_with(flags: frozenset[str]) -> Processor:
    """Return what an x86 processor with these flags of Linux's `/proc/cpuinfo` stands for."""
    stands_for: dict[Kind, str] = {}
    if flags & VNNI_FLAGS:
        older = "AVX512_CORE_VNNI" if "avx512_vnni" in flags else "AVX2_VNNI"
        stands_for["vnni"] = older if "amx_int8" in flags else ""
    if "avx2" in flags:
        stands_for["avx2"] = "AVX2" if flags & {*VNNI_FLAGS, "avx512f"} else ""
    return Processor(stands_for)
