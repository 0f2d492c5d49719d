"""Photos that were answered differently: which to show, and where each side saw its answer.

A photo is shown only while its file is the one that was asked about; the models are run again, for
their class-activation maps alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from edgetlc.errors import EdgetlcError, ImageError
from edgetlc.locale import Message, _
from edgetlc.parity.verification import CandidateReport, Flip
from edgetlc.results.wording import percent
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import Role
from edgetlc.runtime.engines import Engine
from edgetlc.runtime.overlay import overlay
from edgetlc.runtime.pixels import Pixels, decode, read_photo
from edgetlc.runtime.schema import BundleManifest, ModelRecord

MOST_PICTURED, MOST_LISTED = 24, 50
"""Photos shown with pictures, and those listed in a table below them."""
SIDE = 288
"""Longest side of a picture in pixels."""
NOT_THERE = _("The photo is not here, or cannot be read.")
ALTERED = _("The file was changed since; it is not shown.")
_ORDER = ("false_genuine", "right_to_wrong", "other", "wrong_to_right")


@dataclass(frozen=True)
class ChangedAnswer:
    """One candidate's other answer on a photo."""

    number: int  # of the candidate on the page
    flip: Flip
    effect: str  # `false_genuine`, or the flip's kind


@dataclass(frozen=True)
class ChangedPhoto:
    """What the candidates answer differently on one photo, the gravest first."""

    answers: tuple[ChangedAnswer, ...]

    @property
    def gravest(self) -> ChangedAnswer:
        """The answer that its pictures show."""
        return self.answers[0]

    @property
    def flip(self) -> Flip:
        """The photo, and the reference's answer."""
        return self.gravest.flip

    @property
    def alike(self) -> list[tuple[list[int], ChangedAnswer]]:
        """The answers by candidate, those that read alike as one with all its numbers."""
        groups: dict[tuple[str, str, str, str], list[ChangedAnswer]] = {}
        for answer in sorted(self.answers, key=lambda answer: answer.number):
            flip = answer.flip
            read = (flip.candidate, percent(flip.candidate_confidence), answer.effect, flip.cause)
            groups.setdefault(read, []).append(answer)
        return [([answer.number for answer in group], group[0]) for group in groups.values()]


def changed_photos(
    reports: Sequence[CandidateReport], manifest: BundleManifest
) -> list[ChangedPhoto]:
    """Return the photos answered differently, the gravest first, each candidate's in turn."""
    ranked = [
        (place, ChangedAnswer(number, flip, _effect(flip, report.model, manifest)))
        for number, report in enumerate(reports, start=1)
        for place, flip in enumerate(report.flips)
    ]
    ranked.sort(key=lambda entry: (_ORDER.index(entry[1].effect), entry[0], entry[1].number))
    photos: dict[int, list[ChangedAnswer]] = {}
    for _place, answer in ranked:
        photos.setdefault(answer.flip.photo, []).append(answer)
    return [ChangedPhoto(tuple(answers)) for answers in photos.values()]


def _effect(flip: Flip, model: str, manifest: BundleManifest) -> str:
    """Return what a changed answer does; a counterfeit newly called genuine is the gravest."""
    roles: dict[str | None, Role] = {info.name: info.role for info in manifest.classes}
    precision = {record.id: record.precision for record in manifest.models}[model]
    called = roles.get(flip.candidate) == "genuine" and roles.get(flip.reference) != "genuine"
    sure = manifest.decision[precision].decide(flip.candidate_confidence, "genuine") == "answer"
    is_counterfeit = roles.get(flip.label) == "counterfeit"
    return "false_genuine" if is_counterfeit and called and sure else flip.kind


@dataclass(frozen=True)
class Pictures:
    """What can be shown of one photo, upright, at most `SIDE` pixels wide and high.

    `reference` and `candidate` have the class-activation map of that side's answer laid over the
    photo; None where no model of the side runs here.
    """

    photo: Image.Image | None
    reference: Image.Image | None = None
    candidate: Image.Image | None = None
    missing: Message | None = None  # why there is no photo


class Viewer:
    """Shows photos of one bundle's verification; keeps the models it loads."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._names = [info.name for info in bundle.manifest.classes]
        self._load = cache(self._opened)

    def pictures(self, flip: Flip, report: CandidateReport) -> Pictures:
        """Return what can be shown of a photo that `report` answers differently."""
        pixels = pixels_of(flip.path, flip.sha256, self._bundle.manifest.contract.size)
        if isinstance(pixels, Message):
            return Pictures(None, missing=pixels)
        photo = Image.fromarray(pixels)
        photo.thumbnail((SIDE, SIDE))
        record = reference_model(self._bundle)
        reference = None if record is None else self._load(record.id, None)
        here = not report.machine
        candidate = self._load(report.model, report.engine.partition(" ")[0]) if here else None
        return Pictures(
            photo,
            self._overlay(photo, pixels, flip.reference, reference),
            self._overlay(photo, pixels, flip.candidate, candidate),
        )

    def _overlay(
        self, photo: Image.Image, pixels: Pixels, answer: str, engine: Engine | None
    ) -> Image.Image | None:
        if engine is None or answer not in self._names:
            return None
        evidence = engine.run(pixels[None]).evidence[0, self._names.index(answer)]
        return overlay(np.asarray(photo), evidence, self._bundle.manifest.contract.geometry)

    def _opened(self, model: str, engine: str | None) -> Engine | None:
        try:
            return self._bundle.load(self._bundle.model(model), engine)
        except EdgetlcError:  # not installed here, or not of this bundle
            return None


def pixels_of(path: str, sha256: str, size: int) -> Pixels | Message:
    """Return a photo's pixels, at least `size` on its shorter side, or why it is not shown."""
    try:
        content = read_photo(Path(path))
        if hashlib.sha256(content).hexdigest() != sha256:
            return ALTERED
        return decode(content, size).pixels
    except (ImageError, ValueError):  # a path from elsewhere may hold a NUL
        return NOT_THERE


def reference_model(bundle: Bundle) -> ModelRecord | None:
    """Return the model that shows where the reference's side sees an answer, if there is one."""
    models = bundle.manifest.models
    return next((m for m in models if m.precision == "fp32" and m.format == "onnx"), None)
