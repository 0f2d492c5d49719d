"""A run's int8 network: two files beside its checkpoint, tied to it by their digests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx

from edgetlc.errors import InputError
from edgetlc.files import read_json, sha256_file
from edgetlc.locale import _
from edgetlc.models.checkpoint import CHECKPOINT_FILE

INT8_FILE = "network.int8.onnx"
RECORD_FILE = "quantization.json"


def load_int8(run: Path) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """Return a run's int8 network and its record after checking that they are its checkpoint's.

    Raises:
        InputError: no int8 network, one of another checkpoint, or a record without a temperature.
    """
    if not (run / INT8_FILE).is_file():
        raise InputError("no int8 network in {run}; run 'edgetlc quantize {run}' first", run=run)
    record: dict[str, Any] = read_json(run / RECORD_FILE, _("quantization record"))
    at = {"record": RECORD_FILE, "run": run}
    for what, file in (("checkpoint", CHECKPOINT_FILE), ("network", INT8_FILE)):
        if record.get(what) != sha256_file(run / file):
            raise InputError(
                "{record} in {run} tells of another {file}; run 'edgetlc quantize {run}' again",
                file=file,
                **at,
            )
    if not isinstance(record.get("temperature"), float) or not record["temperature"] > 0:
        raise InputError("{record} in {run} tells no temperature; quantize the run again", **at)
    return onnx.load_model_from_string((run / INT8_FILE).read_bytes()), record
