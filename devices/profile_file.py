"""Reading one camera profile from TOML, strictly: an unknown or missing key is an error.

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

The file's name without `.toml` is the profile's id: small letters, digits and hyphens.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict
from pathlib import Path

from edgetlc.config import from_document
from edgetlc.devices.camera import UNKNOWN_CAMERA, CameraProfile
from edgetlc.devices.simulation import Simulation
from edgetlc.errors import InputError

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def read_profile(path: Path) -> CameraProfile:
    """Return the profile in a TOML file.

    Raises:
        InputError: the file cannot be read, or a key or value is not as described above.
    """
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
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            "{path} is not a readable TOML file: {reason}", path=path, reason=error
        ) from None
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
