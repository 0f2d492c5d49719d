"""The standard's file names: `code-batch-device-serial`, parsed, explained and generated.

    0617440100299008-2024001-7-001      a photo: Table A.1's phone no. 7, picture 001
    0617440100299008-2024002-D-003      a photo taken with the digital camera
    0617440100299008-2024001-XM-012     a micrograph; XM is its subject

Vocabulary:
    code    the material's code after GB/T 31774. The standard prints it with 16 digits in one place
            and 17 in another, so both are accepted.
    batch   year of production and 3 digits
    device  number of the phone in Table A.1, or `D` for the digital camera. In a micrograph's name
            the two-letter subject code stands here; such a name does not tell the microscope.
    serial  3 digits

A phone's number has no leading zero: `7`, never `07`. Accepting both would give one photo two
names, and a name would no longer survive being parsed and generated again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from edgetlc.errors import InputError
from edgetlc.locale import _, n_

Device = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "D"]
DEVICES: tuple[Device, ...] = get_args(Device)
"""What the device field of a photo's name may be: the numbers of Table A.1, or `D`."""

_CODE_DIGITS = (16, 17)
_YEARS = range(1990, 2100)  # a misplaced field, not an old batch, is what falls outside


@dataclass(frozen=True)
class StandardName:
    """A file name, without its suffix, that follows the standard's rule.

    Attributes:
        code: 16 or 17 digits.
        batch: 7 digits, the first four a year from 1990 to 2099.
        device: one of `DEVICES`, or the subject of a micrograph, two capital letters.
        serial: 3 digits.

    Raises:
        InputError: a field breaks the rule.
    """

    code: str
    batch: str
    device: str
    serial: str

    def __post_init__(self) -> None:
        if fault := _fault(self.code, self.batch, self.device, self.serial):
            raise InputError("{name} is no standard file name: {fault}", name=self, fault=fault)

    @property
    def micrograph(self) -> bool:
        """Whether the name is a micrograph's, `device` being its subject."""
        return _is_subject(self.device)

    def __str__(self) -> str:
        return f"{self.code}-{self.batch}-{self.device}-{self.serial}"


def parse_name(stem: str) -> StandardName | None:
    """Return the parts of a file name without its suffix, or None if it breaks the rule."""
    return None if explain_name(stem) else StandardName(*stem.split("-"))


def explain_name(stem: str) -> str:
    """Return in one line why `stem` breaks the rule; the empty string where it follows it."""
    fields = stem.split("-")
    if len(fields) != 4:
        return n_(
            "{count} part between hyphens; the rule has 4: code-batch-device-serial",
            "{count} parts between hyphens; the rule has 4: code-batch-device-serial",
            count=len(fields),
        )
    return _fault(*fields)


def _fault(code: str, batch: str, device: str, serial: str) -> str:
    if not (_digits(code) and len(code) in _CODE_DIGITS):
        return _("code is {code!r}; it takes 16 or 17 digits", code=code)
    if not (_digits(batch) and len(batch) == 7):
        return _("batch is {batch!r}; it takes a year and 3 digits, like 2024001", batch=batch)
    if int(batch[:4]) not in _YEARS:
        return _(
            "batch {batch} begins with {year}; a year from 1990 to 2099 stands there",
            batch=batch,
            year=batch[:4],
        )
    if not (device in DEVICES or _is_subject(device)):
        return _(
            "device is {device!r}; it takes {allowed}",
            device=device,
            allowed=_allowed_devices(device),
        )
    if not (_digits(serial) and len(serial) == 3):
        return _("serial is {serial!r}; it takes 3 digits, like 001", serial=serial)
    return ""


def _allowed_devices(found: str) -> str:
    if _digits(found) and found.lstrip("0") in DEVICES:
        return _("the number without leading zeros: {number}", number=found.lstrip("0"))
    return _("1 to 14 (Table A.1), D (digital camera) or a micrograph's two capital letters")


def _is_subject(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
