"""Which machine this is, as far as reports need it to compare answers between machines."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from edgetlc.runtime.engines import ENGINES

CPUINFO = Path("/proc/cpuinfo")
"""Where Linux describes its processors."""


@dataclass(frozen=True)
class Machine:
    """Where an answer was computed.

    Attributes:
        system: operating system and its release.
        architecture: such as `x86_64` or `aarch64`.
        processor: its name, or an empty text where the system does not tell; with the instruction
            set that `ONEDNN_MAX_CPU_ISA` holds OpenVINO to, as an older processor would.
        cores: logical processors.
        python: version; empty where no Python runs, as in the phone app.
    """

    system: str
    architecture: str
    processor: str
    cores: int
    python: str

    def __str__(self) -> str:
        """Return one line for people."""
        processor = self.processor or self.architecture
        python = f", Python {self.python}" if self.python else ""
        return f"{processor}, {self.cores} cores, {self.system}{python}"


def this_machine() -> Machine:
    """Return the machine this runs on; no name, address or serial number is read."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        python=platform.python_version(),
    )


def processor_flags() -> frozenset[str]:
    """Return what Linux says the processor can do, such as `avx2`; nothing on other systems."""
    facts = _cpuinfo()
    return frozenset(f"{facts.get('flags', '')} {facts.get('Features', '')}".split())  # x86, ARM


def _processor() -> str:
    facts = _cpuinfo()
    names = (facts.get(key) for key in ("model name", "Model", "Hardware"))  # ARM names the board
    name = next(filter(None, names), "") if facts else platform.processor()
    held_to = [os.environ.get(e.isa_variable) for e in ENGINES.values() if e.isa_variable]
    return " held to ".join((name, *filter(None, held_to)))


def _cpuinfo() -> dict[str, str]:
    """Return what Linux says of the last processor; nothing on other systems."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    fields = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in fields}
