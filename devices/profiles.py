"""The cameras known: the profiles shipped with edgetlc, and a user's own.

Table A.1 of the standard lists 14 phones. Its rows 1 to 13 have a profile each; **row 14 is not
legible in the scan this project was made from, so it has none**: a photo named with device 14 comes
from an unknown camera until you write a profile with `number = "14"`. Rows 3 and 6 fit two phones
each and have one profile for both. Beside the phones there is one profile for the digital camera
(`D`, a Canon EOS 5D Mark II or III) and one for each of the two microscopes, Olympus BX53 and Leica
DM2500. Micrographs seldom carry EXIF and their names do not tell the microscope: name it in the
manifest's `camera` column.

Each fact says how sure it is, and each EXIF make and model whether it was seen in a real photo.
Years, chips and picture sizes are common knowledge, not measured here. The model codes of phones
sold in China were looked up in KHwang9883/MobileModels on GitHub.

A profile is a TOML file, named by its id: small letters, digits and hyphens. It is read strictly:

    zh = "我的手机"
    en = "My phone"
    kind = "phone"                    # or "camera", "microscope"
    maker = "Maker"
    certainty = "sure"                # or "likely", "unclear"
    number = "14"                     # optional: the device field of file names, 1 to 14 or D

    [[models]]                        # one or more
    name = "My phone"
    exif = [{ make = "Maker", model = "Phone 1*", evidence = "seen" }]   # or "plausible"
    # facts, each optional and with its certainty
    year = { value = 2024, certainty = "sure" }
    chip = { value = "Chip 1", certainty = "likely" }
    instruction_set = { value = "armv9-a", dot_product = true, i8mm = true, certainty = "likely" }
    image_size = { value = [4096, 3072], certainty = "sure" }

    [simulation]                      # optional: without it a simulation changes no colours
    # every key of edgetlc.devices.simulation.Simulation
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path

from edgetlc.config import from_document
from edgetlc.devices.camera import UNKNOWN_CAMERA, CameraProfile
from edgetlc.devices.naming import DEVICES
from edgetlc.devices.simulation import Simulation
from edgetlc.errors import InputError
from edgetlc.progress import note
from edgetlc.text import read_toml

__all__ = ["CameraProfile", "Cameras"]

_BUILT_IN = Path(__file__).with_name("profiles")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Cameras:
    """An immutable collection of camera profiles.

    Iterates in the table's order: by number 1 to 14, then `D`, then the rest by id.

    Raises:
        InputError: two profiles claim the same number of Table A.1.
    """

    def __init__(self, profiles: Iterable[CameraProfile]) -> None:
        ordered = sorted(profiles, key=_table_order)
        self._by_id = {profile.id: profile for profile in ordered}
        self._by_number: dict[str, CameraProfile] = {}
        for profile in self:
            if profile.number is None:
                continue
            other = self._by_number.setdefault(profile.number, profile)
            if other is not profile:
                raise InputError(
                    "profiles {one} and {other} both have number {number}; leave it out of "
                    "one, or give your file the other's name to replace it",
                    one=other.id,
                    other=profile.id,
                    number=profile.number,
                )

    @classmethod
    def load(cls, extra: Path | None = None) -> Cameras:
        """Return the built-in profiles, extended or overridden by a folder's `.toml` files.

        Args:
            extra: a folder of profiles; one with the file name of a built-in profile replaces it.

        Raises:
            InputError: no such folder, no profile in it, or a profile is not valid.
        """
        profiles = _read_folder(_BUILT_IN)
        if extra is not None:
            own = _read_folder(extra)
            if not own:
                raise InputError(
                    "{extra} is no folder with camera profiles (<id>.toml)", extra=extra
                )
            profiles |= own
        return cls(profiles.values())

    def __iter__(self) -> Iterator[CameraProfile]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._by_id

    def get(self, id_: str) -> CameraProfile:
        """Return the profile with this id.

        Raises:
            InputError: there is none.
        """
        found = self._by_id.get(id_)
        if found is not None:
            return found
        near = get_close_matches(id_.casefold(), self._by_id, n=1)
        if near:
            raise InputError("unknown camera {id!r}; did you mean {near!r}?", id=id_, near=near[0])
        raise InputError(
            "unknown camera {id!r}; 'edgetlc devices list' shows the known ones", id=id_
        )

    def by_number(self, number: str) -> CameraProfile | None:
        """Return the profile of a file name's device field (`1` to `14`, `D`), or None."""
        return self._by_number.get(number)

    def match(self, make: str | None, model: str | None) -> list[CameraProfile]:
        """Return the profiles that EXIF's make and model fit; more than one is a contradiction.

        A make without a model names no camera and fits none; a model without a make is enough.
        """
        if model is None:
            return []
        return [profile for profile in self if profile.matches(make, model)]


def _read_folder(folder: Path) -> dict[str, CameraProfile]:
    profiles = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.lower() == ".toml" and not path.name.startswith("."):
            profiles[path.stem] = _read_profile(path)
        else:
            note("passed over {path}: a camera profile is a file named <id>.toml", path=path)
    return profiles


def _table_order(profile: CameraProfile) -> tuple[int, str]:
    number = len(DEVICES) if profile.number is None else DEVICES.index(profile.number)
    return number, profile.id


def _read_profile(path: Path) -> CameraProfile:
    if not _ID.fullmatch(path.stem):
        raise InputError(
            "{path}: a profile is named by small letters, digits and hyphens", path=path
        )
    if path.stem == UNKNOWN_CAMERA:
        raise InputError(
            "{path}: {name} is what photos without a profile are listed under; choose another name",
            path=path,
            name=UNKNOWN_CAMERA,
        )
    document = read_toml(path)
    try:
        if "id" in document:
            raise InputError("id is the file's name; leave it out")
        implied = {"id": path.stem, "number": None, "simulation": asdict(Simulation())}
        profile = from_document(implied | document, CameraProfile, whole=True)
        if not profile.models:
            raise InputError("models is empty; a profile covers at least one")
    except InputError as error:
        raise InputError("{path}: {reason}", path=path, reason=error) from None
    return profile
