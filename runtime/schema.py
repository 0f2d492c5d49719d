"""`bundle.json`: what a bundle says of itself, as dataclasses with strict reading."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from edgetlc.errors import BundleError
from edgetlc.runtime.classes import ClassInfo, Role
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.policy import DecisionPolicy

SCHEMA = 1
Precision = Literal["fp32", "int8"]
Format = Literal["onnx", "ort", "openvino"]

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 (64 hexadecimal digits) of one file of the bundle."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class ModelRecord:
    """One model of the bundle.

    Attributes:
        id: such as `onnx-int8`.
        format: `onnx`, `ort` or `openvino`.
        precision: `fp32` or `int8`.
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
        contract: the pixel contract.
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
    files: Mapping[str, FileRecord] = field(default_factory=dict)
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
            if schema != SCHEMA:
                raise BundleError(
                    "bundle schema {schema!r} is not known here (known: {known}); install the "
                    "edgetlc version that wrote the bundle",
                    schema=schema,
                    known=SCHEMA,
                )
            return _from_document(document)
        except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
            raise BundleError(
                "bundle.json is not valid ({kind}: {reason})",
                kind=type(error).__name__,
                reason=error,
            ) from None


def _from_document(document: dict[str, Any]) -> BundleManifest:
    manifest = BundleManifest(
        **{
            **document,
            "classes": tuple(ClassInfo(**c) for c in document["classes"]),
            "contract": PixelContract.from_json(document["contract"]),
            "decision": {
                precision: DecisionPolicy.from_json(policy)
                for precision, policy in document["decision"].items()
            },
            "models": tuple(_model(m) for m in document["models"]),
            "files": {name: FileRecord(**record) for name, record in document["files"].items()},
        }
    )
    _check(manifest)
    return manifest


def _model(fields: dict[str, Any]) -> ModelRecord:
    lists = {"engines": tuple(fields["engines"]), "files": tuple(fields["files"])}
    return ModelRecord(**{**fields, **lists})


def _check(manifest: BundleManifest) -> None:
    _check_classes(manifest.classes)
    if not isinstance(manifest.provenance, dict):
        raise BundleError("bundle.json gives a provenance that is no table")
    for name, record in manifest.files.items():
        if not _SAFE_NAME.fullmatch(name):
            raise BundleError("bundle.json names an unsafe file: {name!r}", name=name)
        sized = type(record.bytes) is int and record.bytes >= 0
        if not sized or not re.fullmatch("[0-9a-f]{64}", record.sha256):
            raise BundleError("bundle.json records no valid size and digest for {name}", name=name)
    if not manifest.models or len({model.id for model in manifest.models}) < len(manifest.models):
        raise BundleError("bundle.json names no model, or two by one id")
    for model in manifest.models:
        if model.format not in get_args(Format) or model.precision not in get_args(Precision):
            raise BundleError(
                "bundle.json gives model {id} format {format!r} and precision {precision!r}; "
                "known are {formats} and {precisions}",
                id=model.id,
                format=model.format,
                precision=model.precision,
                formats=get_args(Format),
                precisions=get_args(Precision),
            )
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


def _check_classes(classes: tuple[ClassInfo, ...]) -> None:
    if len(classes) < 2 or len({info.name for info in classes}) < len(classes):
        raise BundleError("bundle.json names fewer than two classes, or one of them twice")
    for info in classes:
        if not all(isinstance(text, str) for text in (info.name, info.zh, info.en)):
            raise BundleError(
                "bundle.json names a class by something else than text: {info}", info=info
            )
        if info.role not in get_args(Role):
            raise BundleError(
                "bundle.json gives class {name!r} the role {role!r}", name=info.name, role=info.role
            )
