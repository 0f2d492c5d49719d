"""k-fold cross-validation sets: every photo outside the test part is held out exactly once.

Vocabulary:
    fold      the photos that are held out together; part `test` of its set
    the rest  parted into `train` and `val` of the fold's set: an eighth is for validation, so that
              five folds are the standard's 7 : 1 : 2

A fold is scored by a network that saw none of its photos, neither to learn nor to choose its epoch.
A comparison of networks parts the training part in the same way (`with_inner_validation`).
The photos of the test part are in no fold. Clusters (`edgetlc.data.assignment`) are never parted,
nor are near-duplicates, whoever made the manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from edgetlc.data.assignment import Cluster, assign, clusters_of
from edgetlc.data.duplicates import near_duplicates
from edgetlc.data.photos import Part, Photo, PhotoSet
from edgetlc.data.reading import read_all
from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.locale import _, n_
from edgetlc.threads import in_order

_SHARES: dict[Part, float] = {"train": 7 / 8, "val": 1 / 8}  # of the rest, most needed first


@dataclass(frozen=True)
class Folds:
    """Photo sets to train and score one network each."""

    sets: tuple[PhotoSet, ...]  # one per fold; part `test` is the fold itself
    warnings: tuple[str, ...]  # one line for each thing that is not as wanted


def make_folds(photos: PhotoSet, count: int, seed: int = 0) -> Folds:
    """Divide the training and validation parts into folds alike in classes and cameras.

    The same photos, count and seed give the same folds, whatever the order of the photos.

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
    clusters = _clusters(known)
    _require_clusters(photos.labels, clusters, count)
    ratios = dict.fromkeys(range(count), 1 / count)
    numbers = assign(clusters, ratios, seed, range(count))
    sets = []
    for number in range(count):
        pairs = list(zip(clusters, numbers, strict=True))
        parts = _learnt([cluster for cluster, fold in pairs if fold != number], seed)
        for cluster, fold in pairs:
            if fold == number:
                parts |= dict.fromkeys(cluster.members, "test")
        parted = (replace(photo, part=parts[i]) for i, photo in enumerate(known))
        sets.append(replace(photos, photos=tuple(parted)))
        _require_parts(sets[-1], number + 1)
    return Folds(tuple(sets), tuple(_warnings(photos.labels, clusters, count)))


def with_inner_validation(photos: PhotoSet, seed: int = 0) -> PhotoSet:
    """Return the training part with an eighth of it, in whole clusters, as its validation part.

    A network that learns from it leaves the set's own validation and test part unspoiled.

    Raises:
        InputError: the training photos all belong together.
    """
    known = photos.part("train").photos
    parts = _learnt(_clusters(known), seed)
    if "val" not in parts.values():
        raise InputError(
            "all {photos} training photos belong together, so none can choose the epoch; "
            "add photos of another batch",
            photos=len(known),
        )
    return replace(photos, photos=tuple(replace(p, part=parts[i]) for i, p in enumerate(known)))


def _clusters(photos: Sequence[Photo]) -> list[Cluster]:
    digests = [digest for _photo, digest in in_order(lambda p: sha256_file(p.path), photos)]
    return clusters_of(photos, digests, _near_duplicates(photos))


def _near_duplicates(photos: Sequence[Photo]) -> Iterator[tuple[int, int]]:
    """Yield near-duplicates of which one is in no group, as pairs of indices.

    `data split` puts every photo in one: it has looked already, and its user has decided whether
    likeness counts.
    """
    if all(photo.group is not None for photo in photos):
        return
    places = {photo.path: index for index, photo in enumerate(photos)}
    readings, _unreadable = read_all(photos)  # training tells of those
    for one, other in near_duplicates([reading.thumbnail for reading in readings]):
        pair = readings[one].photo, readings[other].photo
        if any(photo.group is None for photo in pair):
            yield places[pair[0].path], places[pair[1].path]


def _learnt(clusters: Sequence[Cluster], seed: int) -> dict[int, Part]:
    """Return the part, `train` or `val`, of every photo that a network learns from."""
    chosen = zip(clusters, assign(clusters, _SHARES, seed, tuple(_SHARES)), strict=True)
    return {member: part for cluster, part in chosen for member in cluster.members}


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
                    "cross-validation needs at least 2; add photos of another batch, or see "
                    "'data split --duplicates'",
                    "class {label!r} has {count} clusters of photos outside the test part; "
                    "cross-validation needs at least 2; add photos of another batch, or see "
                    "'data split --duplicates'",
                    label=label,
                    count=holding,
                )
            )


def _require_parts(parted: PhotoSet, number: int) -> None:
    held = {(p.part, p.label) for p in parted.photos}
    missing = [label for label in parted.labels if ("train", label) not in held]
    empty = [part for part in ("val", "test") if part not in dict(held)]
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
