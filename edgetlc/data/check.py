"""`data check`: what is wrong with a photo set before anything is trained on it.

Errors make a set unfit: unreadable photos, places that cannot be looked into, exact copies, one
photo in two parts, a photo whose EXIF, name and manifest disagree, a class without a readable
photo, a class that cannot be split. Warnings tell what to look at: notes on reading a file, names
that break the standard's rule, suffixes that belie the content, few images, batches in several
parts, files left aside. What
is hidden or a system's is only listed. Likeness is no proof, so the user decides what
near-duplicates are: nothing, a warning, or an error.

The number of images: the standard asks for at least 500 of the authentic material (likely; the scan
is damaged, and its own example reaches 500 over three authentic classes). So the classes whose
role is `genuine` are counted together, a `counterfeit` needs none, and a class of unspecified role
is counted alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgetlc.data.assignment import MOST_NEEDED, assign, clusters_of
from edgetlc.data.duplicates import Duplicates, connected, near_duplicates
from edgetlc.data.leaks import leaks_between_parts
from edgetlc.data.manifest import Source, read_source
from edgetlc.data.photos import PhotoSet
from edgetlc.data.reading import FileFinding, Reading, exact_copies, read_all
from edgetlc.data.split import DEFAULT_RATIOS, split_faults
from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.devices.naming import explain_name
from edgetlc.devices.profiles import Cameras
from edgetlc.locale import Message, _
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.photo_files import Severity

MIN_IMAGES = 500


@dataclass(frozen=True)
class SamePicture:
    """Files that show one picture; `labels` are their classes, in the files' order."""

    files: tuple[Path, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class FewImages:
    """Classes that hold fewer readable photos, together, than the minimum."""

    labels: tuple[str, ...]
    images: int
    minimum: int


@dataclass(frozen=True)
class Findings:
    """All that `check` found; files of one picture stand together."""

    photos: int  # in the set, unreadable ones included
    simulated: bool  # whether any photo was made by a simulation
    counts: dict[str, dict[str, int]]  # readable photos by class and camera id, `unknown` included
    # Errors: not to be decoded to its end, or not there; a closed folder or a link in a photo
    # folder; without a readable photo; the same file or the same pixels under two classes, and
    # repeated in one; EXIF, name and manifest disagree on camera, batch or origin; in two parts;
    # no split could give the class to both train and test.
    unreadable: tuple[FileFinding, ...]
    unreachable: tuple[FileFinding, ...]
    empty_classes: tuple[str, ...]
    label_conflicts: tuple[SamePicture, ...]
    exact_duplicates: tuple[SamePicture, ...]
    camera_conflicts: tuple[FileFinding, ...]
    in_two_parts: tuple[FileFinding, ...]
    not_splittable: tuple[str, ...]
    # Photos of one piece in one pose that no group tells of: a warning if they are to be grouped,
    # an error if refused, not looked for if kept.
    duplicates: Duplicates
    near_duplicates: tuple[SamePicture, ...]
    # Warnings: what reading a photo noted; the suffix names another format than the content has; a
    # name that breaks the standard's rule; too few images; in a photo folder but not in the set.
    notes: tuple[FileFinding, ...]
    wrong_suffixes: tuple[FileFinding, ...]
    bad_names: tuple[FileFinding, ...]
    few_images: tuple[FewImages, ...]
    torn_batches: tuple[str, ...]  # in several parts of a set that another program split
    unlisted: tuple[FileFinding, ...]
    # Neither: hidden, a system's, or made by `predict`.
    passed_over: tuple[FileFinding, ...]

    @property
    def errors(self) -> int:
        """Number of findings that make the set unfit."""
        photos = self.unreadable, self.label_conflicts, self.camera_conflicts, self.in_two_parts
        places = self.unreachable, self.empty_classes, self.not_splittable
        refused = self.near_duplicates if self.duplicates == "refuse" else ()
        return sum(map(len, (*photos, *places, self.exact_duplicates, refused)))

    @property
    def warnings(self) -> int:
        """Number of findings to look at."""
        grouped = self.near_duplicates if self.duplicates == "group" else ()
        files = self.notes, self.wrong_suffixes, self.bad_names, self.unlisted
        return sum(map(len, (grouped, *files, self.few_images, self.torn_batches)))


def check(
    place: Path,
    cameras: Cameras,
    *,
    min_images: int = MIN_IMAGES,
    duplicates: Duplicates = "group",
) -> Findings:
    """Decode every photo of a folder or manifest and return all that is wrong with the set.

    `min_images` is the fewest of the authentic material; 0 asks for none. `duplicates` tells what
    near-duplicates are: `keep` does not look for them, `group` warns, `refuse` makes them errors.

    Raises:
        InputError: no photo set can be made of it; see `read_source`.
    """
    source = read_source(place, cameras)
    photos = source.photos
    readings, unreadable = read_all(photos.photos)
    counts = _counts(photos, readings)
    copies = tuple(_pictures(readings, exact_copies(readings)))
    thumbnails = [] if duplicates == "keep" else [reading.thumbnail for reading in readings]
    near = list(near_duplicates(thumbnails))
    parts = {photo.part for photo in photos.photos}
    whole = parts == {None} or {"train", "test"} <= parts  # else it is a part, such as a test list
    joined = near if parts == {None} else []  # whoever split it has decided on likeness
    return Findings(
        photos=len(photos.photos),
        simulated=photos.simulated,
        counts=counts,
        unreadable=tuple(unreadable),
        unreachable=_aside(source, "error"),
        empty_classes=(*source.empty, *(x for x, row in counts.items() if not any(row.values()))),
        label_conflicts=tuple(one for one in copies if len(set(one.labels)) > 1),
        exact_duplicates=tuple(one for one in copies if len(set(one.labels)) == 1),
        camera_conflicts=_findings((one.file, one.conflict) for one in source.conflicts),
        in_two_parts=_findings(
            (leak.photo.path, leak.text) for leak in leaks_between_parts(photos)
        ),
        not_splittable=tuple(_not_splittable(photos, readings, joined)) if whole else (),
        duplicates=duplicates,
        near_duplicates=_near_duplicates(readings, near),
        notes=_findings((r.photo.path, note) for r in readings for note in r.notes),
        wrong_suffixes=_findings((r.photo.path, _wrong_suffix(r)) for r in readings),
        bad_names=_findings((p.path, explain_name(p.path.stem)) for p in photos.photos),
        few_images=tuple(_few_images(photos.classes, counts, min_images)),
        torn_batches=tuple(_torn_batches(photos)),
        unlisted=_aside(source, "warning"),
        passed_over=_aside(source, "note"),
    )


def _aside(source: Source, severity: Severity) -> tuple[FileFinding, ...]:
    return _findings((one.path, one.reason) for one in source.aside if one.severity == severity)


def _not_splittable(
    photos: PhotoSet, readings: Sequence[Reading], near: Iterable[tuple[int, int]]
) -> Iterator[str]:
    """Yield why `data split` would refuse the classes that have readable photos."""
    known = [reading.photo for reading in readings]
    clusters = clusters_of(known, [reading.digest for reading in readings], near)
    parts = assign(clusters, DEFAULT_RATIOS, 0, MOST_NEEDED)
    held = {photo.label for photo in known}
    yield from split_faults([x for x in photos.labels if x in held], clusters, parts)


def _torn_batches(photos: PhotoSet) -> Iterator[Message]:
    parts = defaultdict(set)
    for photo in photos.photos:
        if photo.batch is not None and photo.part is not None:
            parts[photo.label, photo.batch].add(photo.part)
    for (label, batch), found in sorted(parts.items()):
        if len(found) > 1:
            yield _(
                "batch {batch} of {label} is in {parts}",
                batch=batch,
                label=label,
                parts=", ".join(sorted(found)),
            )


def _findings(reasons: Iterable[tuple[Path, str | None]]) -> tuple[FileFinding, ...]:
    return tuple(FileFinding(file, reason) for file, reason in reasons if reason)


def _counts(photos: PhotoSet, readings: Sequence[Reading]) -> dict[str, dict[str, int]]:
    names = sorted({photo.camera or UNKNOWN_CAMERA for photo in photos.photos})
    held = Counter((r.photo.label, r.photo.camera or UNKNOWN_CAMERA) for r in readings)
    return {label: {name: held[label, name] for name in names} for label in photos.labels}


def _near_duplicates(
    readings: Sequence[Reading], pairs: Iterable[tuple[int, int]]
) -> tuple[SamePicture, ...]:
    links = []
    for i, j in pairs:
        one, other = readings[i], readings[j]
        grouped = one.photo.group is not None and one.photo.group == other.photo.group
        if one.digest != other.digest and not grouped:
            links.append((i, j))
    return tuple(_pictures(readings, connected(len(readings), links)))


def _pictures(readings: Sequence[Reading], sets: Iterable[Sequence[int]]) -> Iterator[SamePicture]:
    for members in sets:
        if len(members) > 1:
            photos = [readings[index].photo for index in members]
            yield SamePicture(tuple(p.path for p in photos), tuple(p.label for p in photos))


def _wrong_suffix(reading: Reading) -> Message | None:
    container, suffixes = reading.container, reading.container.suffixes
    if reading.photo.path.suffix.lower() in suffixes:
        return None
    return _(
        "holds {container}; the name should end in {suffixes}",
        container=container.name,
        suffixes=", ".join(suffixes),
    )


def _few_images(
    classes: Iterable[ClassInfo], counts: dict[str, dict[str, int]], minimum: int
) -> Iterator[FewImages]:
    """Yield what falls short: the genuine classes together, each unspecified class alone."""
    genuine = tuple(info.name for info in classes if info.role == "genuine")
    unspecified = [(info.name,) for info in classes if info.role == "unspecified"]
    for labels in [*([genuine] if genuine else []), *unspecified]:
        images = sum(sum(counts[label].values()) for label in labels)
        if images < minimum:
            yield FewImages(labels, images, minimum)
