"""No telemetry: OpenVINO and NNCF report their use to their maker unless this runs first."""

from __future__ import annotations

import sys

_REPORTER = "openvino_telemetry"


def forbid_telemetry() -> None:
    """Make the reporting package impossible to import; OpenVINO and NNCF then use their stubs.

    Call before the first import of either.
    """
    sys.modules.setdefault(_REPORTER, None)  # type: ignore[arg-type]  # None: "import fails"
