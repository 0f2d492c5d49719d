"""Which camera took a photo: its EXIF says, else its name, else the manifest; never a guess.

Each source makes a claim or none. The first claim decides:

1. EXIF's make and model. If they fit no profile, the photo comes from a camera that has none, and
   it is unknown whatever the name says; if they fit several, it is unknown too.
2. The device field of a standard file name. A number without a profile, such as 14: unknown.
3. The camera a manifest declares.

Every later claim that does not agree with the deciding one is reported as a conflict, and so is a
micrograph's name on a photo that was not taken through a microscope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Literal

from edgetlc.devices.exif import CameraTags, read_camera_tags
from edgetlc.devices.naming import parse_name
from edgetlc.devices.profiles import Cameras
from edgetlc.locale import Message, _

Source = Literal["exif", "name", "manifest"]
SIMULATED_BY = "edgetlc"
"""How EXIF's software begins in every photo that `edgetlc data simulate` or the demo renders."""


@dataclass(frozen=True)
class Identification:
    """Which camera took a photo, and how that is known.

    Attributes:
        camera: id of the profile, or None for an unknown camera.
        by: the source that told the camera; None exactly where `camera` is.
        conflict: one line where the sources disagree or EXIF fits several profiles, else None.
        simulated: whether edgetlc itself rendered the photo, which its EXIF then says.
    """

    file: Path
    camera: str | None
    by: Source | None
    conflict: str | None
    simulated: bool = False


@dataclass(frozen=True)
class _Claim:
    """What one source says; `cameras` are the profiles it fits, none for a camera without one."""

    source: Source
    cameras: tuple[str, ...]
    text: Message


def identify(
    path: Path, cameras: Cameras, declared: str | None = None, content: bytes | None = None
) -> Identification:
    """Return which camera took a photo.

    Args:
        path: the photo; one that cannot be read is identified by its name.
        cameras: the known profiles.
        declared: the camera id that a manifest gives, if any.
        content: the file's bytes where they are at hand already; then only the path's name counts.

    Raises:
        InputError: `declared` is no known camera.
    """
    tags = read_camera_tags(path if content is None else content)
    claims = _claims(path, cameras, declared, tags)
    deciding = claims[0] if claims else None
    camera = deciding.cameras[0] if deciding and len(deciding.cameras) == 1 else None
    by = deciding.source if deciding and camera else None
    conflict = _contradiction(claims) or _wrong_kind(path, cameras, camera)
    simulated = (tags.software or "").startswith(SIMULATED_BY)
    return Identification(path, camera, by, conflict, simulated)


def _claims(path: Path, cameras: Cameras, declared: str | None, tags: CameraTags) -> list[_Claim]:
    """Return what the sources say, the strongest first."""
    claims = []
    make, model, _software = tags
    if model is not None:
        matches = tuple(profile.id for profile in cameras.match(make, model))
        written = model if make is None else f"{make} / {model}"
        text = _("EXIF says {written} ({cameras})", written=written, cameras=_listed(matches))
        claims.append(_Claim("exif", matches, text))
    name = parse_name(path.stem)
    if name is not None and not name.micrograph:
        profile = cameras.by_number(name.device)
        matches = () if profile is None else (profile.id,)
        text = _(
            "the file name says device {device} ({cameras})",
            device=name.device,
            cameras=_listed(matches),
        )
        claims.append(_Claim("name", matches, text))
    if declared is not None:
        profile = cameras.get(declared)
        text = _("the manifest says {camera}", camera=profile.id)
        claims.append(_Claim("manifest", (profile.id,), text))
    return claims


def _listed(matches: Sequence[str]) -> str:
    if not matches:
        return _("no known camera")
    return reduce(lambda one, other: _("{one} or {other}", one=one, other=other), matches)


def _contradiction(claims: Sequence[_Claim]) -> str | None:
    """Return in one line how claims disagree with the first; None if they agree."""
    if not claims:
        return None
    first, *weaker = claims
    against = [claim.text for claim in weaker if claim.cameras != first.cameras]
    if against:
        others = reduce(lambda one, other: _("{one} and {other}", one=one, other=other), against)
        return _("{claim}, but {others}", claim=first.text, others=others)
    return first.text if len(first.cameras) > 1 else None


def _wrong_kind(path: Path, cameras: Cameras, camera: str | None) -> str | None:
    name = parse_name(path.stem)
    if camera is None or cameras.get(camera).kind == "microscope":
        return None
    if name is None or not name.micrograph:
        return None
    return _("the file name is a micrograph's, but {camera} is no microscope", camera=camera)
