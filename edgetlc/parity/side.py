"""One side of a comparison: what a model answers, and what is decided on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgetlc.parity.decisions import WITHHELD
from edgetlc.parity.false_genuine import called_genuine
from edgetlc.parity.matrix import Table
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.policy import DecisionPolicy


class Side:
    """What one model answers: class indices, confidences, and whether they suffice; all [n]."""

    def __init__(
        self, table: Table, rows: Any, policy: DecisionPolicy, classes: Sequence[ClassInfo]
    ) -> None:
        self.top, self.confidence = table.top[rows], table.confidence[rows]
        needed = np.array([policy.needed(info.role) for info in classes])
        self.answered = self.confidence >= needed[self.top]
        self.decision = np.where(self.answered, self.top, WITHHELD)
        self.called_genuine = called_genuine(self.top, self.confidence, classes, policy)
