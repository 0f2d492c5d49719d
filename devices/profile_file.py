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
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast, get_args

from edgetlc.devices.camera import (
    UNKNOWN_CAMERA,
    CameraProfile,
    Certainty,
    Evidence,
    ExifPattern,
    Fact,
    InstructionSet,
    Kind,
    Model,
)
from edgetlc.devices.naming import DEVICES
from edgetlc.devices.simulation import Matrix, Simulation, Subsampling, Triple
from edgetlc.devices.strict_table import StrictTable
from edgetlc.errors import InputError

T = TypeVar("T")

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KINDS: tuple[Kind, ...] = get_args(Kind)
_CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)
_EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)
_SUBSAMPLINGS: tuple[Subsampling, ...] = get_args(Subsampling)
_YEARS = range(1970, 2100)
_SIDES = range(1, 65_536)  # pixels; the most a JPEG file can declare
_QUALITIES = range(1, 101)  # libjpeg's scale; Simulation narrows it


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
        return _profile(path.stem, StrictTable(document))
    except InputError as error:
        raise InputError("{path}: {reason}", path=path, reason=error) from None


def _profile(id_: str, table: StrictTable) -> CameraProfile:
    profile = CameraProfile(
        id=id_,
        zh=table.text("zh"),
        en=table.text("en"),
        number=table.choice("number", DEVICES) if table.has("number") else None,
        kind=table.choice("kind", _KINDS),
        maker=table.text("maker"),
        certainty=table.choice("certainty", _CERTAINTIES),
        models=tuple(_model(model) for model in table.tables("models")),
        simulation=_simulation(table.table("simulation"))
        if table.has("simulation")
        else Simulation(),
    )
    table.done()
    if not profile.models:
        raise InputError("models is empty; a profile covers at least one")
    return profile


def _model(table: StrictTable) -> Model:
    model = Model(
        name=table.text("name"),
        exif=tuple(_exif(pattern) for pattern in table.tables("exif")),
        year=_fact(table, "year", lambda fact: fact.whole("value", _YEARS)),
        chip=_fact(table, "chip", lambda fact: fact.text("value")),
        instruction_set=_instruction_set(table.table("instruction_set"))
        if table.has("instruction_set")
        else None,
        image_size=_fact(table, "image_size", _sides),
    )
    table.done()
    return model


def _exif(table: StrictTable) -> ExifPattern:
    make, model = table.text("make"), table.text("model")
    pattern = ExifPattern(make, model, table.choice("evidence", _EVIDENCE))
    table.done()
    return pattern


def _fact(table: StrictTable, key: str, value: Callable[[StrictTable], T]) -> Fact[T] | None:
    if not table.has(key):
        return None
    inner = table.table(key)
    fact = Fact(value(inner), _certainty(inner))
    inner.done()
    return fact


def _sides(table: StrictTable) -> tuple[int, int]:
    width, height = table.wholes("value", 2, _SIDES)
    return width, height


def _instruction_set(table: StrictTable) -> InstructionSet:
    fact = InstructionSet(
        table.text("value"), table.flag("dot_product"), table.flag("i8mm"), _certainty(table)
    )
    table.done()
    return fact


def _certainty(table: StrictTable) -> Certainty:
    return table.choice("certainty", _CERTAINTIES)


def _simulation(table: StrictTable) -> Simulation:
    simulation = Simulation(
        white_balance=cast(Triple, table.numbers("white_balance", 3)),
        colour_matrix=cast(Matrix, table.rows("colour_matrix", 3)),
        tone=table.number("tone"),
        contrast=table.number("contrast"),
        sharpening=table.number("sharpening"),
        noise=table.number("noise"),
        scale=table.number("scale"),
        jpeg_quality=table.whole("jpeg_quality", _QUALITIES),
        chroma_subsampling=table.choice("chroma_subsampling", _SUBSAMPLINGS),
        measured=table.flag("measured"),
    )
    table.done()
    return simulation
