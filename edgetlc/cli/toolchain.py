"""Commands of the workstation say in one line that they need the toolchain's packages."""

from __future__ import annotations

from importlib.util import find_spec

from edgetlc.errors import MissingExtraError

PACKAGES = (
    "torch",
    "torchvision",
    "onnx",
    "onnxscript",
    "nncf",
    "openvino",
    "safetensors",
    "sklearn",
)


def need_toolchain(command: str) -> None:
    """Refuse to go on in an installation without the toolchain.

    Raises:
        MissingExtraError: a package is missing.
    """
    if any(find_spec(package) is None for package in PACKAGES):
        raise MissingExtraError(command, "toolchain")
