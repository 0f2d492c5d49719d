"""`data check`: what is wrong with a photo set before anything is trained on it.

Errors make a set unfit: unreadable photos, one picture under two classes, a photo whose EXIF, name
and manifest disagree on the camera, a class without a readable photo. Warnings tell what to look
at: duplicates within a class, names that break the standard's rule, suffixes that belie the
content, few images, files left aside.

The number of images: the standard asks for at least 500 of the authentic material (likely; the scan
is damaged, and its own example reaches 500 over three authentic classes). So the classes whose
role is `genuine` are counted together, a `counterfeit` needs none, and a class of unspecified role
is counted alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edgetlc.data.duplicates import connected, near_duplicates
from edgetlc.data.manifest import load_photos, unlisted_files
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.data.reading import FileFinding, Reading, read_all
from edgetlc.devices.camera import UNKNOWN_CAMERA
from edgetlc.devices.identify import identify
from edgetlc.devices.naming import explain_name
from edgetlc.devices.profiles import Cameras
from edgetlc.locale import _
from edgetlc.runtime.classes import ClassInfo

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
    """All that `check` found.

    Attributes:
        photos: number of photos in the set, unreadable ones included.
        simulated: whether any photo was made by a simulation.
        counts: readable photos by class and camera id, `unknown` included.
        unreadable: error: photos that cannot be decoded to their end.
        empty_classes: error: classes without a readable photo.
        label_conflicts: error: one picture, the same file or a near-duplicate, under two classes.
        camera_conflicts: error: EXIF, name and manifest disagree on the camera.
        wrong_suffixes: warning: the suffix names another format than the content has.
        exact_duplicates: warning: one file several times in a class.
        near_duplicates: warning: one picture several times in a class, unless one group says so.
        bad_names: warning: names that break the standard's rule.
        few_images: warning: too few images.
        unlisted: warning: files in a photo folder that are not in the set.
    """

    photos: int
    simulated: bool
    counts: dict[str, dict[str, int]]
    unreadable: tuple[FileFinding, ...]
    empty_classes: tuple[str, ...]
    label_conflicts: tuple[SamePicture, ...]
    camera_conflicts: tuple[FileFinding, ...]
    wrong_suffixes: tuple[FileFinding, ...]
    exact_duplicates: tuple[SamePicture, ...]
    near_duplicates: tuple[SamePicture, ...]
    bad_names: tuple[FileFinding, ...]
    few_images: tuple[FewImages, ...]
    unlisted: tuple[FileFinding, ...]

    @property
    def errors(self) -> int:
        """Number of findings that make the set unfit."""
        found = (self.unreadable, self.empty_classes, self.label_conflicts, self.camera_conflicts)
        return sum(map(len, found))

    @property
    def warnings(self) -> int:
        """Number of findings to look at."""
        found = (
            self.wrong_suffixes,
            self.exact_duplicates,
            self.near_duplicates,
            self.bad_names,
            self.few_images,
            self.unlisted,
        )
        return sum(map(len, found))


def check(source: Path, cameras: Cameras, *, min_images: int = MIN_IMAGES) -> Findings:
    """Decode every photo of a folder or manifest and return all that is wrong with the set.

    Args:
        source: a folder with one sub-folder per class, or a `.csv` manifest.
        cameras: the known camera profiles.
        min_images: the fewest images of the authentic material; 0 asks for none.

    Raises:
        InputError: no photo set can be made of `source`; see `load_photos`.
    """
    photos = load_photos(source, cameras)
    readings, unreadable = read_all(photos.photos)
    counts = _counts(photos, readings)
    conflicts, exact, near = _same_pictures(readings)
    return Findings(
        photos=len(photos.photos),
        simulated=photos.simulated,
        counts=counts,
        unreadable=tuple(unreadable),
        empty_classes=tuple(label for label, row in counts.items() if not any(row.values())),
        label_conflicts=conflicts,
        camera_conflicts=tuple(_camera_conflicts(photos.photos, cameras)),
        wrong_suffixes=tuple(_wrong_suffixes(readings)),
        exact_duplicates=exact,
        near_duplicates=near,
        bad_names=tuple(_bad_names(photos.photos)),
        few_images=tuple(_few_images(photos.classes, counts, min_images)),
        unlisted=tuple(FileFinding(*entry) for entry in unlisted_files(source, photos)),
    )


def _counts(photos: PhotoSet, readings: Sequence[Reading]) -> dict[str, dict[str, int]]:
    names = sorted({photo.camera or UNKNOWN_CAMERA for photo in photos.photos})
    counts = {label: dict.fromkeys(names, 0) for label in photos.labels}
    for reading in readings:
        counts[reading.photo.label][reading.photo.camera or UNKNOWN_CAMERA] += 1
    return counts


def _same_pictures(
    readings: Sequence[Reading],
) -> tuple[tuple[SamePicture, ...], tuple[SamePicture, ...], tuple[SamePicture, ...]]:
    """Return pictures under two classes, files repeated in a class, near-duplicates in a class."""
    copies, repeats = defaultdict(list), defaultdict(list)
    for index, reading in enumerate(readings):
        copies[reading.digest].append(index)
        repeats[reading.digest, reading.photo.label].append(index)
    same = [link for files in copies.values() for link in pairwise(files)]
    near = []
    for pair in near_duplicates([reading.thumbnail for reading in readings]):
        one, other = (readings[index] for index in pair)
        if one.photo.label != other.photo.label:
            same.append(pair)
        elif one.digest != other.digest and not _grouped(one.photo, other.photo):
            near.append(pair)
    conflicts = _pictures(readings, connected(len(readings), same))
    return (
        tuple(picture for picture in conflicts if len(set(picture.labels)) > 1),
        tuple(_pictures(readings, repeats.values())),
        tuple(_pictures(readings, connected(len(readings), near))),
    )


def _grouped(one: Photo, other: Photo) -> bool:
    """Whether the set already says that the two photos belong together."""
    return one.group is not None and one.group == other.group


def _pictures(readings: Sequence[Reading], sets: Iterable[Sequence[int]]) -> Iterator[SamePicture]:
    for members in sets:
        if len(members) > 1:
            photos = [readings[index].photo for index in members]
            yield SamePicture(tuple(p.path for p in photos), tuple(p.label for p in photos))


def _camera_conflicts(photos: Iterable[Photo], cameras: Cameras) -> Iterator[FileFinding]:
    for photo in photos:
        if conflict := identify(photo.path, cameras, photo.camera).conflict:
            yield FileFinding(photo.path, conflict)


def _wrong_suffixes(readings: Iterable[Reading]) -> Iterator[FileFinding]:
    for reading in readings:
        path, container = reading.photo.path, reading.container
        if path.suffix.lower() not in container.suffixes:
            reason = _(
                "holds {container}; the name should end in {suffixes}",
                container=container.name,
                suffixes=", ".join(container.suffixes),
            )
            yield FileFinding(path, reason)


def _bad_names(photos: Iterable[Photo]) -> Iterator[FileFinding]:
    for photo in photos:
        if fault := explain_name(photo.path.stem):
            yield FileFinding(photo.path, fault)


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
