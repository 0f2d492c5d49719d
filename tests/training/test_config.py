from __future__ import annotations

from typing import Any

import pytest
import torch

from edgetlc.errors import InputError
from edgetlc.training.config import TrainingConfig, check_device


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"epochs": 0}, "epochs 0"),
        ({"batch_size": 1}, "batch size 1"),
        ({"workers": -1}, "workers -1"),
        ({"learning_rate": 0.0}, "learning rate must be above 0"),
        ({"learning_rate": float("nan")}, "learning rate must be above 0"),
        ({"label_smoothing": 1.0}, "label smoothing 0 to below 1"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"device": "cuda:x"}, "unknown device 'cuda:x'"),
        ({"device": ""}, "unknown device ''"),
    ],
)
def test_refuses_what_cannot_be_done(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        TrainingConfig(**wrong)


def test_no_gpu_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"CUDA is not available.*--device cpu"):
        check_device("cuda")


def test_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_device("cuda")
    check_device("cuda:1")
    with pytest.raises(InputError, match="no GPU cuda:2 here; the last is cuda:1"):
        check_device("cuda:2")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"dropout": 1.0}, "dropout is 1.0; it can be 0 to below 1"),
        ({"dropout": -0.1}, "dropout is -0.1"),
        ({"patience": 0}, "patience is 0 epochs"),
        ({"class_weights": "equal"}, "unknown class weights 'equal'; use none, balanced"),
        ({"precision": "fp16"}, "unknown precision 'fp16'; use auto, fp32, bf16"),
    ],
)
def test_refuses_what_the_loop_cannot_do(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        TrainingConfig(**wrong)
