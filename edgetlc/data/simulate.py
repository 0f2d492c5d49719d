"""`data simulate`: renders a photo set as other cameras would have taken it.

For sets that name no cameras, or for cameras that nobody had at hand. The result is a new folder
with a manifest in which every photo is marked as simulated; what is measured on it says how a
network takes differences like these, not how it does on the cameras themselves.

Vocabulary:
    source  a photo of the given set
    render  a photo made from it, for one camera
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from edgetlc.data.class_folders import MANIFEST_FILE
from edgetlc.data.manifest import write_manifest
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.data.rendering import render, seed_of
from edgetlc.devices.naming import StandardName, parse_name
from edgetlc.devices.profiles import CameraProfile
from edgetlc.errors import ImageError, InputError
from edgetlc.files import whole_folder
from edgetlc.locale import _
from edgetlc.progress import progress
from edgetlc.runtime.pixels import decode, read_photo
from edgetlc.threads import worker_pool

_SOURCE_SIZE = 1024
"""Sources are first reduced by whole numbers to a short side of 1024 to 2047 pixels."""
_SERIALS = 999


_Job = tuple[Photo, list[tuple[CameraProfile, Path]]]
"""A source and its renders: their cameras and places in the output folder."""


def simulate_photos(
    photos: PhotoSet,
    cameras: Sequence[CameraProfile],
    output: Path,
    *,
    per_photo: int | None = None,
    per_test_photo: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    unreadable: Callable[[Photo, ImageError], None] | None = None,
    workers: int | None = None,
) -> PhotoSet:
    """Render photos as `cameras` would have taken them, into a new folder with a manifest.

    A render keeps class, batch, piece and part of its source. All renders of one source are one
    group, the source's or one named after its content. Where a source's name follows the standard's
    rule and the camera has a number, the render's name follows it too; another is called
    `<source>__<camera>.jpg`.

    Args:
        photos: the sources.
        cameras: the cameras to imitate.
        output: the folder to make; whole or absent.
        per_photo: cameras for each source, in rotation over each class and part, so that every
            class has each camera equally often; all of them by default.
        per_test_photo: the same for the part `test`, where a verdict per camera needs many photos;
            `per_photo` by default.
        seed: of the rotation's start and of the noise; the same arguments give the same files.
        overwrite: replace `output`, if it is a folder with a manifest, as this makes.
        unreadable: called with each source that cannot be read, which is then left out; without
            it, the first one ends the work.
        workers: threads; one per processor by default. The result does not depend on it.

    Raises:
        InputError: no usable camera or number of cameras, an `output` that exists or that holds
            the sources, or no source that can be read.
        ImageError: a source cannot be read and `unreadable` is not given.
    """
    counts = _cameras_per_photo(cameras, per_photo, per_test_photo)
    _check_apart(photos.photos, output)
    jobs = list(_jobs(photos.photos, cameras, counts, seed))
    renders: list[Photo] = []
    with whole_folder(output, overwrite=overwrite, marker=MANIFEST_FILE) as folder:
        for label in {photo.label for photo in photos.photos}:
            (folder / label).mkdir()
        with worker_pool(workers) as pool:
            outcomes = pool.map(lambda job: _attempt(job, folder, seed), jobs)
            done = zip(jobs, outcomes, strict=True)
            for (photo, _renders), outcome in progress(done, _("render"), len(jobs)):
                if not isinstance(outcome, ImageError):
                    renders.extend(outcome)
                elif unreadable is None:
                    raise ImageError("{path}: {reason}", path=photo.path, reason=outcome)
                else:
                    unreadable(photo, outcome)
        if not renders:
            raise InputError(
                "none of {photos} photos can be read; see 'edgetlc data check'", photos=len(jobs)
            )
        held = {photo.label for photo in renders}
        classes = tuple(info for info in photos.classes if info.name in held)
        write_manifest(folder / MANIFEST_FILE, PhotoSet(tuple(renders), classes))
    final = output.absolute()
    moved = (replace(photo, path=final / photo.path.relative_to(folder)) for photo in renders)
    return replace(photos, photos=tuple(moved))


def _cameras_per_photo(
    cameras: Sequence[CameraProfile], per_photo: int | None, per_test_photo: int | None
) -> tuple[int, int]:
    """Return the checked number of cameras for a source outside and inside the test part."""
    ids = [camera.id for camera in cameras]
    if not ids or len(set(ids)) < len(ids):
        raise InputError("cameras to simulate are {ids}; give one or more, each once", ids=ids)
    usual = len(ids) if per_photo is None else per_photo
    test = usual if per_test_photo is None else per_test_photo
    for number in (usual, test):
        if not 1 <= number <= len(ids):
            raise InputError(
                "{number} cameras for each photo; use 1 to {most}", number=number, most=len(ids)
            )
    return usual, test


def _check_apart(photos: Iterable[Photo], output: Path) -> None:
    """Refuse an output folder that holds sources, which `--overwrite` would delete."""
    place = output.resolve()
    for photo in photos:
        if photo.path.resolve().is_relative_to(place):
            raise InputError(
                "{output} holds the photos to render; choose another output folder", output=output
            )
        if Path(photo.label).name != photo.label or photo.label in ("", ".."):
            raise InputError(
                "class {label!r} cannot be a folder's name; rename the class", label=photo.label
            )


def _jobs(
    photos: Iterable[Photo], cameras: Sequence[CameraProfile], counts: tuple[int, int], seed: int
) -> Iterator[_Job]:
    """Yield what to make of each source: its cameras in rotation, and free file names."""
    turns: Counter[tuple[str, str | None]] = Counter()
    taken: set[tuple[str, str]] = set()
    for photo in photos:
        row = (photo.label, photo.part)
        if row not in turns:
            turns[row] = seed_of(seed, "rotation", *map(str, row)) % len(cameras)
        renders = []
        for _turn in range(counts[photo.part == "test"]):
            camera = cameras[turns[row] % len(cameras)]
            turns[row] += 1
            names = _names(photo, camera)
            name = next(n for n in names if (photo.label, n.casefold()) not in taken)
            taken.add((photo.label, name.casefold()))
            renders.append((camera, Path(photo.label, f"{name}.jpg")))
        yield photo, renders


def _names(photo: Photo, camera: CameraProfile) -> Iterator[str]:
    """Yield names for a render, best first, without end.

    A standard name keeps code, batch and, where it is free, the serial: sources from two cameras
    may share a serial, and their renders for a third may not.
    """
    name = parse_name(photo.path.stem)
    if name is not None and not name.micrograph and camera.number is not None:
        renamed = StandardName(name.code, name.batch, camera.number, name.serial)
        yield str(renamed)
        yield from (str(replace(renamed, serial=f"{n:03}")) for n in range(1, _SERIALS + 1))
    plain = f"{photo.path.stem}__{camera.id}"
    yield plain
    yield from (f"{plain}-{copy}" for copy in count(2))


def _attempt(job: _Job, folder: Path, seed: int) -> list[Photo] | ImageError:
    """Make the renders of one source in `folder`; a source that cannot be read is an answer."""
    source, renders = job
    try:
        data = read_photo(source.path)
        pixels = decode(data, _SOURCE_SIZE).pixels
    except ImageError as error:
        return error
    digest = hashlib.sha256(data).hexdigest()[:16]
    group = source.group or f"source-{digest}"
    photos = []
    for camera, place in renders:
        path = folder / place
        path.write_bytes(render(pixels, camera, seed_of(seed, "noise", digest, camera.id)))
        photos.append(replace(source, path=path, camera=camera.id, group=group, simulated=True))
    return photos
