"""Which number format the convolutions learn in.

bfloat16 halves the memory traffic and, where the processor multiplies it natively, more than
doubles the speed; elsewhere it is emulated and slower than float32. `torch.autocast` converts
layer by layer: weights, their sums in the optimizer and the loss stay float32.
"""

from __future__ import annotations

import torch

from edgetlc.runtime.machine import processor_flags
from edgetlc.training.config import Precision

_CPU_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86 by AVX-512 or AMX; ARM
_FIRST_GPU = (8, 0)  # NVIDIA Ampere


def learns_in_bf16(precision: Precision, device: torch.device) -> bool:
    """Return whether to compute in bfloat16; `auto` where `device` does so natively."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _FIRST_GPU
    return bool(_CPU_FLAGS & processor_flags())
