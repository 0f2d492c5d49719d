"""The training loop: epochs of steps, each followed by a validation.

Everything random is drawn by seed, epoch and index (`edgetlc.training.rng`), so the loop's state
is its weights, its optimizer and its schedule; from them it goes on as if it had never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.models.networks import Classifier, channels_last
from edgetlc.progress import progress
from edgetlc.training.config import TrainingConfig
from edgetlc.training.distributed import World
from edgetlc.training.images import AugmentedBatches, BatchPlan, BatchPlans, ImageSet, augmented
from edgetlc.training.machine import interrupts_blocked, learns_in_bf16, memory_explained
from edgetlc.training.objective import Objective, Teacher
from edgetlc.training.rng import kept_features
from edgetlc.training.runs import Epoch

_GPU_CHECKS = 50  # steps between looks at the loss, for each of which the GPU must be waited for


class Loop:
    """Trains a classifier in place, on the device of this process, to which it is moved."""

    def __init__(
        self,
        classifier: Classifier,
        config: TrainingConfig,
        training: ImageSet,
        validation: ImageSet,
        world: World,
        device: torch.device,
        teacher: Teacher | None = None,
    ) -> None:
        self._config, self._world, self._device, self._teacher = config, world, device, teacher
        self._training, self.validation = training, validation
        self._classifier = classifier.to(device).to(memory_format=torch.channels_last)
        replica = world.replica(self._classifier, device)
        self._model: Any = torch.compile(replica) if config.compile else replica
        self._mean, self._std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1)
            for values in (config.contract.mean, config.contract.std)
        )
        classes = classifier.head.out_features
        self._objective = Objective(config, training.targets, classes, device)
        self._check_every = 1 if device.type == "cpu" else _GPU_CHECKS
        self._bf16 = learns_in_bf16(config.precision, device)
        # A GPU augments a batch quicker than workers do; but cameras' JPEG files need them.
        self._on_gpu = device.type == "cuda" and config.camera_augmentation is None
        self._plans = BatchPlans(len(training.targets), config, world)
        self._loader = DataLoader(
            AugmentedBatches(training, config, augment=not self._on_gpu),
            sampler=self._plans,
            batch_size=None,  # a plan is a batch
            num_workers=config.workers,
            persistent_workers=config.workers > 0,
            pin_memory=device.type == "cuda",
        )
        self._optimizer = torch.optim.AdamW(
            self._classifier.parameters(),
            config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            config.learning_rate,
            epochs=config.epochs,
            steps_per_epoch=len(self._plans),
        )

    def epoch(self, number: int) -> tuple[Epoch, NDArray[np.float32]]:
        """Train and validate once; return the figures and the validation's logits.

        Raises:
            InputError: a loss is not a number, or the memory does not suffice.
        """
        start, rate = time.monotonic(), self._rate
        with memory_explained(self._config.batch_size):
            train_loss, train_accuracy = self.train(number)
            logits = self._validate()
        targets = self.validation.targets
        val_loss = float(F.cross_entropy(logits, targets))
        if not math.isfinite(val_loss):
            raise InputError(
                "the loss is {loss} at the validation of epoch {number}, learning rate "
                "{rate:.2e}; try a lower --lr",
                loss=val_loss,
                number=number,
                rate=self._rate,
            )
        accuracy = int((logits.argmax(1) == targets).sum()) / len(targets)
        seconds = round(time.monotonic() - start, 3)
        epoch = Epoch(number, train_loss, val_loss, accuracy, rate, seconds, train_accuracy)
        return epoch, logits.numpy()

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything that the next epoch depends on: tensors, and a JSON document."""
        saved = self._optimizer.state_dict()
        tensors = {f"network.{n}": t for n, t in self._classifier.backbone.state_dict().items()}
        for index, values in saved["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items()}
        document = {"groups": saved["param_groups"], "schedule": self._schedule.state_dict()}
        return {name: t.detach().cpu().contiguous() for name, t in tensors.items()}, document

    def restore(self, tensors: Mapping[str, Tensor], document: Mapping[str, Any]) -> None:
        """Take up the state that `state` returned."""
        parameters = list(self._classifier.parameters())
        network: dict[str, Tensor] = {}
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "network":
                network[rest] = tensor
                continue
            index, _, what = rest.partition(".")
            # The fused optimizer walks through memory: its state must lie as the weights do.
            like = parameters[int(index)]
            laid_out = torch.empty_like(like).copy_(tensor) if tensor.dim() else tensor
            state.setdefault(int(index), {})[what] = laid_out
        self._classifier.backbone.load_state_dict(network)
        self._optimizer.load_state_dict({"state": state, "param_groups": document["groups"]})
        self._schedule.load_state_dict(document["schedule"])

    @property
    def _rate(self) -> float:
        return float(self._optimizer.param_groups[0]["lr"])

    def train(self, number: int) -> tuple[float, float]:
        """Take an epoch's steps; return their mean loss and the accuracy."""
        self._model.train()
        self._plans.epoch = number
        with interrupts_blocked():
            batches = iter(self._loader)
        steps = len(self._plans)
        figures = torch.zeros(steps, 2, device=self._device)
        rates = []
        what = _("epoch {number} of {count}", number=number, count=self._config.epochs)
        for plan, images in progress(batches, what, steps):
            rates.append(self._rate)
            figures[plan.step] = self._step(plan, images)
            if plan.step % self._check_every == 0 or plan.step == steps - 1:
                self._check_losses(figures[: plan.step + 1, 0], rates, number)
        shares = self._world.gather(figures.mean(dim=0).tolist())
        loss, right = (sum(values) for values in zip(*shares, strict=True))
        return loss, right / self._plans.size

    def _step(self, plan: BatchPlan, images: Tensor) -> Tensor:
        """Learn from a batch; return this process's part of its loss and of its right answers."""
        images = images.to(self._device, non_blocking=True)
        if self._on_gpu:
            images = augmented(images, plan, self._config)
        targets = self._training.targets[list(plan.indices)].to(self._device, non_blocking=True)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            seen = self._normalise(images)
            logits, _maps = self._model(seen, self._kept(plan))
            taught = self._teacher.answers(seen) if self._teacher else None
        logits = logits.float()
        loss = self._objective(logits, targets, plan.rows)
        if self._teacher and taught is not None:
            loss = self._teacher.share(loss, logits, taught, len(plan.own) / len(plan.indices))
        self._optimizer.zero_grad(set_to_none=True)
        # Gradients are averaged over the processes, but their losses add up to the batch's.
        (loss * self._world.size).backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._schedule.step()
        right = (logits.detach().argmax(1) == targets[plan.rows]).sum()
        return torch.stack([loss.detach(), right])

    def _kept(self, plan: BatchPlan) -> Tensor | None:
        if not self._config.dropout:
            return None
        shape = len(plan.indices), self._classifier.head.in_features
        kept = kept_features(self._config.dropout, self._config.seed, plan.epoch, plan.step, shape)
        return kept[plan.rows].to(self._device, non_blocking=True)

    def _check_losses(self, losses: Tensor, rates: list[float], number: int) -> None:
        if losses.isfinite().all():
            return
        step = int(losses.isfinite().logical_not().nonzero()[0])
        raise InputError(
            "the loss is {loss} at epoch {number}, step {step}, learning rate {rate:.2e}; "
            "try a lower --lr",
            loss=float(losses[step]),
            number=number,
            step=step,
            rate=rates[step],
        )

    @torch.inference_mode()
    def _validate(self) -> Tensor:
        """Return the validation part's logits, float32[N, C], on the CPU."""
        self._classifier.eval()
        batches = torch.split(torch.arange(len(self.validation.targets)), self._config.batch_size)
        own = {}
        for number in range(self._world.rank, len(batches), self._world.size):
            images = self.validation.images(batches[number].tolist()).to(self._device)
            own[number] = self._classifier(self._normalise(images))[0].cpu()
        every = {number: logits for of in self._world.gather(own) for number, logits in of.items()}
        return torch.cat([every[number] for number in range(len(batches))])

    def _normalise(self, images: Tensor) -> Tensor:
        return channels_last((images.to(torch.float32) / 255 - self._mean) / self._std)
