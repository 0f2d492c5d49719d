"""One run in several processes: on several GPUs or machines, started by `torchrun`.

Every process holds the whole network and takes its share of each batch; gradients are averaged
(`DistributedDataParallel`) and batch normalisation takes its statistics over the whole batch, so
the run computes what one process with the same batch size would, but for the order of sums.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from edgetlc.errors import InputError
from edgetlc.progress import Silent, reporting

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """The processes of a run, and which one this is: `rank`, from 0, of `size`; only 0 writes.

    `local_rank` and `local_size` are the same within this machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def main(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Return which of `count` images of a batch this process takes."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def barrier(self) -> None:
        """Wait for all processes."""
        if self.size > 1:
            dist.barrier()

    def gather(self, value: T) -> list[T]:
        """Return every process's value, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def replica(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Return the network as this process trains it; it shares the given one's weights."""
        if self.size == 1:
            return model
        if device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        else:
            for module in model.modules():
                if type(module) is nn.BatchNorm2d:
                    module.__class__ = _SharedBatchNorm2d
        return DistributedDataParallel(model)


ALONE = World()


def started_by_torchrun() -> World:
    """Return what `torchrun` told this process; a world of one without it."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    if not all(os.environ.get(name, "").isdecimal() for name in names):
        return ALONE
    return World(*(int(os.environ[name]) for name in names))


@contextmanager
def rank_zero_only() -> Iterator[None]:
    """Let the first of several processes alone show progress and notes."""
    if started_by_torchrun().main:
        yield
        return
    with reporting(Silent()):
        yield


def join(device: str) -> tuple[World, torch.device]:
    """Connect this process to the others, if there are any; return them and its device.

    Raises:
        InputError: one GPU is named for all processes, or there are fewer GPUs than processes.
    """
    world = started_by_torchrun()
    if world.size == 1:
        return world, torch.device(device)
    if device.startswith("cuda:"):
        raise InputError(
            "--device {device} under torchrun; use cuda: each process takes its own", device=device
        )
    place = torch.device(device, world.local_rank) if device == "cuda" else torch.device(device)
    if place.type == "cuda":
        if world.local_size > torch.cuda.device_count():
            raise InputError(
                "{processes} processes on {gpus} GPUs; use torchrun --nproc-per-node with at "
                "most as many",
                processes=world.local_size,
                gpus=torch.cuda.device_count(),
            )
        torch.cuda.set_device(place)
    if not dist.is_initialized():  # a command may train several networks in a row
        dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)
    return world, place


@contextmanager
def errors_end_all(world: World) -> Iterator[None]:
    """Say in one line that another process failed; that one has said why, and torchrun ends all."""
    try:
        yield
    except (dist.DistError, RuntimeError) as error:
        lost_connection = isinstance(error, dist.DistError) or "gloo" in str(error)
        if world.size == 1 or not lost_connection:
            raise
        raise InputError("another process of this run ended; its own message says why") from None


class _SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the batches of all processes; PyTorch's own needs a GPU."""

    def forward(self, images: Tensor) -> Tensor:
        """Normalise float32 or bfloat16[N, C, H, W]; in evaluation mode as ever."""
        if not self.training:
            return super().forward(images)
        with torch.autocast(images.device.type, enabled=False):
            precise = images.to(torch.promote_types(images.dtype, torch.float32))
            return self._normalised(precise).to(images.dtype)

    def _normalised(self, images: Tensor) -> Tensor:
        own = images.new_full((1,), images.numel() / images.shape[1])
        sums = _sum_over_processes(torch.cat([images.sum(dim=(0, 2, 3)), own]))
        count, mean = sums[-1].detach(), sums[:-1] / sums[-1]
        centred = images - _per_channel(mean)
        variance = _sum_over_processes((centred**2).sum(dim=(0, 2, 3))) / count
        known: Any = self  # PyTorch's types allow for layers that remember nothing
        known.running_mean.lerp_(mean.detach(), self.momentum)
        known.running_var.lerp_(variance.detach() * count / (count - 1), self.momentum)
        known.num_batches_tracked.add_(1)
        scale = torch.rsqrt(variance + self.eps) * self.weight
        return centred * _per_channel(scale) + _per_channel(self.bias)


class _SumOverProcesses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _SumOverProcesses.forward(ctx, *gradients)


def _sum_over_processes(value: Tensor) -> Tensor:
    total: Tensor = _SumOverProcesses.apply(value)
    return total


def _per_channel(values: Tensor) -> Tensor:
    return values.view(1, -1, 1, 1)
