"""`data split`: training, validation and test parts that share no batch, group or picture.

What stays together: the photos of one batch or piece of a class, of one group, and
near-duplicates, by chains of these. Each such cluster's name becomes its photos' `group`, so that
every later step, and another split of the same photos, keeps it whole. The names and the assignment
depend on the photos' contents, not on the order or the place of their files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from edgetlc.data.assignment import MOST_NEEDED, Cluster, assign, clusters_of
from edgetlc.data.duplicates import Duplicates, connected, near_duplicates
from edgetlc.data.photos import PARTS, Part, Photo, PhotoSet
from edgetlc.data.reading import FileFinding, Reading, exact_copies, read_all
from edgetlc.errors import InputError
from edgetlc.locale import Message, _, n_

STANDARD_RANGES: Mapping[Part, tuple[float, float]] = {
    "train": (0.6, 0.8),
    "val": (0.1, 0.2),
    "test": (0.1, 0.2),
}
"""Smallest and largest share of each part, clause 7.3.1 of the standard."""
DEFAULT_RATIOS: Mapping[Part, float] = {"train": 0.7, "val": 0.1, "test": 0.2}
_SETS_NAMED = 3


@dataclass(frozen=True)
class Split:
    """A photo set in three parts."""

    photos: PhotoSet  # those that can be read, by class and path, with part and group
    ratios: Mapping[Part, float]  # wanted share of each part, together 1
    seed: int
    clusters: int
    counts: Mapping[Part, Mapping[str, int]]  # photos by part and class
    unreadable: tuple[FileFinding, ...]  # left out
    warnings: tuple[str, ...]  # one line for each thing that is not as wanted


def parse_ratios(text: str, *, allow_any: bool = False) -> dict[Part, float]:
    """Return the shares that a text such as `7:1:2` gives to train, val and test, together 1.

    Raises:
        InputError: not three positive numbers, or outside `STANDARD_RANGES` without `allow_any`.
    """
    try:
        numbers = [float(number) for number in text.split(":")]
    except ValueError:
        numbers = []
    total = sum(numbers)
    if len(numbers) != len(PARTS) or not all(0 < number <= total < 1e9 for number in numbers):
        raise InputError(
            "ratios are {text!r}; use three positive numbers for {parts}",
            text=text,
            parts=":".join(PARTS),
        )
    ratios = {part: number / total for part, number in zip(PARTS, numbers, strict=True)}
    if not allow_any and (outside := _outside_standard(ratios)):
        raise InputError(
            "ratios {text} give {outside}; choose others or pass --allow-any-ratio",
            text=text,
            outside=outside,
        )
    return ratios


def split(
    photos: PhotoSet,
    ratios: Mapping[Part, float] = DEFAULT_RATIOS,
    *,
    seed: int = 0,
    duplicates: Duplicates = "group",
) -> Split:
    """Divide a photo set by class and camera into three parts, each cluster whole.

    Parts that it has already are not looked at. The same photos, ratios (`parse_ratios` checks
    them) and seed give the same parts, whatever the order of the photos. `duplicates` tells what to
    do with near-duplicates: `keep` does not look for them, `group` keeps them in one part.

    Raises:
        InputError: a class has too few clusters to be in both train and test; exact copies, or
            near-duplicates that are to be refused.
    """
    readings, unreadable = read_all(photos.photos)
    readings.sort(key=lambda r: (r.digest, r.photo.label, r.photo.camera or "", r.photo.path))
    sources, digests = [r.photo for r in readings], [r.digest for r in readings]
    near = _duplicates(readings, duplicates)
    clusters = clusters_of(sources, digests, near)
    parts = assign(clusters, ratios, seed, MOST_NEEDED)
    for fault in split_faults(photos.labels, clusters, parts):
        raise InputError(fault)
    chosen = [
        replace(sources[index], part=part, group=cluster.id)
        for cluster, part in zip(clusters, parts, strict=True)
        for index in cluster.members
    ]
    chosen.sort(key=lambda photo: (photo.label, photo.path))
    parted = replace(photos, photos=tuple(chosen))
    counts = _counts(parted)
    warnings = (
        *_about_photos(unreadable, clusters),
        *([_near_message(sources, near)] if near else []),
        *_about_classes(counts, ratios, clusters),
        *_about_cameras(parted),
    )
    return Split(parted, ratios, seed, len(clusters), counts, tuple(unreadable), warnings)


def _duplicates(readings: Sequence[Reading], duplicates: Duplicates) -> Sequence[tuple[int, int]]:
    """Return the pairs that are to stay together; refuse exact copies, and others if asked to."""
    photos = [reading.photo for reading in readings]
    if copies := exact_copies(readings):
        raise InputError(
            n_(
                "{count} photo is there more than once ({names}); keep one file of each",
                "{count} photos are there more than once ({names}); keep one file of each",
                count=len(copies),
                names=_names(photos, copies),
            )
        )
    if duplicates == "keep":
        return []
    near = list(near_duplicates([reading.thumbnail for reading in readings]))
    if near and duplicates == "refuse":
        raise InputError(_near_message(photos, near))
    return near


def _near_message(photos: Sequence[Photo], near: Sequence[tuple[int, int]]) -> Message:
    sets = [members for members in connected(len(photos), near) if len(members) > 1]
    return n_(
        "{count} set of near-duplicates ({names}); '--duplicates group' keeps it in one part, "
        "'--duplicates keep' takes each photo by itself",
        "{count} sets of near-duplicates ({names}); '--duplicates group' keeps each in one part, "
        "'--duplicates keep' takes each photo by itself",
        count=len(sets),
        names=_names(photos, sets),
    )


def _names(photos: Sequence[Photo], sets: Sequence[Sequence[int]]) -> str:
    """Return the first two files of the first three sets."""
    named = sorted(sorted(str(photos[i].path) for i in members)[:2] for members in sets)
    shown = ", ".join(" = ".join(files) for files in named[:_SETS_NAMED])
    return f"{shown}, …" if len(named) > _SETS_NAMED else shown


def split_faults(
    labels: Sequence[str], clusters: Sequence[Cluster], parts: Sequence[Part]
) -> Iterator[Message]:
    """Yield why a split is none: each class that is not in both train and test."""
    for label in labels:
        holding = [(c, part) for c, part in zip(clusters, parts, strict=True) if label in c.labels]
        missing = {"train", "test"} - {part for _cluster, part in holding}
        if not holding:
            yield _("class {label!r} has no readable photo; see 'edgetlc data check'", label=label)
        elif len(holding) == 1:
            ((only, _part),) = holding
            yield n_(
                "the one readable photo of class {label!r} cannot be in both train and test; add "
                "photos of another batch",
                "all {count} readable photos of class {label!r} belong together (one batch, "
                "one group or near-duplicates), so it cannot be in both train and test; add "
                "photos of another batch, or see --duplicates",
                count=only.labels[label],
                label=label,
            )
        elif missing:  # clusters of several classes can crowd out a class with few
            yield _(
                "class {label!r} would be missing from part {part}: its photos belong "
                "together with those of other classes; see 'edgetlc data check'",
                label=label,
                part=", ".join(sorted(missing)),
            )


def _counts(photos: PhotoSet) -> dict[Part, dict[str, int]]:
    held = Counter((photo.part, photo.label) for photo in photos.photos)
    return {part: {label: held[part, label] for label in photos.labels} for part in PARTS}


def _outside_standard(shares: Mapping[Part, float], tolerance: float = 1e-9) -> Message | None:
    """Return which shares lie outside the standard's ranges; None where none does."""
    outside = [
        _(
            "{part} {share:.1%} (standard: {low:.0%} to {high:.0%})",
            part=part,
            share=share,
            low=low,
            high=high,
        )
        for part, share in shares.items()
        for low, high in [STANDARD_RANGES[part]]
        if not low - tolerance < share < high + tolerance
    ]
    if not outside:
        return None
    return reduce(lambda one, other: _("{one}, {other}", one=one, other=other), outside)


def _about_photos(unreadable: Sequence[FileFinding], clusters: Sequence[Cluster]) -> Iterator[str]:
    if unreadable:
        yield n_(
            "{count} photo cannot be read and was left out",
            "{count} photos cannot be read and were left out",
            count=len(unreadable),
        )
    mixed = sum(len(cluster.labels) > 1 for cluster in clusters)
    if mixed:
        yield n_(
            "{count} cluster holds photos of several classes, which one picture cannot show; see "
            "'edgetlc data check'",
            "{count} clusters hold photos of several classes, which one picture cannot show; see "
            "'edgetlc data check'",
            count=mixed,
        )


def _about_classes(
    counts: Mapping[Part, Mapping[str, int]],
    ratios: Mapping[Part, float],
    clusters: Sequence[Cluster],
) -> Iterator[str]:
    """Yield what is wrong with a class's shares, unless the user asked for such."""
    asked_for = bool(_outside_standard(ratios))
    for label in counts["val"]:
        photos = sum(row[label] for row in counts.values())
        holding = sum(label in cluster.labels for cluster in clusters)
        told = {"label": label, "photos": photos, "holding": holding}
        shares = {part: counts[part][label] / photos for part in PARTS}
        outside = _outside_standard(shares, tolerance=1 / photos)  # less than a photo is rounding
        if not counts["val"][label]:
            yield _(
                "class {label!r} is missing from part val: its {photos} photos form {holding} "
                "clusters that stay whole",
                **told,
            )
        elif outside and not asked_for:
            yield _(
                "class {label!r} has {outside}: its {photos} photos form {holding} clusters that "
                "stay whole",
                outside=outside,
                **told,
            )


def _about_cameras(photos: PhotoSet) -> Iterator[str]:
    cameras = {photo.camera for photo in photos.photos if photo.camera is not None}
    tested = {photo.camera for photo in photos.photos if photo.part == "test"}
    for camera in sorted(cameras - tested):
        yield _(
            "camera {camera} has no photo in part test, so nothing can be verified for it",
            camera=camera,
        )
