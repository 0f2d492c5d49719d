"""What a class is called, in Chinese and English, and whether it is a counterfeit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["genuine", "counterfeit", "unspecified"]


@dataclass(frozen=True)
class ClassInfo:
    """One class of a classifier.

    Attributes:
        name: the class's folder name, its key everywhere.
        zh: label shown in Chinese.
        en: label shown in English.
        role: `genuine`, `counterfeit`, or `unspecified` where the question does not arise.
    """

    name: str
    zh: str
    en: str
    role: Role = "unspecified"
