"""k-fold cross-validation sets: every photo outside the test part is held out exactly once.

Vocabulary:
    fold      the photos that are held out together; part `test` of its set
    the rest  parted into `train` and `val` of the fold's set: an eighth is for validation, so that
              five folds are the standard's 7 : 1 : 2

A fold is scored by a network that saw none of its photos, neither to learn nor to choose its epoch.
The photos of the test part are in no fold. Clusters (`edgetlc.data.clusters`) are never parted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from edgetlc.data.assignment import Cluster, assign
from edgetlc.data.clusters import clusters_of
from edgetlc.data.photos import Part, Photo, PhotoSet
from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.locale import _, n_
from edgetlc.threads import in_order

VALIDATION_SHARE = 1 / 8
_REST: tuple[Part, ...] = ("train", "val")


@dataclass(frozen=True)
class Folds:
    """Photo sets to train and score one network each.

    Attributes:
        sets: one per fold; part `test` is the fold itself.
        warnings: one line for each thing that is not as wanted.
    """

    sets: tuple[PhotoSet, ...]
    warnings: tuple[str, ...]


def make_folds(photos: PhotoSet, count: int, seed: int = 0) -> Folds:
    """Divide the training and validation parts into folds alike in classes and cameras.

    Args:
        photos: with parts `train` and `val`; others are left out.
        count: of folds, at least 2.
        seed: of the order among clusters of one size. The same photos, count and seed give the
            same folds, whatever the order of the photos.

    Raises:
        InputError: too few clusters, or a class that would be missing from a training part.
    """
    if count < 2:
        raise InputError(
            n_(
                "{count} fold asked for; cross-validation needs at least 2",
                "{count} folds asked for; cross-validation needs at least 2",
                count=count,
            )
        )
    known = photos.part("train", "val").photos
    digests = [digest for _photo, digest in in_order(lambda p: sha256_file(p.path), known)]
    clusters = clusters_of(known, digests)
    _require_clusters(photos.labels, clusters, count)
    ratios = dict.fromkeys(range(count), 1 / count)
    numbers = assign(clusters, ratios, seed, range(count))
    sets = []
    for number in range(count):
        fold = [c for c, n in zip(clusters, numbers, strict=True) if n == number]
        rest = [c for c, n in zip(clusters, numbers, strict=True) if n != number]
        sets.append(_fold(photos, known, fold, rest, seed))
    for number, parted in enumerate(sets, start=1):
        _require_parts(parted, number)
    return Folds(tuple(sets), tuple(_warnings(photos.labels, clusters, count)))


def _fold(
    photos: PhotoSet,
    known: Sequence[Photo],
    fold: Sequence[Cluster],
    rest: Sequence[Cluster],
    seed: int,
) -> PhotoSet:
    shares: dict[Part, float] = {"train": 1 - VALIDATION_SHARE, "val": VALIDATION_SHARE}
    parts: dict[int, Part] = {i: "test" for cluster in fold for i in cluster.members}
    for cluster, part in zip(rest, assign(rest, shares, seed, _REST), strict=True):
        parts |= dict.fromkeys(cluster.members, part)
    return replace(
        photos, photos=tuple(replace(photo, part=parts[i]) for i, photo in enumerate(known))
    )


def _require_clusters(labels: Sequence[str], clusters: Sequence[Cluster], count: int) -> None:
    if count > len(clusters):
        raise InputError(
            "{count} folds asked for; outside the test part there are {clusters} clusters "
            "of photos that stay together; choose fewer folds",
            count=count,
            clusters=len(clusters),
        )
    for label in labels:
        holding = sum(label in cluster.labels for cluster in clusters)
        if holding < 2:
            raise InputError(
                n_(
                    "class {label!r} has {count} cluster of photos outside the test part; "
                    "cross-validation needs at least 2; add photos of another batch",
                    "class {label!r} has {count} clusters of photos outside the test part; "
                    "cross-validation needs at least 2; add photos of another batch",
                    label=label,
                    count=holding,
                )
            )


def _require_parts(parted: PhotoSet, number: int) -> None:
    here = {part: {p.label for p in parted.photos if p.part == part} for part in ("val", "test")}
    learned = {p.label for p in parted.photos if p.part == "train"}
    missing = [label for label in parted.labels if label not in learned]
    empty = [part for part, labels in here.items() if not labels]
    if missing:
        raise InputError(
            "fold {number} would have no training photo of {classes}: too many photos belong "
            "together; choose another number of folds or another seed",
            number=number,
            classes=", ".join(missing),
        )
    if empty:
        raise InputError(
            "fold {number} would have no {part} photo: too many photos belong together; "
            "choose another number of folds or another seed",
            number=number,
            part=empty[0],
        )


def _warnings(labels: Sequence[str], clusters: Sequence[Cluster], count: int) -> Iterator[str]:
    for label in labels:
        holding = sum(label in cluster.labels for cluster in clusters)
        if holding < count:
            yield _(
                "class {label!r} has {holding} clusters of photos that stay together, so it is "
                "held out in {holding} of {count} folds at most",
                label=label,
                holding=holding,
                count=count,
            )
