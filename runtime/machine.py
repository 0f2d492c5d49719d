"""Which machine this is, as far as reports need it to compare answers between machines."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


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


def _processor() -> str:
    name, held_to = _processor_name(), os.environ.get("ONEDNN_MAX_CPU_ISA")
    return f"{name} held to {held_to}" if held_to else name


def _processor_name() -> str:
    """Return the processor's name; Linux keeps it in a file, and ARM boards name the board."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    facts = {name.strip(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return facts.get("model name") or facts.get("Model") or facts.get("Hardware") or ""
