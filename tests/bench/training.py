"""Training speed: this project's loop beside a bare PyTorch loop, taking turns in one process.

    python tests/bench/training.py -o bench-out
    python tests/bench/training.py -o bench-out --device cuda --batch-size 256 --steps 40 \\
        --workers 8 [--arch densenet161] [--compile]

`ours` trains from JPEG files: decoded once into the cache, then read, augmented and learned from,
epoch after epoch. `bare` is the least that anybody could write: the same network, precision, batch
and optimizer on one batch of tensors that is in memory all the time. On a GPU `recipe` is beside
them: torchvision's reference recipe in its essence (RandomResizedCrop and flip on JPEG files that
are decoded at every epoch, workers, SGD). Each takes `--steps` steps in turn; medians are compared.

The roofline share is the network's floating-point work per second over what one large bf16 (fp32)
matrix product reaches on the same device.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import numpy as np
import torch
import torchvision
from figures import Figure, table
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode
from torchvision.transforms import v2

from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.files import write_json
from edgetlc.models.networks import Classifier
from edgetlc.runtime.classes import ClassInfo
from edgetlc.training.cache import ImageCache
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import ALONE
from edgetlc.training.images import load_images
from edgetlc.training.loop import Loop
from edgetlc.training.machine import learns_in_bf16

CLASSES = 10
_SIDES = (640, 480)  # of the photos, in pixels
_MATRIX = {"cpu": 2048, "cuda": 8192}


@dataclass(frozen=True)
class Bench:
    """What all contestants share."""

    config: TrainingConfig
    photos: PhotoSet
    device: torch.device
    steps: int
    bf16: bool

    def autocast(self) -> torch.autocast:
        """Return the context that the forward pass runs in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def network(self) -> nn.Module:
        """Return torchvision's network, as a bare loop would make it."""
        made: nn.Module = getattr(torchvision.models, self.config.architecture)(num_classes=CLASSES)
        return made.to(self.device, memory_format=torch.channels_last).train()

    def wait(self) -> None:
        """Wait for the GPU."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def main() -> None:
    """Measure, print the table and write it."""
    options = _options()
    bench = _bench(options)
    setting_up = time.perf_counter()
    ours = _ours(bench, options.output / "cache")
    decoding = len(bench.photos.photos) / (time.perf_counter() - setting_up)
    contestants = {"ours": ours, "bare": _bare(bench)}
    if bench.device.type == "cuda":
        contestants["recipe"] = _recipe(bench)
    rates, use = _rounds(contestants, bench, options.turns)
    work = _work(bench)
    peak = _peak(bench)
    figures = [
        Figure(
            f"{bench.config.architecture}: ours beside the bare loop",
            rates["ours"],
            rates["bare"],
            rates["ours"] / rates["bare"],
            0.95 if bench.device.type == "cpu" else 0.90,
            at_most=False,
            unit="images/s",
        ),
        Figure(
            "roofline share of ours",
            rates["ours"] * work / 1e12,
            peak / 1e12,
            rates["ours"] * work / peak,
            None,
            unit="TFLOP/s",
            remark=f"{work / 1e9:.1f} GFLOP an image; the peak is a matrix product's",
        ),
        Figure("decoding into the cache", decoding, None, None, None, unit="images/s"),
    ]
    if use:
        figures.append(
            Figure("GPU in use by ours", statistics.mean(use), None, None, None, unit="%")
        )
    if "recipe" in rates:
        ratio = rates["ours"] / rates["recipe"]
        remark = "torchvision's reference recipe"
        figures.append(
            Figure(
                "ours beside the recipe",
                rates["ours"],
                rates["recipe"],
                ratio,
                None,
                unit="images/s",
                remark=remark,
            )
        )
    print(_machine(bench))
    print(table(figures))
    document = {"machine": _machine(bench), "figures": [figure.to_json() for figure in figures]}
    write_json(options.output / f"training-{bench.config.architecture}.json", document)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/training.py", description="Training speed.")
    parser.add_argument("-o", "--output", type=Path, default=Path("bench-out"))
    parser.add_argument("--arch", default="resnet50")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"))
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=2, help="of each turn")
    parser.add_argument("--turns", type=int, default=5, help="of each contestant")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="of the CPU")
    parser.add_argument("--compile", action="store_true", help="ours")
    return parser.parse_args()


def _bench(options: argparse.Namespace) -> Bench:
    if options.device == "cpu":
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    config = TrainingConfig(
        options.arch,
        epochs=1000,
        batch_size=options.batch_size,
        device=options.device,
        precision=options.precision,
        workers=options.workers,
        compile=options.compile,
    )
    photos = _photos(options.output / "training-photos", options.batch_size * options.steps)
    bf16 = learns_in_bf16(config.precision, device)
    return Bench(config, photos, device, options.steps, bf16)


def _photos(folder: Path, count: int) -> PhotoSet:
    """Return generated photos, JPEG files of 640 x 480."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"class-{number}" for number in range(CLASSES)]
    classes = tuple(ClassInfo(name, "", name) for name in names)
    photos = []
    for number in range(count):
        path = folder / f"{number:06}.jpg"
        if not path.exists():
            coarse = np.random.default_rng(number).integers(0, 256, (60, 80, 3), np.uint8)
            picture = Image.fromarray(coarse).resize(_SIDES, Image.Resampling.BICUBIC)
            picture.save(path, quality=92)
        photos.append(Photo(path, names[number % CLASSES], part="train"))
    return PhotoSet(tuple(photos), classes)


def _ours(bench: Bench, folder: Path) -> Callable[[], None]:
    shutil.rmtree(folder, ignore_errors=True)
    cache = ImageCache(folder, bench.config.contract)
    images = load_images(bench.photos, cache, "")
    classifier = Classifier(bench.config.architecture, CLASSES)
    validation = replace(images, entries=images.entries[:1], targets=images.targets[:1])
    loop = Loop(classifier, bench.config, images, validation, ALONE, bench.device)
    numbers = iter(range(1, bench.config.epochs))
    return lambda: loop.train(next(numbers)) and None


def _bare(bench: Bench) -> Callable[[], None]:
    network = bench.network()
    size = bench.config.contract.size
    images = torch.randn(bench.config.batch_size, 3, size, size, device=bench.device)
    images = images.contiguous(memory_format=torch.channels_last)
    targets = torch.arange(len(images), device=bench.device) % CLASSES
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4, weight_decay=0.05, fused=True)

    def train() -> None:
        for _ in range(bench.steps):
            _learn(bench, network, optimizer, images, targets)

    return train


def _recipe(bench: Bench) -> Callable[[], None]:
    """Return torchvision's references/classification recipe without its learning-rate schedule."""
    size = bench.config.contract.size
    normal = v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    augment = v2.Compose(
        [
            v2.RandomResizedCrop(size, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            normal,
        ]
    )

    class Files(torch.utils.data.Dataset[tuple[Tensor, int]]):
        def __len__(self) -> int:
            return len(bench.photos.photos)

        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            photo = bench.photos.photos[index]
            with Image.open(photo.path) as image:
                return augment(image.convert("RGB")), bench.photos.index(photo)

    loader = DataLoader(
        Files(),
        bench.config.batch_size,
        shuffle=True,
        num_workers=bench.config.workers,
        persistent_workers=bench.config.workers > 0,
        pin_memory=True,
    )
    network = bench.network()
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)

    def train() -> None:
        for images, targets in loader:
            images = images.to(bench.device, non_blocking=True, memory_format=torch.channels_last)
            _learn(bench, network, optimizer, images, targets.to(bench.device, non_blocking=True))

    return train


def _learn(
    bench: Bench,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    targets: Tensor,
) -> None:
    with bench.autocast():
        logits = network(images)
    loss = F.cross_entropy(logits.float(), targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _rounds(
    contestants: dict[str, Callable[[], None]], bench: Bench, turns: int
) -> tuple[dict[str, float], list[float]]:
    """Return each contestant's median images per second, and the GPU's use by ours, in percent.

    The first turn warms up.
    """
    use: list[float] = []
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(turns + 1):
        for name, train in contestants.items():
            start = time.perf_counter()
            with _gpu_use(bench, use if name == "ours" and number else []):
                train()
                bench.wait()
            if number:
                seconds[name].append(time.perf_counter() - start)
        print(f"  round {number} of {turns}", file=sys.stderr)
    images = bench.steps * bench.config.batch_size
    return {name: images / statistics.median(times) for name, times in seconds.items()}, use


@contextmanager
def _gpu_use(bench: Bench, percents: list[float]) -> Iterator[None]:
    """Append what `nvidia-smi` says of the GPU's use, twice a second, while the block runs."""
    if bench.device.type != "cuda" or shutil.which("nvidia-smi") is None:
        yield
        return
    command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    over = Event()

    def sample() -> None:
        while not over.wait(0.5):
            told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            percents.append(float(told.splitlines()[bench.device.index or 0]))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(sample)
        try:
            yield
        finally:
            over.set()


def _work(bench: Bench) -> float:
    """Return the floating-point operations of one image's forward and backward pass."""
    size = bench.config.contract.size
    network = bench.network().eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.randn(1, 3, size, size, device=bench.device)).sum().backward()
    return float(counter.get_total_flops())


def _peak(bench: Bench) -> float:
    """Return the floating-point operations per second of a large matrix product."""
    side = _MATRIX[bench.device.type]
    kind = torch.bfloat16 if bench.bf16 else torch.float32
    a, b = (torch.randn(side, side, device=bench.device, dtype=kind) for _ in range(2))
    best = 0.0
    for _ in range(8):
        bench.wait()
        start = time.perf_counter()
        torch.mm(a, b)
        bench.wait()
        best = max(best, 2 * side**3 / (time.perf_counter() - start))
    return best


def _machine(bench: Bench) -> str:
    if bench.device.type == "cuda":
        where = torch.cuda.get_device_name(bench.device)
    else:
        busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
        where = f"{torch.get_num_threads()} threads{busy}"
    kind = "bf16" if bench.bf16 else "fp32"
    return (
        f"{where}, {kind}, batch {bench.config.batch_size}, PyTorch {torch.__version__}, "
        f"Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
