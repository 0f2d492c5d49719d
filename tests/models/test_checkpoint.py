from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from edgetlc.errors import InputError
from edgetlc.models.checkpoint import (
    CHECKPOINT_FILE,
    Checkpoint,
    load_checkpoint,
    load_weights,
    save_checkpoint,
)
from edgetlc.models.networks import Classifier
from edgetlc.models.reference import ReferenceModel
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract

CLASSES = (
    ClassInfo("chenpi", "陈皮", "peel", "genuine"),
    ClassInfo("x", "伪品", "fake", "counterfeit"),
)


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    torch.manual_seed(0)
    contract = PixelContract(64, "crop", mean=(0.1, 0.2, 0.3))
    return Checkpoint(Classifier("slim-resnet18", 2).eval(), CLASSES, contract, 1.7, {"seed": 3})


@pytest.fixture(scope="module")
def saved(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / CHECKPOINT_FILE
    save_checkpoint(path, checkpoint)
    return path


def test_a_checkpoint_survives(checkpoint: Checkpoint, saved: Path) -> None:
    for place in (saved, saved.parent):
        found = load_checkpoint(place)
        assert found.classes == checkpoint.classes
        assert found.contract == checkpoint.contract
        assert (found.temperature, found.provenance) == (1.7, {"seed": 3})
        assert not found.classifier.training
        state = found.classifier.backbone.state_dict()
        for name, tensor in checkpoint.classifier.backbone.state_dict().items():
            assert torch.equal(state[name], tensor), name


def test_any_tool_reads_it(saved: Path) -> None:
    with safe_open(saved, framework="np") as stream:
        assert stream.get_tensor("fc.weight").shape == (2, 128)
        header = json.loads(stream.metadata()["edgetlc"])
    assert header["architecture"] == "slim-resnet18"
    assert header["classes"][0]["zh"] == "陈皮"


def rewritten(saved: Path, path: Path, change: Callable[[dict], object]) -> Path:
    """Return a copy whose header was changed."""
    with safe_open(saved, framework="pt") as stream:
        header = json.loads(stream.metadata()["edgetlc"])
        tensors = {name: stream.get_tensor(name) for name in ("fc.weight", "fc.bias")}
    change(header)
    save_file(tensors, path, metadata={"edgetlc": json.dumps(header)})
    return path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda h: h.update(architecture="resnet19"), "unknown network 'resnet19'"),
        (lambda h: h.pop("classes"), "not an edgetlc checkpoint"),
        (lambda h: h["contract"].update(size=5), "checkpoint: input size is 5"),
        (lambda h: None, "not an edgetlc checkpoint"),  # tensors are missing
    ],
)
def test_a_damaged_header_is_refused(change, reason: str, saved: Path, tmp_path: Path) -> None:
    path = rewritten(saved, tmp_path / "a.safetensors", change)
    with pytest.raises(InputError, match=reason):
        load_checkpoint(path)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf"), "hot"])
def test_a_temperature_that_cannot_divide_is_refused(temperature, checkpoint, tmp_path) -> None:
    path = tmp_path / CHECKPOINT_FILE
    state = checkpoint.classifier.backbone.state_dict()
    header = {
        "architecture": "slim-resnet18",
        "classes": [{"name": n, "zh": n, "en": n} for n in "ab"],
        "contract": {"size": 64, "mean": [0, 0, 0], "std": [1, 1, 1]},
        "temperature": temperature,
        "provenance": {},
    }
    save_file(state, path, metadata={"edgetlc": json.dumps(header)})
    with pytest.raises(InputError, match="not an edgetlc checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:100], lambda b: b[:-1000]])
def test_a_damaged_file_is_refused(damage, saved: Path, tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT_FILE
    path.write_bytes(damage(saved.read_bytes()))
    with pytest.raises(InputError, match="not an edgetlc checkpoint"):
        load_checkpoint(path)


def test_other_safetensors_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no checkpoint at .*; 'edgetlc train' writes one"):
        load_checkpoint(tmp_path)
    save_file({"a": torch.zeros(1)}, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(InputError, match="not an edgetlc checkpoint"):
        load_checkpoint(tmp_path)


def test_weights_of_more_classes_load_but_for_the_head(checkpoint: Checkpoint, tmp_path) -> None:
    torch.manual_seed(1)
    classifier = Classifier("slim-resnet18", 7)
    state = checkpoint.classifier.backbone.state_dict()
    del state["layer4.0.conv1.weight"], state["bn1.num_batches_tracked"]
    state["other.weight"] = torch.zeros(2)
    torch.save(state, tmp_path / "a.pth")
    save_file(state, tmp_path / "a.safetensors")
    for path in (tmp_path / "a.pth", tmp_path / "a.safetensors"):
        found = load_weights(classifier, path)
        assert found.not_found == ("layer4.0.conv1.weight",)
        assert found.wrong_shape == ("fc.weight", "fc.bias")
        assert found.unused == ("other.weight",)
        assert len(found.loaded) == len(state) - 3
        loaded = classifier.backbone.state_dict()["layer1.0.conv1.weight"]
        assert torch.equal(loaded, state["layer1.0.conv1.weight"])


def test_torchvision_s_densenet_files_use_older_names(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source, target = Classifier("densenet121", 3), Classifier("densenet121", 3)
    state = source.backbone.state_dict()
    old = {}
    for name, tensor in state.items():
        for part in ("norm1", "norm2", "conv1", "conv2"):
            if "denselayer" in name and f".{part}." in name:
                name = name.replace(part, f"{part[:-1]}.{part[-1]}")
        old[name] = tensor
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "densenet121.pth")
    found = load_weights(target, tmp_path / "densenet121.pth")
    assert (found.not_found, found.wrong_shape, found.unused) == ((), (), ())
    for name, tensor in target.backbone.state_dict().items():
        assert torch.equal(tensor, state[name]), name


def test_weights_that_cannot_be_used(tmp_path: Path) -> None:
    classifier = Classifier("slim-resnet18", 2)
    path = tmp_path / "a.pth"
    with pytest.raises(InputError, match="no weights at"):
        load_weights(classifier, path)
    path.write_bytes(b"no weights")
    with pytest.raises(InputError, match="not a readable weights file"):
        load_weights(classifier, path)
    torch.save({"a": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="no tensor fits slim-resnet18"):
        load_weights(classifier, path)
    torch.save(Path("/"), path)  # an object: loading it could run code
    with pytest.raises(InputError, match="not a readable weights file"):
        load_weights(classifier, path)


def test_the_temperature_divides_the_logits(checkpoint: Checkpoint) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 70, 80, 3), np.uint8)
    pixels.flags.writeable = False
    reference = ReferenceModel(checkpoint)
    assert reference.name.startswith("pytorch 2.")
    found = reference.run(pixels)
    with torch.inference_mode():
        logits, evidence = checkpoint.classifier(reference.step(torch.tensor(pixels)))
    expected = torch.softmax(logits / 1.7, dim=1).numpy()
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.evidence, evidence.numpy(), atol=1e-5)
