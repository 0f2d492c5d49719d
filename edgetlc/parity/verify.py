"""`edgetlc verify`: does each model of a bundle answer like the float reference, per camera?

Collecting (`edgetlc.parity.collect`) and judging (`edgetlc.parity.judgement`) are apart: answers
lie in a folder in between, so that they can be collected by several machines, gone on with after
an interruption, and judged anew without a model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgetlc.config import option
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.locale import _
from edgetlc.parity.answer_tables import write_tables
from edgetlc.parity.changed_labels import with_labels
from edgetlc.parity.collect import collect, photos_digest
from edgetlc.parity.judgement import VerificationConfig, check_labels, judge_answers
from edgetlc.parity.matrix import Matrix, read_matrix
from edgetlc.parity.reports import MachineReports, with_reports
from edgetlc.parity.store import CandidateInfo, Header
from edgetlc.parity.verification import Verification
from edgetlc.progress import note
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.engines import Engine, available_engines
from edgetlc.runtime.machine import this_machine
from edgetlc.runtime.schema import ModelRecord

Grouping = Literal["piece", "group", "batch", "none"]
_GROUPINGS: dict[Grouping, Callable[[Photo], str | None]] = {
    "piece": lambda photo: photo.specimen,
    "none": lambda photo: None,
    "group": lambda photo: photo.group,
    "batch": lambda photo: photo.batch,
}


def shard_of(text: str) -> tuple[int, int]:
    """Return (I, N) of a text such as `2/4`.

    Raises:
        InputError: it is no such text.
    """
    first, slash, step = text.partition("/")
    if not (slash and first.isdecimal() and step.isdecimal()):
        raise InputError("--shard is {text!r}; it is I/N, such as 2/4", text=text)
    return int(first), int(step)


@dataclass(frozen=True)
class CollectionConfig:
    """How answers are collected; shard (I, N) is every N-th photo, from the I-th on."""

    group: Grouping = option(
        "piece",
        _("Manifest column of the specimen, whose photos count once; piece: else the group."),
    )
    shard: tuple[int, int] = option(
        (1, 1),
        _("Ask about a part of the photos only: I/N."),
        metavar="I/N",
        shown="1/1",
        parse=shard_of,
    )
    resume: bool = option(False, _("Go on with the answers that the folder holds."))

    def __post_init__(self) -> None:
        first, step = self.shard
        if not 1 <= first <= step:
            raise InputError(
                "shard {first}/{step}; it is I/N with 1 <= I <= N, such as 2/4",
                first=first,
                step=step,
            )


def verify(
    bundle: Bundle,
    photos: PhotoSet,
    *,
    config: VerificationConfig | None = None,
    reports: MachineReports | None = None,
    folder: Path | None = None,
    **asked: Any,
) -> Verification:
    """Compare models of a bundle with the float reference, photo by photo, and judge.

    Args:
        bundle: the bundle to verify.
        photos: that no training or calibration has seen.
        config: how to judge; margin 2 %, confidence 95 % unless told.
        reports: what other machines say of this bundle.
        folder: keeps every answer, as CSV too; None keeps none.
        asked: `reference`, `candidates` and `collection` of `collect_answers`.

    Raises:
        InputError: no reference, no candidate, or photos that do not fit the bundle.
    """
    config = config or VerificationConfig()
    # Before the work; judging checks again, for the answers of shards.
    check_labels((photo.label for photo in photos.photos), bundle.manifest.classes, config)
    with tempfile.TemporaryDirectory(prefix="edgetlc-answers-") as scratch:
        answers = folder or Path(scratch)
        collect_answers(answers, bundle, photos, tables=folder is not None, **asked)
        return judge_folders(bundle, [answers], config, reports)


def judge_folders(
    bundle: Bundle,
    folders: Sequence[Path],
    config: VerificationConfig | None = None,
    reports: MachineReports | None = None,
    labels: Path | None = None,
) -> Verification:
    """Judge the answers of one run, in one folder or in the shards of several machines.

    `labels` is a CSV file with the classes of the changed photos, which then are the only ones that
    count (`edgetlc.parity.changed_labels`).

    Raises:
        InputError: the answers are of another bundle, damaged, or not complete, or the labels do
            not fit them.
    """
    config, reports = config or VerificationConfig(), reports or MachineReports()
    matrix = answers_of(bundle, folders, reports)
    if labels is not None:
        if not config.labelled:
            raise InputError("--labels and --label-free exclude each other; pass one of them")
        matrix = with_labels(matrix, labels)
    return judge_answers(matrix, config, reports.selftests)


def answers_of(bundle: Bundle, folders: Sequence[Path], reports: MachineReports) -> Matrix:
    """Return the answers of one run on this bundle, with those that other machines report.

    Raises:
        InputError: the answers are of another bundle, damaged, or not complete.
    """
    matrix = read_matrix(folders)
    if matrix.header.bundle_digest != bundle.digest:
        raise InputError(
            "{folder} holds answers of the bundle {theirs}…, {path} is {ours}…; pass the "
            "bundle that was asked",
            folder=folders[0],
            theirs=matrix.header.bundle_digest[:12],
            path=bundle.path,
            ours=bundle.digest[:12],
        )
    return with_reports(matrix, bundle, reports)


def collect_answers(
    folder: Path,
    bundle: Bundle,
    photos: PhotoSet,
    *,
    reference: Engine | None = None,
    candidates: Sequence[tuple[ModelRecord, str]] | None = None,
    collection: CollectionConfig | None = None,
    tables: bool = True,
) -> None:
    """Collect the answers of reference and candidates in an answers folder.

    The reference is the float model in PyTorch, or else the bundle's fp32 ONNX model; candidates
    are (model, engine) pairs, by default `default_candidates`. `tables` writes the answers as CSV
    too (`edgetlc.parity.answer_tables`).

    Raises:
        InputError: as `verify`; or the folder holds something else.
    """
    collection = collection or CollectionConfig()
    reference = reference or _float_model(bundle)
    pairs = default_candidates(bundle) if candidates is None else candidates
    if not pairs:
        raise InputError("no model to verify; name at least one")
    manifest, models, infos = bundle.manifest, {}, []
    for model, engine in pairs:
        name = f"{model.id}@{engine}"
        models[name] = loaded = bundle.load(model, engine, threads=1)
        policy = manifest.decision[model.precision]
        infos.append(CandidateInfo(name, model.id, loaded.name, policy))
    groups = _GROUPINGS[collection.group]
    header = Header(
        bundle_digest=bundle.digest,
        reference=reference.name,
        reference_policy=manifest.decision.get("fp32") or next(iter(manifest.decision.values())),
        classes=manifest.classes,
        candidates=tuple(infos),
        photos=len(photos.photos),
        photos_digest=photos_digest(photos.photos, groups),
        seen_by_training=any(photo.part in ("train", "val") for photo in photos.photos),
        machine=str(this_machine()),
        shard=collection.shard,
    )
    _tell_groups(photos, collection)
    contract, resume = manifest.contract, collection.resume
    collect(folder, header, photos, groups, contract, reference, models, resume=resume)
    if tables:
        write_tables(folder)


def default_candidates(
    bundle: Bundle, wanted: Sequence[str] = (), engine: str | None = None
) -> list[tuple[ModelRecord, str]]:
    """Return the models to verify (all, or those wanted), each with every engine that runs it here.

    Raises:
        InputError: an unknown model, one asked for that does not run here, or none that does.
    """
    models = [bundle.model(id_) for id_ in dict.fromkeys(wanted)] or list(bundle.manifest.models)
    engines = [name for name in available_engines() if engine in (None, name)]
    pairs = [(model, name) for model in models for name in model.engines if name in engines]
    running = {model.id for model, _ in pairs}
    idle = [model.id for model in models if model.id not in running]
    if idle and (wanted or not pairs):
        names, installed = ", ".join(idle), ", ".join(available_engines())
        if engine:
            raise InputError(
                "{models} cannot run on {engine} here; installed: {installed}",
                models=names,
                engine=engine,
                installed=installed,
            )
        raise InputError(
            "{models} cannot run on an engine here; installed: {installed}",
            models=names,
            installed=installed,
        )
    return pairs


def _tell_groups(photos: PhotoSet, collection: CollectionConfig) -> None:
    """Note where groups count because nobody named the pieces: a split's are whole batches."""
    groups = {photo.group for photo in photos.photos if photo.group is not None}
    pieces = any(photo.piece is not None for photo in photos.photos)
    if collection.group == "piece" and groups and not pieces:
        note(
            "no photo names its piece, so the photos of one group count once: {groups} groups, "
            "{photos} photos; a column 'piece' in the manifest counts pieces",
            groups=len(groups),
            photos=len(photos.photos),
        )


def _float_model(bundle: Bundle) -> Engine:
    for model in bundle.manifest.models:
        if model.precision == "fp32" and model.format == "onnx":
            return bundle.load(model, threads=1)
    raise InputError("the bundle has no fp32 ONNX model to compare with; pass --reference RUN")
