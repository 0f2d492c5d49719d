"""No telemetry: engines and NNCF report their use to their makers unless this runs first.

ONNX Runtime's builds, from 1.29 also those for Linux, keep an identity of the machine in the user's
cache folder and send events from the moment they are imported. OpenVINO and NNCF do the like
through a package of their own.
"""

from __future__ import annotations

import os
import sys

_ONNXRUNTIME_SWITCH = "ORT_DISABLE_TELEMETRY"
_OPENVINO_REPORTER = "openvino_telemetry"


def forbid_telemetry() -> None:
    """Switch reporting off for this process and those it starts.

    Call before the first import of `onnxruntime`, `openvino` or `nncf`: ONNX Runtime reads the
    environment once, and OpenVINO and NNCF use their stubs if the reporter cannot be imported.
    """
    os.environ[_ONNXRUNTIME_SWITCH] = "1"
    sys.modules.setdefault(_OPENVINO_REPORTER, None)  # type: ignore[arg-type]  # "import fails"
