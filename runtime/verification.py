"""What a bundle's own verification says of a camera, and what an inspector should know of it.

`edgetlc verify --record` leaves its report in the bundle as `reports/verification.json`. It is not
listed in `bundle.json`, so recording changes no digest; it names the digest it speaks of instead,
and one that speaks of another bundle is refused.

An unknown camera is never vouched for: what was measured on photos of unknown cameras says nothing
of the next unknown camera.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.errors import BundleError
from edgetlc.locale import Message, _
from edgetlc.runtime.bundle import Bundle

VERIFICATION_FILE = "reports/verification.json"
CameraStatus = Literal["PASS", "FAIL", "INSUFFICIENT", "UNTESTED"]
_GRAVEST_FIRST: tuple[CameraStatus, ...] = ("FAIL", "INSUFFICIENT", "UNTESTED", "PASS")


@dataclass(frozen=True)
class Caution:
    """Something to know before relying on an answer.

    Attributes:
        code: for programs, such as `camera-untested`.
    """

    code: str
    text: Message

    @property
    def en(self) -> str:
        """The text in English."""
        return str(self.text)

    @property
    def zh(self) -> str:
        """The text in Chinese."""
        return self.text.translated("zh")

    def to_json(self) -> dict[str, str]:
        """Return code, English and Chinese, as predictions and the phone app hold them."""
        return {"code": self.code, "en": self.en, "zh": self.zh}


@dataclass(frozen=True)
class RecordedVerification:
    """The verdicts that a bundle carries.

    Attributes:
        verdicts: (model id, engine) to camera id to verdict; never one on unknown cameras.
        called_genuine: (model id, engine) whose gate on counterfeits called genuine failed.
        margin: the accepted drop of accuracy, 0 to 1.
        simulated: whether any photo behind it was made by a simulation.
    """

    verdicts: Mapping[tuple[str, str], Mapping[str, CameraStatus]]
    called_genuine: frozenset[tuple[str, str]]
    margin: float
    simulated: bool

    def status(self, model: str, engine: str, camera: str | None) -> CameraStatus:
        """Return the verdict on a camera for one model on one engine; None is always untested."""
        if camera is None:
            return "UNTESTED"
        return self.verdicts.get((model, engine), {}).get(camera, "UNTESTED")


def recorded_verification(bundle: Bundle) -> RecordedVerification | None:
    """Return the verification a bundle carries, or None where it carries none.

    Raises:
        BundleError: it is damaged or speaks of another bundle.
    """
    content = bundle.report(VERIFICATION_FILE)
    if content is None:
        return None
    file = f"{VERIFICATION_FILE} in {bundle.path}"
    try:
        document = json.loads(content)
        if document["bundle_digest"] != bundle.digest:
            raise BundleError(
                "{file} speaks of another bundle; run 'edgetlc verify --record' again", file=file
            )
        return _from_document(document)
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise BundleError("{file} is not valid: {reason}", file=file, reason=error) from None


def _from_document(document: Mapping[str, Any]) -> RecordedVerification:
    verdicts: dict[tuple[str, str], dict[str, CameraStatus]] = {}
    failed = set()
    for candidate in document["candidates"]:
        key = (candidate["model"], candidate["engine"].split()[0])
        # Of one model on one engine, the machine that verified comes before merged reports.
        verdicts.setdefault(key, _by_camera(candidate))
        if candidate["gate"] and candidate["gate"]["verdict"] == "FAIL":
            failed.add(key)
    margin, simulated = float(document["rule"]["margin"]), bool(document["simulated"])
    return RecordedVerification(verdicts, frozenset(failed), margin, simulated)


def _by_camera(candidate: Mapping[str, Any]) -> dict[str, CameraStatus]:
    """Return the verdict by known camera: on its answers, decisions and counterfeits together."""
    parts = candidate["cameras"], candidate["decisions"], (candidate["gate"] or {}).get("cameras")
    statuses: dict[str, CameraStatus] = {}
    for verdict in chain.from_iterable(part or () for part in parts):
        camera, status = verdict["tally"]["camera"], verdict["verdict"]
        if status not in _GRAVEST_FIRST:
            raise ValueError(f"verdict {status!r}")
        known = statuses.get(camera, status)
        statuses[camera] = min(known, status, key=_GRAVEST_FIRST.index)
    # None is today's spelling of an unknown camera.
    return {
        id_: status for id_, status in statuses.items() if id_ not in (None, "", UNKNOWN_CAMERA)
    }


def cautions(
    recorded: RecordedVerification | None, model: str, engine: str, camera: str | None
) -> tuple[Caution, ...]:
    """Return what an inspector should know of the verification; nothing where all is well.

    Args:
        recorded: what the bundle carries.
        model: id of the model in use.
        engine: name of the engine in use.
        camera: id of the photo's camera, None where it is unknown.
    """
    if recorded is None:
        return (_NOT_VERIFIED,)
    failed = (_CALLED_GENUINE,) if (model, engine) in recorded.called_genuine else ()
    if camera is None:
        return (*failed, _UNKNOWN_CAMERA)
    match recorded.status(model, engine, camera):
        case "PASS":
            return (*failed, _SIMULATED) if recorded.simulated else failed
        case "FAIL":
            text = _(
                "camera {camera} FAILED verification with this model: do not rely on this answer",
                camera=camera,
            )
            return (*failed, Caution("camera-failed", text))
        case "INSUFFICIENT":
            text = _("too few photos of camera {camera} for a verdict", camera=camera)
            return (*failed, Caution("camera-insufficient", text))
        case "UNTESTED":
            text = _(
                "camera {camera} was not verified with this model on this engine", camera=camera
            )
            return (*failed, Caution("camera-untested", text))


SIMULATED_PHOTO = Caution("photo-simulated", _("this photo is SIMULATED: no camera took it"))
_NOT_VERIFIED = Caution(
    "not-verified",
    _("this bundle carries no verification: nothing shows that it answers like the float model"),
)
_CALLED_GENUINE = Caution(
    "false-genuine-failed",
    _(
        "this model FAILED verification: it calls more counterfeits genuine than the float model "
        "does"
    ),
)
_UNKNOWN_CAMERA = Caution(
    "camera-unknown", _("the camera is not known, so no verification speaks of this photo")
)
_SIMULATED = Caution(
    "verified-simulated",
    _("verified on SIMULATED photos only: this says nothing of the real camera"),
)
