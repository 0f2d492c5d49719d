"""Engines: what runs a model file, in one table.

An engine is a module that keeps the protocol `edgetlc.runtime.engine.Engine` and describes itself
in an entry. Export, verification, search, benchmark, self-test and every message that lists engines
ask the table.

Models are handed over as bytes that the bundle has already checked, never as paths, so an engine
cannot read anything else. Each module pins the settings that change answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgetlc.errors import BundleError, InputError, MissingExtraError
from edgetlc.locale import _
from edgetlc.runtime import onnxruntime_engine, openvino_engine
from edgetlc.runtime.engine import Engine, EngineEntry, Output
from edgetlc.runtime.schema import Format

__all__ = ["ENGINES", "Engine", "Output", "available_engines", "engines_for", "open_engine"]

ONNXRUNTIME = "onnxruntime"
OPENVINO = "openvino"
ENGINES: dict[str, EngineEntry] = {
    ONNXRUNTIME: onnxruntime_engine.ENTRY,
    OPENVINO: openvino_engine.ENTRY,
}
"""By the name that bundles and reports hold; of two that run a format, the preferred one first."""

# How a protobuf writes the key of an external tensor's "location" entry: field 1, 8 bytes long.
# Parsers accept both numbers with idle bytes, up to 10 each, so a plain search could be fooled.
_KEY = b"location"
_BEFORE_KEY = re.compile(rb"(?:\n|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)\Z")


def available_engines() -> tuple[str, ...]:
    """Return the engines installed here."""
    return tuple(name for name, entry in ENGINES.items() if entry.installed)


def engines_for(format_: Format) -> tuple[str, ...]:
    """Return the engines that run models of a format, the preferred one first."""
    return tuple(name for name, entry in ENGINES.items() if format_ in entry.formats)


def open_engine(engine: str, files: Sequence[bytes], threads: int | None = None) -> Engine:
    """Load a model.

    Args:
        engine: one of `ENGINES`.
        files: contents of the model's files, the model first.
        threads: processor threads of one answer; None leaves the choice to the engine.

    Raises:
        InputError: unknown engine.
        BundleError: the model refers to other files, or the engine cannot load it.
        MissingExtraError: the engine is not installed.
    """
    if _refers_outside(files[0]):
        raise BundleError("the model refers to data outside itself, which is refused")
    entry = ENGINES.get(engine)
    if entry is None:
        raise InputError(
            "unknown engine {engine!r}; use one of {known}", engine=engine, known=", ".join(ENGINES)
        )
    try:
        return entry.open(files, threads)
    except ImportError:
        raise MissingExtraError(_("the engine {engine}", engine=engine), entry.extra) from None
    except Exception as error:  # engines raise their own types, few documented as stable
        raise BundleError(
            "{engine} cannot load the model: {reason}", engine=engine, reason=error
        ) from None


def _refers_outside(model: bytes) -> bool:
    """Return whether an ONNX model names an external file for any of its tensors."""
    places = (match.start() for match in re.finditer(_KEY, model))
    return any(_BEFORE_KEY.search(model, max(0, at - 20), at) for at in places)
