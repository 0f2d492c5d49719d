"""What a calibration set covers: its photos of every class x camera, and the cameras it misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from edgetlc.data.photos import Photo
from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.errors import InputError
from edgetlc.locale import Message, _, n_, some_of

MINIMUM_PHOTOS = 8


def stratum_of(photo: Photo) -> tuple[str, str | None]:
    """Return a photo's class and camera; photos of unknown cameras form strata of their own."""
    return photo.label, photo.camera


@dataclass(frozen=True)
class Stratum:
    """One class x camera; the camera is None for unknown ones.

    Attributes:
        photos: how many calibrate.
        available: how many the training part holds.
        held_out: how many the validation and test parts hold.
    """

    label: str
    camera: str | None
    photos: int
    available: int
    held_out: int

    @property
    def camera_name(self) -> str:
        """The camera's id, `unknown` where there is none."""
        return self.camera or UNKNOWN_CAMERA

    def to_json(self) -> dict[str, Any]:
        """Return the stratum as it is recorded; an unknown camera is null."""
        values = asdict(self)
        return {"class": values.pop("label"), **values}


@dataclass(frozen=True)
class Coverage:
    """Where the photos of a calibration set come from, and where none does.

    Attributes:
        asked: how many photos were wanted.
        strata: every class x camera of the training, validation and test parts, by class and
            camera, unknown cameras last.
    """

    asked: int
    strata: tuple[Stratum, ...]

    @classmethod
    def of(
        cls,
        asked: int,
        chosen: Iterable[Photo],
        training: Iterable[Photo],
        held_out: Iterable[Photo],
    ) -> Coverage:
        """Count the chosen photos beside those they were chosen from and those that will judge."""
        counts = [Counter(map(stratum_of, photos)) for photos in (chosen, training, held_out)]
        keys = sorted({*counts[1], *counts[2]}, key=lambda key: (key[0], key[1] is None, key[1]))
        return cls(asked, tuple(Stratum(*key, *(count[key] for count in counts)) for key in keys))

    def with_photos(self, chosen: Iterable[Photo]) -> Coverage:
        """Return the coverage by other photos of the same training part."""
        taken = Counter(map(stratum_of, chosen))
        strata = (replace(s, photos=taken[s.label, s.camera]) for s in self.strata)
        return replace(self, strata=tuple(strata))

    @property
    def photos(self) -> int:
        """How many photos calibrate."""
        return sum(stratum.photos for stratum in self.strata)

    @property
    def available(self) -> int:
        """How many photos the training part holds."""
        return sum(stratum.available for stratum in self.strata)

    @property
    def per_camera(self) -> dict[str, int]:
        """Calibration photos of each camera that has any; `unknown` for unknown cameras."""
        return {camera: taken for camera, (taken, _all) in self.cameras().items() if taken}

    def cameras(self) -> dict[str, tuple[int, int]]:
        """Return calibration photos and training photos of every camera, by name."""
        found: dict[str, tuple[int, int]] = {}
        for s in sorted(self.strata, key=lambda s: s.camera_name):
            taken, available = found.get(s.camera_name, (0, 0))
            found[s.camera_name] = taken + s.photos, available + s.available
        return found

    @property
    def missing_cameras(self) -> tuple[str, ...]:
        """Cameras that will be verified without one calibration photo."""
        judged = {stratum.camera_name for stratum in self.strata if stratum.held_out}
        return tuple(sorted(judged - self.per_camera.keys()))

    @property
    def warnings(self) -> tuple[Message, ...]:
        """What a user should know, a sentence each."""
        warnings = []
        taken, missing = self.photos, self.missing_cameras
        if taken < self.asked:
            no_more = _("the training part holds no more")
            unfit = _("others are unreadable or copies")
            why = no_more if taken == self.available else unfit
            warnings.append(
                _(
                    "{asked} calibration photos asked for, {taken} taken: {why}",
                    asked=self.asked,
                    taken=taken,
                    why=why,
                )
            )
        if missing:
            warnings.append(_("no calibration photo of {cameras}", cameras=", ".join(missing)))
        pairs = [
            f"{s.label} x {s.camera_name}"
            for s in self.strata
            if s.held_out and not s.photos and s.camera_name not in missing
        ]
        if pairs:
            warnings.append(
                _("verified, but without a calibration photo: {strata}", strata=some_of(pairs))
            )
        return tuple(warnings)

    def to_json(self) -> dict[str, Any]:
        """Return the coverage as it is recorded."""
        return {
            "asked": self.asked,
            "photos": self.photos,
            "available": self.available,
            "missing_cameras": list(self.missing_cameras),
            "strata": [stratum.to_json() for stratum in self.strata],
            "warnings": list(self.warnings),
        }


def refuse_gaps(coverage: Coverage, *, allow_missing_cameras: bool = False) -> None:
    """Refuse photos that cannot set the ranges for what will be verified.

    Raises:
        InputError: fewer than 8 photos, one class only, or a camera of the validation or test part
            without a photo, unless that is allowed.
    """
    count, missing = coverage.photos, coverage.missing_cameras
    if count < MINIMUM_PHOTOS:
        raise InputError(
            "{count} calibration photos; at least {least} are needed: add some",
            count=count,
            least=MINIMUM_PHOTOS,
        )
    labels = {stratum.label for stratum in coverage.strata if stratum.photos}
    if len(labels) < 2:
        raise InputError(
            "all {count} calibration photos are of class {label!r}; the ranges need photos of "
            "at least two classes: add others or take more photos",
            count=count,
            label=labels.pop(),
        )
    if missing and not allow_missing_cameras:
        every = coverage.cameras()
        cameras = [
            n_(
                "{camera} ({count} training photo)",
                "{camera} ({count} training photos)",
                count=every[camera][1],
                camera=camera,
            )
            for camera in missing
        ]
        raise InputError(
            "no calibration photo of a camera that the validation or test part holds: {cameras}; "
            "add training photos of a camera that has none, take at least {least} photos, one of "
            "every class x camera, or pass --allow-missing-cameras",
            cameras=some_of(cameras),
            least=sum(stratum.available > 0 for stratum in coverage.strata),
        )
