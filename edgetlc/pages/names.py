"""Names for people, in both languages, of what goes by a key: cameras and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.devices.profiles import Cameras
from edgetlc.locale import Message, p_
from edgetlc.pages.render import bilingual
from edgetlc.runtime.classes import ClassInfo


@dataclass(frozen=True)
class Names:
    """What cameras and classes are called.

    Attributes:
        cameras: profiles; those of the standard unless given.
        classes: of the bundle.
    """

    cameras: Cameras = field(default_factory=Cameras.load)
    classes: Sequence[ClassInfo] = ()

    def camera(self, id_: str | None) -> Markup | Message | str:
        """Return a camera's name; its id where no profile tells."""
        if id_ in (None, UNKNOWN_CAMERA):
            return p_("camera", "unknown")
        if id_ not in self.cameras:
            return id_
        profile = self.cameras.get(id_)
        return bilingual(profile.en, profile.zh)

    def label(self, name: str | None) -> Markup | str | None:
        """Return a class's labels, with its folder's name where neither is that."""
        info = next((info for info in self.classes if info.name == name), None)
        if info is None:
            return name
        labels = bilingual(info.en, info.zh)
        return labels if name in (info.zh, info.en) else Markup("{} ({})").format(labels, name)
