"""The demo's photo set: drawn pieces, photographed by simulated cameras, named by the standard.

Every photo says that it is no photo: in the manifest (`simulated`), in its EXIF, in the classes'
labels and by material codes that begin with 9999, which no real material has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgetlc.data.class_folders import MANIFEST_FILE
from edgetlc.data.manifest import write_manifest
from edgetlc.data.photos import Photo, PhotoSet
from edgetlc.data.rendering import render, seed_of
from edgetlc.demo.pieces import KINDS, Kind
from edgetlc.demo.scene import Look, draw, plan
from edgetlc.devices.naming import StandardName
from edgetlc.devices.profiles import CameraProfile
from edgetlc.errors import InputError
from edgetlc.files import whole_folder
from edgetlc.locale import _
from edgetlc.progress import progress
from edgetlc.threads import worker_pool

BATCHES = 10
"""Batches of each kind, so that whole batches can be split 7 : 1 : 2."""

_SHORT_SIDE = 480
_HUE = (16.0, 50.0)  # degrees: the browns, oranges and yellows of dried herbs
_SATURATION = (0.18, 0.62)
_LIGHTNESS = (0.48, 0.84)


@dataclass(frozen=True)
class _Shot:
    """One photo to take."""

    kind: Kind
    look: Look
    name: StandardName
    camera: CameraProfile


def generate(
    output: Path,
    cameras: Iterable[CameraProfile],
    *,
    seed: int = 0,
    counts: Mapping[str, int] | None = None,
    overwrite: bool = False,
    workers: int | None = None,
) -> PhotoSet:
    """Draw the demo's photo set into a new folder, with `manifest.csv` and `classes.toml`.

    The photos are in the manifest's order; no part is set.

    Args:
        output: the folder to make; whole or absent.
        cameras: their profiles; those with a number in the standard's table take the photos, in
            rotation over each class.
        seed: of everything random; the same arguments give the same files.
        counts: photos of each class, 1 to 9990; those of the standard's Annex A by default.
        overwrite: replace `output`.
        workers: threads; one per processor by default. The result does not depend on it.

    Raises:
        InputError: `output` exists, no camera has a number, or a count or class is not valid.
    """
    listed = [camera for camera in cameras if camera.number is not None]
    if not listed:
        raise InputError("no camera with a number; the demo needs one of the standard's table")
    numbers = _photo_counts(counts)
    shots = [shot for kind in KINDS for shot in _shots(kind, numbers[kind.info.name], listed, seed)]
    with whole_folder(output, overwrite=overwrite, marker=MANIFEST_FILE) as folder:
        for kind in KINDS:
            (folder / kind.info.name).mkdir()
        with worker_pool(workers) as pool:
            taken = pool.map(lambda shot: _take(shot, folder, seed), shots)
            drawn = tuple(progress(taken, _("drawing"), len(shots)))
        photos = PhotoSet(drawn, tuple(kind.info for kind in KINDS))
        write_manifest(folder / MANIFEST_FILE, photos)
    final = output.absolute()
    moved = (replace(photo, path=final / photo.path.relative_to(folder)) for photo in drawn)
    return replace(photos, photos=tuple(moved))


def _photo_counts(counts: Mapping[str, int] | None) -> dict[str, int]:
    """Return the checked number of photos of each class."""
    usual = {kind.info.name: kind.photos for kind in KINDS}
    chosen = dict(usual if counts is None else counts)
    if set(chosen) != set(usual):
        raise InputError(
            "counts are for {given}; the demo has {known}",
            given=", ".join(sorted(chosen)),
            known=", ".join(usual),
        )
    for name, count in chosen.items():
        if not 1 <= count <= 999 * BATCHES:
            raise InputError(
                "{count} photos of {name}; the demo draws 1 to {most}",
                count=count,
                name=name,
                most=999 * BATCHES,
            )
    return chosen


def _shots(kind: Kind, count: int, cameras: list[CameraProfile], seed: int) -> Iterator[_Shot]:
    """Yield a kind's photos: batches in equal blocks, cameras in rotation across them."""
    rng = np.random.default_rng(seed_of(seed, "batches", kind.code))
    looks = _looks(rng)
    start = int(rng.integers(len(cameras)))
    serials = [0] * BATCHES
    for index in range(count):
        number = index * BATCHES // count
        serials[number] += 1
        batch = f"{2023 + number // 5}{number % 5 + 1:03}"
        camera = cameras[(start + index) % len(cameras)]
        name = StandardName(kind.code, batch, str(camera.number), f"{serials[number]:03}")
        yield _Shot(kind, looks[number], name, camera)


def _looks(rng: np.random.Generator) -> list[Look]:
    """Return each batch's colour, spread evenly over the range so that kinds cannot differ."""
    spread = []
    for low, high in (_HUE, _SATURATION, _LIGHTNESS):
        steps = (rng.permutation(BATCHES) + rng.uniform(0, 1, BATCHES)) / BATCHES
        spread.append((low + (high - low) * steps).tolist())
    return list(map(Look, *spread))


def _take(shot: _Shot, folder: Path, seed: int) -> Photo:
    """Draw and photograph one scene into `folder`."""
    random = seed_of(seed, "scene", str(shot.name))
    scene = plan(shot.kind, shot.look, np.random.default_rng(random), _SHORT_SIDE)
    path = folder / shot.kind.info.name / f"{shot.name}.jpg"
    path.write_bytes(render(draw(scene), shot.camera, random))
    batch = f"{shot.name.code}-{shot.name.batch}"
    piece = f"{shot.name.batch}-{shot.name.serial}"  # no two photos show the same one
    return Photo(path, shot.kind.info.name, shot.camera.id, batch, simulated=True, piece=piece)
