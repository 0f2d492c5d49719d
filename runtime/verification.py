"""What a bundle's own verification says of a camera, and what an inspector should know of it.

`edgetlc verify --record` leaves its report in the bundle as `reports/verification.json`. It is not
listed in `bundle.json`, so recording changes no digest; it names the digest it speaks of instead,
and one that speaks of another bundle is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from edgetlc.errors import BundleError
from edgetlc.runtime.bundle import Bundle

VERIFICATION_FILE = "reports/verification.json"
CameraStatus = Literal["PASS", "FAIL", "INSUFFICIENT", "UNTESTED"]


@dataclass(frozen=True)
class Caution:
    """Something to know before relying on an answer, in English and Chinese.

    Attributes:
        code: for programs, such as `camera-untested`.
        en: for people.
        zh: the same in Chinese.
    """

    code: str
    en: str
    zh: str


@dataclass(frozen=True)
class RecordedVerification:
    """The verdicts that a bundle carries.

    Attributes:
        verdicts: (model id, engine) to camera id to verdict.
        called_genuine: (model id, engine) whose gate on counterfeits called genuine failed.
        margin: the accepted drop of accuracy, 0 to 1.
        simulated: whether any photo behind it was made by a simulation.
    """

    verdicts: Mapping[tuple[str, str], Mapping[str, CameraStatus]]
    called_genuine: frozenset[tuple[str, str]]
    margin: float
    simulated: bool

    def status(self, model: str, engine: str, camera: str | None) -> CameraStatus:
        """Return the verdict on a camera for one model on one engine."""
        return self.verdicts.get((model, engine), {}).get(camera or "", "UNTESTED")


def recorded_verification(bundle: Bundle) -> RecordedVerification | None:
    """Return the verification a bundle carries, or None where it carries none.

    Raises:
        BundleError: it is damaged or speaks of another bundle.
    """
    content = bundle.report(VERIFICATION_FILE)
    if content is None:
        return None
    try:
        document = json.loads(content)
        if document["bundle_digest"] != bundle.digest:
            raise BundleError(
                f"{VERIFICATION_FILE} in {bundle.path} speaks of another bundle; "
                "run 'edgetlc verify --record' again"
            )
        verdicts: dict[tuple[str, str], dict[str, CameraStatus]] = {}
        failed = set()
        for candidate in document["candidates"]:
            key = (candidate["model"], candidate["engine"].split()[0])
            # Of one model on one engine, the machine that verified comes before merged reports.
            verdicts.setdefault(key, _by_camera(candidate))
            if candidate["gate"] and candidate["gate"]["pooled"]["verdict"] == "FAIL":
                failed.add(key)
        margin, simulated = float(document["rule"]["margin"]), bool(document["simulated"])
        return RecordedVerification(verdicts, frozenset(failed), margin, simulated)
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise BundleError(f"{VERIFICATION_FILE} in {bundle.path} is not valid: {error}") from None


def _by_camera(candidate: Mapping[str, Any]) -> dict[str, CameraStatus]:
    """Return the verdict by camera id; where the verification was sequential, that decides."""
    fixed = ((v["tally"]["camera"], v["verdict"]) for v in candidate["cameras"])
    followed = ((v["camera"], v["verdict"]) for v in candidate["sequential"])
    return {camera or "": _status(verdict) for camera, verdict in (*fixed, *followed)}


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
    if (model, engine) in recorded.called_genuine:
        return (_CALLED_GENUINE, *_camera_cautions(recorded, model, engine, camera))
    return _camera_cautions(recorded, model, engine, camera)


def _camera_cautions(
    recorded: RecordedVerification, model: str, engine: str, camera: str | None
) -> tuple[Caution, ...]:
    status = recorded.status(model, engine, camera)
    if camera is None:
        return (_UNKNOWN_CAMERA,)
    if status != "PASS":
        code, en, zh = _BY_STATUS[status]
        return (Caution(code, en.format(camera), zh.format(camera)),)
    return (_SIMULATED,) if recorded.simulated else ()


SIMULATED_PHOTO = Caution(
    "photo-simulated",
    "this photo is SIMULATED: no camera took it",
    "这是模拟照片，并非实际拍摄",
)
_NOT_VERIFIED = Caution(
    "not-verified",
    "this bundle carries no verification: nothing shows that it answers like the float model",
    "此模型包未附验证结果，无法证明其结论与浮点模型一致",
)
_CALLED_GENUINE = Caution(
    "false-genuine-failed",
    "this model FAILED verification: it calls more counterfeits genuine than the float model does",
    "此模型未通过验证：误将伪品判为正品的比例高于浮点模型",
)
_UNKNOWN_CAMERA = Caution(
    "camera-unknown",
    "the camera is not known, so no verification speaks of this photo",
    "无法识别拍摄设备，没有适用于此照片的验证结果",
)
_SIMULATED = Caution(
    "verified-simulated",
    "verified on SIMULATED photos only: this says nothing of the real camera",
    "仅用模拟照片验证，不能说明真实设备的情况",
)
_BY_STATUS = {
    "UNTESTED": (
        "camera-untested",
        "camera {} was not verified with this model on this engine",
        "设备 {} 未在此模型与推理引擎上验证",
    ),
    "INSUFFICIENT": (
        "camera-insufficient",
        "too few photos of camera {} for a verdict",
        "设备 {} 的验证照片不足，尚无结论",
    ),
    "FAIL": (
        "camera-failed",
        "camera {} FAILED verification with this model: do not rely on this answer",
        "设备 {} 未通过此模型的验证，请勿采信此结论",
    ),
}


def _status(value: object) -> CameraStatus:
    for known in get_args(CameraStatus):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"verdict {value!r}")
