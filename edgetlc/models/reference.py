"""The float reference: a checkpoint behind the same protocol as the exported models."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edgetlc.models.checkpoint import Checkpoint
from edgetlc.models.pixel_step import PixelStep
from edgetlc.models.torch_threads import torch_threads
from edgetlc.runtime.engines import Output
from edgetlc.runtime.pixels import Pixels


class ReferenceModel(nn.Module):
    """Pixel step, network, temperature and softmax in PyTorch; an `Engine`.

    It computes on `cpu` or `cuda`; of processor threads PyTorch chooses the number unless given.
    """

    def __init__(
        self, checkpoint: Checkpoint, device: str = "cpu", threads: int | None = None
    ) -> None:
        super().__init__()
        self.name = f"pytorch {torch.__version__.split('+')[0]}"
        self.device = torch.device(device)
        self._threads = threads
        self.step = PixelStep(checkpoint.contract)
        self.classifier = checkpoint.classifier
        self.temperature = checkpoint.temperature
        self.to(self.device).eval()

    @torch.inference_mode()
    def run(self, pixels: Pixels, images: bool = False) -> Output:
        """Classify uint8[N, H, W, 3], the host step's result."""
        # A copy: decoded pixels may be read-only, which PyTorch warns about.
        with self._own_threads():
            seen = self.step(torch.tensor(pixels).to(self.device))
            output = self._classify(seen)
        return replace(output, images=seen.cpu().numpy()) if images else output

    @torch.inference_mode()
    def classify_images(self, images: NDArray[np.float32]) -> Output:
        """Classify float32[N, 3, size, size] that another pixel step made."""
        with self._own_threads():
            return self._classify(torch.from_numpy(images).to(self.device))

    def _own_threads(self) -> AbstractContextManager[None]:
        return nullcontext() if self._threads is None else torch_threads(self._threads)

    def _classify(self, images: Tensor) -> Output:
        logits, evidence = self.classifier(images)
        probabilities = torch.softmax(logits / self.temperature, dim=1)
        return Output(probabilities.cpu().numpy(), evidence.cpu().numpy())
