"""What is known of a photo: its camera, its batch, whether it is simulated; never a guess.

Folders, manifests, `predict` and `devices identify` all ask here. EXIF says, else the file name,
else the manifest. The batch stands in a standard file name or the manifest; that edgetlc rendered a
photo stands in its EXIF or the manifest, and counts wherever it stands.

Of the camera each source makes a claim or none. The first claim decides:

1. EXIF's make and model. If they fit no profile, the photo comes from a camera that has none, and
   it is unknown whatever the name says; if they fit several, it is unknown too.
2. The device field of a standard file name. A number without a profile, such as 14: unknown.
3. The camera a manifest declares.

Every later claim that does not agree with the deciding one is reported as a conflict, and so is a
micrograph's name on a photo that was not taken through a microscope. So are another batch in the
manifest than in the name, and a manifest that calls a rendered photo a real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Literal, NamedTuple

from edgetlc.devices.exif import CameraTags, read_camera_tags
from edgetlc.devices.naming import StandardName, parse_name
from edgetlc.devices.profiles import Cameras
from edgetlc.locale import Message, _

Source = Literal["exif", "name", "manifest"]
SIMULATED_BY = "edgetlc"
"""How EXIF's software begins in every photo that `edgetlc data simulate` or the demo renders."""


class Declared(NamedTuple):
    """What a manifest says of a photo; None where its field is empty."""

    camera: str | None = None
    batch: str | None = None
    simulated: bool | None = None


@dataclass(frozen=True)
class Identification:
    """Which camera took a photo, and how that is known; its batch, and whether it is simulated.

    Attributes:
        camera: id of the profile, or None for an unknown camera.
        by: the source that told the camera; None exactly where `camera` is.
        conflict: one line where the sources disagree or EXIF fits several profiles, else None.
        simulated: whether edgetlc itself rendered the photo, or the manifest says so.
        batch: `code-batch` of a standard file name, else what the manifest says; None: unknown.
    """

    file: Path
    camera: str | None
    by: Source | None
    conflict: str | None
    simulated: bool = False
    batch: str | None = None


@dataclass(frozen=True)
class _Claim:
    """What one source says; `cameras` are the profiles it fits, none for a camera without one."""

    source: Source
    cameras: tuple[str, ...]
    text: Message


def identify(
    path: Path,
    cameras: Cameras,
    declared: Declared | None = None,
    content: bytes | None = None,
) -> Identification:
    """Return which camera took a photo, its batch, and whether it is simulated.

    Args:
        path: the photo; one that cannot be read is identified by its name.
        cameras: the known profiles.
        declared: what a manifest says, if there is one.
        content: the file's bytes where they are at hand already; then only the path's name counts.

    Raises:
        InputError: the declared camera is no known one.
    """
    declared = declared or Declared()
    tags = read_camera_tags(path if content is None else content)
    name = parse_name(path.stem)
    claims = _claims(name, cameras, declared.camera, tags)
    deciding = claims[0] if claims else None
    camera = deciding.cameras[0] if deciding and len(deciding.cameras) == 1 else None
    by = deciding.source if deciding and camera else None
    rendered = (tags.software or "").startswith(SIMULATED_BY)
    conflicts = (
        _contradiction(claims) or _wrong_kind(name, cameras, camera),
        _other_batch(name, declared.batch),
        _("EXIF says that edgetlc rendered it, but the manifest says that it is not simulated")
        if rendered and declared.simulated is False
        else None,
    )
    told = [conflict for conflict in conflicts if conflict]
    return Identification(
        path,
        camera,
        by,
        _joined(told),
        rendered or bool(declared.simulated),
        _batch(name) or declared.batch,
    )


def _claims(
    name: StandardName | None, cameras: Cameras, declared: str | None, tags: CameraTags
) -> list[_Claim]:
    """Return what the sources say, the strongest first."""
    claims = []
    make, model, _software = tags
    if model is not None:
        matches = tuple(profile.id for profile in cameras.match(make, model))
        written = model if make is None else f"{make} / {model}"
        text = _("EXIF says {written} ({cameras})", written=written, cameras=_listed(matches))
        claims.append(_Claim("exif", matches, text))
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


def _contradiction(claims: Sequence[_Claim]) -> Message | None:
    """Return in one line how claims disagree with the first; None if they agree."""
    if not claims:
        return None
    first, *weaker = claims
    against = [claim.text for claim in weaker if claim.cameras != first.cameras]
    if against:
        others = reduce(lambda one, other: _("{one} and {other}", one=one, other=other), against)
        return _("{claim}, but {others}", claim=first.text, others=others)
    return first.text if len(first.cameras) > 1 else None


def _wrong_kind(name: StandardName | None, cameras: Cameras, camera: str | None) -> Message | None:
    if camera is None or cameras.get(camera).kind == "microscope":
        return None
    if name is None or not name.micrograph:
        return None
    return _("the file name is a micrograph's, but {camera} is no microscope", camera=camera)


def _batch(name: StandardName | None) -> str | None:
    return None if name is None else f"{name.code}-{name.batch}"


def _joined(conflicts: Sequence[Message]) -> Message | None:
    if not conflicts:
        return None
    return reduce(lambda one, other: _("{one}; {other}", one=one, other=other), conflicts)


def _other_batch(name: StandardName | None, declared: str | None) -> Message | None:
    if name is None or declared in (None, name.batch, _batch(name)):
        return None
    return _(
        "the file name says batch {named}, but the manifest says {declared}",
        named=_batch(name),
        declared=declared,
    )
