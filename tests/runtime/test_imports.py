"""What the field runtime loads, writes and sends: no more than it needs, and nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "torch",
    "torchvision",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "openvino",
    "nncf",
    "scipy",
    "pandas",
    "rich",
    "safetensors",
}


def python(code: str, *arguments: str, home: Path | None = None) -> str:
    """Run code in a fresh interpreter and return what it printed."""
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    if home is not None:
        places = {
            "HOME": home,
            "XDG_CACHE_HOME": home / ".cache",
            "XDG_CONFIG_HOME": home / ".config",
        }
        environment |= {name: str(place) for name, place in places.items()}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_runtime_loads_no_engine() -> None:
    modules = ("classifier", "selftest", "archive", "overlay", "pixels", "engines")
    names = ", ".join(f"edgetlc.runtime.{module}" for module in modules)
    code = f"import sys, json, {names}; print(json.dumps(list(sys.modules)))"
    loaded = {name.partition(".")[0] for name in json.loads(python(code))}
    assert "numpy" in loaded
    assert not loaded & HEAVY


def test_listing_the_networks_loads_no_toolchain() -> None:
    code = "import sys, json, edgetlc.models.architectures; print(json.dumps(list(sys.modules)))"
    loaded = {name.partition(".")[0] for name in json.loads(python(code))}
    assert not loaded & HEAVY


CLASSIFY = """
import sys, json
from edgetlc.runtime.classifier import Classifier
found = Classifier.open(sys.argv[1], engine=sys.argv[2]).classify(sys.argv[3])
assert found.label.name == "red"
print(json.dumps(list(sys.modules)))
"""


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_classifying_loads_one_engine_and_leaves_nothing_at_home(
    engine: str, small_bundle: Path, tmp_path: Path
) -> None:
    photo = small_bundle / "golden" / "00.jpg"
    loaded = json.loads(python(CLASSIFY, str(small_bundle), engine, str(photo), home=tmp_path))
    packages = {name.partition(".")[0] for name in loaded}
    assert engine in packages
    assert packages & HEAVY == {engine}
    assert not any(name.startswith("openvino_telemetry.") for name in loaded)
    assert list(tmp_path.iterdir()) == []


TOOLCHAIN = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np, onnx, torch
from edgetlc.calibration.quantizer import quantize
from edgetlc.export.formats import model_files
from edgetlc.export.network import network_graph
from edgetlc.models.networks import Classifier
network = network_graph(Classifier("resnet18", 2), 32)
made = quantize(network, [np.zeros((1, 3, 32, 32), np.float32)] * 8).model
for format_ in ("onnx", "ort", "openvino"):
    assert model_files(made, format_, "int8")
for package in ("onnxruntime", "openvino", "nncf"):
    assert package in sys.modules, package
"""


@pytest.mark.slow
def test_the_toolchain_leaves_nothing_at_home(tmp_path: Path) -> None:
    """Its packages would keep an identity of the machine there and report what they do."""
    python(TOOLCHAIN, home=tmp_path)
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []
    assert not (tmp_path / "intel").exists()
