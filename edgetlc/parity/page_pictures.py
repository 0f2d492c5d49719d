"""Pictures of photos that were answered differently: the photo, and where each side saw its answer.

A photo is shown only while its file is the one that was asked about; the models are run again, for
their evidence alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from edgetlc.errors import EdgetlcError, ImageError
from edgetlc.parity.page_words import Words
from edgetlc.parity.verification import CandidateReport, Flip
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import Engine
from edgetlc.runtime.overlay import overlay
from edgetlc.runtime.pixels import Pixels, decode, read_photo
from edgetlc.runtime.schema import ModelRecord

SIDE = 288
"""Longest side of a picture in pixels."""
NOT_THERE: Words = ("照片不在此处或无法读取", "the photo is not here, or cannot be read")
ALTERED: Words = ("文件在验证后已改动，不予显示", "the file was changed since; it is not shown")


@dataclass(frozen=True)
class Pictures:
    """What can be shown of one photo.

    Attributes:
        photo: upright, at most `SIDE` pixels wide and high; None where it cannot be shown.
        reference: the same with the evidence for the reference's answer laid over it; None where
            no model of the reference's side runs here.
        candidate: the same for the candidate's answer; None where it does not run here.
        missing: why there is no photo.
    """

    photo: Image.Image | None
    reference: Image.Image | None = None
    candidate: Image.Image | None = None
    missing: Words | None = None


class Viewer:
    """Shows photos of one bundle's verification; keeps the models it loads."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._names = [info.name for info in bundle.manifest.classes]
        self._engines: dict[tuple[str, str | None], Engine | None] = {}

    def pictures(self, flip: Flip, report: CandidateReport) -> Pictures:
        """Return what can be shown of a photo that `report` answers differently."""
        try:
            content = read_photo(Path(flip.path))
            if hashlib.sha256(content).hexdigest() != flip.sha256:
                return Pictures(None, missing=ALTERED)
            pixels = decode(content, self._bundle.manifest.contract.size).pixels
        except (ImageError, ValueError):  # a path from elsewhere may hold a NUL
            return Pictures(None, missing=NOT_THERE)
        photo = Image.fromarray(pixels)
        photo.thumbnail((SIDE, SIDE))
        return Pictures(
            photo,
            self._overlay(photo, pixels, flip.reference, self._reference()),
            self._overlay(photo, pixels, flip.candidate, self._candidate(report)),
        )

    def _overlay(
        self, photo: Image.Image, pixels: Pixels, answer: str, engine: Engine | None
    ) -> Image.Image | None:
        if engine is None or answer not in self._names:
            return None
        evidence = engine.run(pixels[None]).evidence[0, self._names.index(answer)]
        return overlay(np.asarray(photo), evidence, self._bundle.manifest.contract.geometry)

    def _reference(self) -> Engine | None:
        record = reference_model(self._bundle)
        return None if record is None else self._load(record.id, None)

    def _candidate(self, report: CandidateReport) -> Engine | None:
        """Return the candidate, unless it ran on another machine."""
        return None if report.machine else self._load(report.model, report.engine.partition(" ")[0])

    def _load(self, model: str, engine: str | None) -> Engine | None:
        key = (model, engine)
        if key not in self._engines:
            try:
                self._engines[key] = self._bundle.load(self._bundle.model(model), engine)
            except EdgetlcError:  # not installed here, or not of this bundle
                self._engines[key] = None
        return self._engines[key]


def reference_model(bundle: Bundle) -> ModelRecord | None:
    """Return the model that shows where the reference's side sees an answer, if there is one."""
    models = bundle.manifest.models
    return next((m for m in models if m.precision == "fp32" and m.format == "onnx"), None)
