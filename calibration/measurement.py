"""What compression does to the answers on the validation part, camera by camera.

Vocabulary:
    drop           photos that the float network got right minus those that the compressed one got
                   right, as a share of all
    false genuine  a photo of a counterfeit whose most probable class is a genuine one
    rise           false-genuine photos of the compressed network minus those of the float one, as
                   a share of the counterfeits' photos
    degradation    the largest of all cameras' drops and of the rises, pooled and by camera: the
                   one figure that `--max-drop` bounds

These are counts of few photos, five a camera in a small set. What they show of other photos is told
beside them, `drop_at_most`: the exact upper bound of the share right to wrong, which the drop
cannot exceed. The largest of the cameras' bounds is one for the worst camera, whichever that is
(intersection-union). It takes photos as independent, and as new: where they also chose the layers
that stay in float, it flatters. The verdict on the test part does not rest on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.progress import progress
from edgetlc.runtime.classes import Role
from edgetlc.runtime.telemetry import forbid_telemetry
from edgetlc.statistics.paired import clopper_pearson_upper
from edgetlc.threads import in_order

CONFIDENCE = 0.95
_EXACT = 1e-9
"""Shares are compared with this tolerance: 3 of 300 photos is 0.01, whatever the last bit says."""


@dataclass(frozen=True)
class Validation:
    """The validation part as the networks see it.

    Attributes:
        inputs: float32[1, 3, S, S] for each of the n photos.
        truth: int64[n], class indices.
        cameras: of each photo; `unknown` where nobody knows.
        roles: of each class, in the order of the network's outputs.
    """

    inputs: Sequence[NDArray[np.float32]]
    truth: NDArray[np.int64]
    cameras: tuple[str, ...]
    roles: tuple[Role, ...]

    def __post_init__(self) -> None:
        if not len(self.inputs):
            raise InputError("no validation photo can be read; compression needs some to be judged")
        assert len(self.inputs) == len(self.truth) == len(self.cameras)

    def subset(self, rows: Iterable[int]) -> Validation:
        """Return the photos of these rows, in this order; their inputs are held in memory."""
        chosen = list(rows)
        inputs, cameras = [self.inputs[i] for i in chosen], tuple(self.cameras[i] for i in chosen)
        return Validation(inputs, self.truth[chosen], cameras, self.roles)


@dataclass(frozen=True)
class CameraEffect:
    """What compression did to one camera's photos; also used for all of them together.

    Attributes:
        camera: id of its profile, or `unknown`.
        photos: how many there are.
        agreeing: those on which both networks have the same most probable class.
        float_right, right: those that the float, the compressed network classifies rightly.
        right_to_wrong: those that the float one alone classifies rightly.
        counterfeits: photos of counterfeits.
        float_false_genuine, false_genuine: of those, called genuine by the networks.
    """

    camera: str
    photos: int
    agreeing: int
    float_right: int
    right: int
    right_to_wrong: int
    counterfeits: int
    float_false_genuine: int
    false_genuine: int

    @property
    def drop(self) -> float:
        """Fall of the accuracy, -1 to 1; negative where compression helped."""
        return (self.float_right - self.right) / self.photos

    @property
    def drop_at_most(self) -> float:
        """Exact upper bound of the drop on other photos, 0 to 1, with 95 % confidence."""
        return clopper_pearson_upper(self.right_to_wrong, self.photos, CONFIDENCE)

    @property
    def rise(self) -> float:
        """Rise of the false-genuine rate, -1 to 1; 0 without counterfeits."""
        return (self.false_genuine - self.float_false_genuine) / max(self.counterfeits, 1)

    def to_json(self) -> dict[str, Any]:
        """Return the counts, the two shares and the bound."""
        shares = {"drop": self.drop, "drop_at_most": self.drop_at_most, "rise": self.rise}
        return {**asdict(self), **shares}


@dataclass(frozen=True)
class Measurement:
    """A compressed network against the float one: all photos together, called `all`, and apart."""

    pooled: CameraEffect
    cameras: tuple[CameraEffect, ...]

    @property
    def photos(self) -> int:
        """Photos asked about."""
        return self.pooled.photos

    @property
    def agreement(self) -> float:
        """Share of photos with the same most probable class, 0 to 1."""
        return self.pooled.agreeing / self.photos

    @property
    def float_accuracy(self) -> float:
        """Top-1 accuracy of the float network, 0 to 1."""
        return self.pooled.float_right / self.photos

    @property
    def accuracy(self) -> float:
        """Top-1 accuracy of the compressed network, 0 to 1."""
        return self.pooled.right / self.photos

    @property
    def worst(self) -> CameraEffect:
        """The camera that loses most by compression; of several, the one with most photos."""
        return max(self.cameras, key=lambda one: (max(one.drop, one.rise), one.photos))

    @property
    def worst_drop(self) -> float:
        """Largest drop of any camera."""
        return max(effect.drop for effect in self.cameras)

    @property
    def worst_drop_at_most(self) -> float:
        """Upper bound of the worst camera's drop on other photos, with 95 % confidence."""
        return max(effect.drop_at_most for effect in self.cameras)

    @property
    def worst_accuracy(self) -> float:
        """Lowest accuracy of the compressed network on any camera, 0 to 1."""
        return min(effect.right / effect.photos for effect in self.cameras)

    @property
    def worst_rise(self) -> float:
        """Largest rise of the false-genuine rate, pooled and of any camera."""
        return max(effect.rise for effect in (self.pooled, *self.cameras))

    @property
    def degradation(self) -> float:
        """The larger of `worst_drop` and `worst_rise`."""
        return max(self.worst_drop, self.worst_rise)

    def holds(self, max_drop: float) -> bool:
        """Return whether no drop and no rise is above `max_drop`, a share."""
        return self.degradation <= max_drop + _EXACT

    def to_json(self) -> dict[str, Any]:
        """Return everything, for the record."""
        return {
            "photos": self.photos,
            "agreement": self.agreement,
            "float_accuracy": self.float_accuracy,
            "accuracy": self.accuracy,
            "worst_camera": self.worst.camera,
            "worst_drop": self.worst_drop,
            "worst_drop_at_most": self.worst_drop_at_most,
            "worst_accuracy": self.worst_accuracy,
            "worst_rise": self.worst_rise,
            "pooled": self.pooled.to_json(),
            "cameras": [effect.to_json() for effect in self.cameras],
        }


def logits_of(
    model: onnx.ModelProto, validation: Validation, workers: int | None = None
) -> NDArray[np.float32]:
    """Return the network's logits for every photo, float32[n, C].

    Every photo is computed alone on one thread of ONNX Runtime and the photos are shared out among
    the processors (`workers` at once), so that the answers are the same to the last bit on every
    run.
    """
    session = one_thread_session(model)

    def ask(image: NDArray[np.float32]) -> NDArray[np.float32]:
        (logits,) = session.run(["logits"], {"images": image})
        return logits[0]  # type: ignore[no-any-return]

    inputs = validation.inputs
    asked = in_order(ask, (inputs[row] for row in range(len(inputs))), workers)
    return np.stack([row for _row, row in progress(asked, _("validation part"), len(inputs))])


def one_thread_session(model: onnx.ModelProto) -> Any:
    """Return an ONNX Runtime session, which several threads may share."""
    forbid_telemetry()
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    content = model.SerializeToString()
    return InferenceSession(content, options, providers=["CPUExecutionProvider"])


def compare(
    float_logits: NDArray[np.float32], logits: NDArray[np.float32], validation: Validation
) -> Measurement:
    """Measure a compressed network against the float one by their logits, float32[n, C] each."""
    before, after, truth = float_logits.argmax(axis=1), logits.argmax(axis=1), validation.truth
    roles, cameras = np.array(validation.roles), np.array(validation.cameras)
    fake = roles[truth] == "counterfeit"
    facts = (  # as `CameraEffect` counts them, bool[n] each
        np.ones(len(truth), bool),
        before == after,
        before == truth,
        after == truth,
        (before == truth) & (after != truth),
        fake,
        fake & (roles[before] == "genuine"),
        fake & (roles[after] == "genuine"),
    )

    def effect(camera: str, rows: NDArray[np.bool_]) -> CameraEffect:
        return CameraEffect(camera, *(int(fact[rows].sum()) for fact in facts))

    names = sorted(set(validation.cameras))
    return Measurement(effect("all", facts[0]), tuple(effect(x, cameras == x) for x in names))
