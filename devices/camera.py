"""What a camera profile says: names, EXIF, processor, and how sure each of it is.

Vocabulary:
    profile   one camera source: a row of Table A.1, the digital camera, or a microscope
    unknown   a camera without a profile: None in Python, `UNKNOWN_CAMERA` in files
    model     one device the profile covers; a row whose scan fits two phones has two
    certainty `sure`, `likely` or `unclear`: how far a fact may be relied on
    evidence  `seen`: the make and model were read in a real photo; `plausible`: they were not, and
              come from a list of model codes or from how the maker names its other devices
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Generic, Literal, TypeVar

from edgetlc.config import KEY, Allowed, within
from edgetlc.devices.naming import Device
from edgetlc.devices.simulation import Simulation
from edgetlc.locale import _

_LONGEST_TEXT = 200
_LARGEST_SIDE = 65_535  # pixels; the most a JPEG file can declare

Text = Annotated[
    str,
    Allowed(
        _("text of 1 to {longest} printable characters", longest=_LONGEST_TEXT),
        lambda text: text.strip() and text.isprintable() and len(text) <= _LONGEST_TEXT,
    ),
]
Year = Annotated[int, within(1970, 2099)]
Side = Annotated[int, within(1, _LARGEST_SIDE)]
Certainty = Literal["sure", "likely", "unclear"]
Evidence = Literal["seen", "plausible"]
Kind = Literal["phone", "camera", "microscope"]
UNKNOWN_CAMERA = "unknown"
"""How files spell a camera that is not known; no profile may be called so."""

T = TypeVar("T")


@dataclass(frozen=True)
class Fact(Generic[T]):
    """A value and how far it may be relied on."""

    value: T
    certainty: Certainty


@dataclass(frozen=True)
class InstructionSet:
    """What a processor can execute.

    Attributes:
        name: architecture version as compilers name it, such as `armv8.2-a`; `value` in profiles.
        dot_product: has the int8 dot-product instructions (SDOT, UDOT), which speed up int8.
        i8mm: has the int8 matrix-multiply instructions (SMMLA), which speed it up further.
        certainty: how far these three may be relied on.
    """

    name: Text = field(metadata={KEY: "value"})
    dot_product: bool
    i8mm: bool
    certainty: Certainty


@dataclass(frozen=True)
class ExifPattern:
    """A make and model that the camera writes; `*`, `?` and `[…]` as in file names, any case."""

    make: Text
    model: Text
    evidence: Evidence

    @property
    def literal(self) -> bool:
        """Whether the pattern is one make and model, so that it can be written to a photo."""
        return not set("*?[") & set(self.make + self.model)

    def matches(self, make: str | None, model: str) -> bool:
        """Whether EXIF's make and model fit; an absent make fits any."""
        pairs = ((make, self.make), (model, self.model))
        return all(
            text is None or fnmatchcase(text.casefold(), pattern.casefold())
            for text, pattern in pairs
        )


@dataclass(frozen=True)
class Model:
    """One device of a profile; a fact that is not known is None.

    Attributes:
        exif: makes and models it writes, the most likely first.
        year: of first sale.
        image_size: width and height in pixels of its untouched photos, held in landscape.
    """

    name: Text
    exif: tuple[ExifPattern, ...] = ()
    year: Fact[Year] | None = None
    chip: Fact[Text] | None = None
    instruction_set: InstructionSet | None = None
    image_size: Fact[tuple[Side, Side]] | None = None


@dataclass(frozen=True)
class CameraProfile:
    """One camera source.

    Attributes:
        id: the profile's file name without `.toml`.
        zh, en: name in Chinese and English.
        number: the device field of the standard's file name; None without one.
        maker: company or brand.
        certainty: whether the standard's table means this device.
        models: the devices covered, at least one.
        simulation: how `edgetlc data simulate` renders for it.
    """

    id: str
    zh: Text
    en: Text
    number: Device | None
    kind: Kind
    maker: Text
    certainty: Certainty
    models: tuple[Model, ...]
    simulation: Simulation = field(default_factory=Simulation)

    @property
    def exif(self) -> tuple[ExifPattern, ...]:
        """The EXIF patterns of all models."""
        return tuple(pattern for model in self.models for pattern in model.exif)

    @property
    def written_exif(self) -> tuple[str, str] | None:
        """Make and model that a simulated photo carries; None if the profile fixes none."""
        literal = (pattern for pattern in self.exif if pattern.literal)
        return next(((pattern.make, pattern.model) for pattern in literal), None)

    def matches(self, make: str | None, model: str) -> bool:
        """Whether EXIF's make and model are those of one of the models."""
        return any(pattern.matches(make, model) for pattern in self.exif)
