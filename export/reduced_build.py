"""What a reduced build of ONNX Runtime needs: the operators and types of a bundle's `.ort` models.

An engine built for these models alone is smaller; by how much was not measured here. Its build
takes the file as `--include_ops_by_config`; its types count only where the build also has
`--enable_reduced_operator_type_support`. One configuration covers all `.ort` models of the bundle.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from edgetlc.runtime.telemetry import forbid_telemetry

CONFIGURATION_FILE = "required_operators_and_types.config"
_LOGGER = "ort_format_model.utils"


def reduced_build_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the reduced build's configuration for all `.ort` models among a bundle's files.

    Args:
        files: content by name; other formats are passed over.

    Returns:
        One file, `required_operators_and_types.config`; none where no model is `.ort`.
    """
    models = {name: content for name, content in files.items() if name.endswith(".ort")}
    if not models:
        return {}
    create_config = _create_config_from_models()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / CONFIGURATION_FILE
        for name, content in models.items():
            (Path(folder) / name).write_bytes(content)
        paths = [Path(folder) / name for name in models]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it leaves closing files to Python
            create_config(paths, target, enable_type_reduction=True)
        lines = target.read_text(encoding="utf-8").splitlines()
    operators = [line for line in lines if line and not line.startswith("#")]
    text = "\n".join([*_head(models), *operators, ""])
    return {CONFIGURATION_FILE: text.encode()}


def _head(models: Iterable[str]) -> list[str]:
    """Return the comment, instead of the tool's own: that one names folders of this machine."""
    return [
        "# Operators and types of this bundle's .ort models: " + ", ".join(sorted(models)),
        "# for ONNX Runtime's build: --include_ops_by_config THIS_FILE",
        "# --enable_reduced_operator_type_support, with --minimal_build or without.",
    ]


def _create_config_from_models() -> Callable[..., None]:
    """Return ONNX Runtime's own tool; it would set up logging for the whole program."""
    forbid_telemetry()
    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        from onnxruntime.tools.ort_format_model import create_config_from_models
    finally:
        root.handlers[:] = handlers
    logging.getLogger(_LOGGER).setLevel(logging.WARNING)
    return create_config_from_models  # type: ignore[no-any-return]
