"""`bundle.json`: what a bundle says of itself, as dataclasses that are read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from edgetlc.config import Allowed, from_document
from edgetlc.errors import BundleError, InputError
from edgetlc.locale import _
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.policy import DecisionPolicy

SCHEMA = 1
Precision = Literal["fp32", "int8"]
Format = Literal["onnx", "ort", "openvino"]

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
FileName = Annotated[
    str, Allowed(_("letters, digits, '.', '_' and '-' between slashes"), _SAFE_NAME.fullmatch)
]
Length = Annotated[int, Allowed(_("0 or more"), lambda count: count >= 0)]
Sha256 = Annotated[str, Allowed(_("64 hexadecimal digits"), re.compile("[0-9a-f]{64}").fullmatch)]


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 (64 hexadecimal digits) of one file of the bundle."""

    bytes: Length
    sha256: Sha256


@dataclass(frozen=True)
class ModelRecord:
    """One model of the bundle.

    Attributes:
        id: such as `onnx-int8`.
        engines: what can run it, the preferred one first.
        files: names in the bundle, the model first.
    """

    id: str
    format: Format
    precision: Precision
    engines: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class BundleManifest:
    """The content of `bundle.json`.

    Attributes:
        created: UTC time, ISO 8601.
        edgetlc: version that wrote the bundle.
        classes: in the order of the models' outputs.
        decision: when an answer counts, by the precision of the model that gives it.
        models: what can classify.
        provenance: data digests, split, calibration set, tool versions, seeds.
        files: every file but `bundle.json` itself.
    """

    created: str
    edgetlc: str
    classes: tuple[ClassInfo, ...]
    contract: PixelContract
    decision: Mapping[Precision, DecisionPolicy]
    models: tuple[ModelRecord, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[FileName, FileRecord] = field(default_factory=dict)
    schema: int = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Return the document to write."""
        return asdict(self)

    @staticmethod
    def parse(content: bytes) -> BundleManifest:
        """Read `bundle.json`.

        Raises:
            BundleError: not JSON, another schema, unknown or missing fields, unsafe file names.
        """
        try:
            document = json.loads(content)
            schema = document["schema"]
        except (TypeError, KeyError, ValueError, RecursionError) as error:
            raise BundleError(
                "bundle.json is not valid ({kind}: {reason})",
                kind=type(error).__name__,
                reason=error,
            ) from None
        if schema != SCHEMA:
            raise BundleError(
                "bundle schema {schema!r} is not known here (known: {known}); install the "
                "edgetlc version that wrote the bundle",
                schema=schema,
                known=SCHEMA,
            )
        try:
            manifest = from_document(document, BundleManifest, whole=True)
        except InputError as error:
            raise BundleError("bundle.json is not valid: {reason}", reason=error) from None
        _check(manifest)
        return manifest


def _check(manifest: BundleManifest) -> None:
    classes, models = manifest.classes, manifest.models
    if len(classes) < 2 or len({info.name for info in classes}) < len(classes):
        raise BundleError("bundle.json names fewer than two classes, or one of them twice")
    if not models or len({model.id for model in models}) < len(models):
        raise BundleError("bundle.json names no model, or two by one id")
    for model in models:
        if model.precision not in manifest.decision:
            raise BundleError(
                "bundle.json has no decision policy for {precision} models",
                precision=model.precision,
            )
        missing = [name for name in model.files if name not in manifest.files]
        if missing or not model.files or not model.engines:
            raise BundleError(
                "bundle.json lists model {id} without its files ({missing})",
                id=model.id,
                missing=missing,
            )
