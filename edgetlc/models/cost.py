"""What a network costs: parameters, multiplications, and the time of one photo.

Times are of this machine and only good for ratios; the networks take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode

from edgetlc.models.networks import Classifier, channels_last
from edgetlc.runtime.timing import interleaved

ROUNDS = 6


@dataclass(frozen=True)
class NetworkCost:
    """The cost of classifying one photo."""

    parameters: int
    multiply_adds: int  # of convolutions and matrix products: half of the floating-point operations
    milliseconds: float  # median in float32 in PyTorch on this machine, from pixels


def costs_of(
    networks: Mapping[str, Classifier], size: int, device: str = "cpu"
) -> dict[str, NetworkCost]:
    """Return the costs of networks by name, at `size` x `size` pixels, timed by turns.

    They are moved to `device` and put into evaluation mode.
    """
    image = channels_last(torch.zeros(1, 3, size, size, device=device))
    for network in networks.values():
        network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    times = interleaved({name: _job(n, image) for name, n in networks.items()}, ROUNDS)
    return {
        name: NetworkCost(
            sum(parameter.numel() for parameter in network.parameters()),
            _multiply_adds(network, image),
            median(times[name]),
        )
        for name, network in networks.items()
    }


def _job(network: Classifier, image: torch.Tensor) -> Callable[[], None]:
    @torch.inference_mode()
    def answer() -> None:
        network(image)
        if image.is_cuda:
            torch.cuda.synchronize(image.device)

    return answer


@torch.no_grad()
def _multiply_adds(network: Classifier, image: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        network(image)
    return int(counter.get_total_flops()) // 2
