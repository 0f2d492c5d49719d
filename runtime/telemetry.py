"""No telemetry: engines and NNCF report their use to their makers unless this runs first.

ONNX Runtime's builds, from 1.29 also those for Linux, keep an identity of the machine in the user's
cache folder and send events from the moment they are imported. OpenVINO and NNCF do the like
through a package of their own.
"""

from __future__ import annotations

import os
import sys


def forbid_telemetry() -> None:
    """Switch reporting off for this process and those it starts.

    Call before the first import of `onnxruntime`, `openvino` or `nncf`: ONNX Runtime reads the
    environment once, and OpenVINO and NNCF use their stubs if the reporter cannot be imported.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # "import fails"
