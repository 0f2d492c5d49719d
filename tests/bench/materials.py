"""What the bench works on, all generated and kept in its folder: photos, a bundle, peers' models.

Photos are drawn by the demo's scenes, enlarged to 12 megapixels (a sensor interpolates its colours
too) and saved as phones do: JPEG, quality 92, 4:2:0, EXIF. How long a JPEG takes to decode depends
on its bits per pixel. 16 untouched phone photos have a median of 1.3 and so have these; the noisy
one, with 2.2, is among the heaviest that phones write.

The network is ResNet-50 with random weights, made int8 by the
project's own path; its speed does not depend on what it has learnt.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.ExifTags import Base

from edgetlc.data.photos import Photo, PhotoSet, digest_of
from edgetlc.demo.pieces import KINDS
from edgetlc.demo.scene import Look, draw, plan
from edgetlc.errors import BundleError
from edgetlc.files import whole_file
from edgetlc.runtime.bundle import Bundle

SIZE = 224
DISTINCT = 24
FOLDER = 200
CAMERA = ("Apple", "iPhone 11")
_CALIBRATION = 16
_DRAWN = 2250  # short side in pixels before enlarging
_TYPICAL = 1  # the photo of 1.3 bits per pixel
_NOISE = 4  # grey levels


@dataclass(frozen=True)
class Materials:
    """Where everything is.

    Attributes:
        photo: the 12 MP JPEG of the single-photo figures.
        heavy: the noisy one.
        folder: 200 photos, `DISTINCT` different ones under different names.
        run: run folder with the checkpoint and the int8 network.
        bundle: ONNX and OpenVINO, float and int8.
    """

    root: Path
    photo: Path
    heavy: Path
    folder: Path
    run: Path
    bundle: Path

    @property
    def model(self) -> Path:
        """The ONNX model that the bundle's default takes."""
        return self.bundle / "model.int8.onnx"


def prepare(root: Path) -> Materials:
    """Make what is missing and return everything."""
    photos = [root / "photos" / f"{number:02}.jpg" for number in range(DISTINCT)]
    for number, path in enumerate(photos):
        if not path.exists():
            save_photo(path, scene(number))
    heavy = root / "heavy.jpg"
    if not heavy.exists():
        save_photo(heavy, scene(_TYPICAL, _NOISE))
    folder = root / "folder"
    folder.mkdir(exist_ok=True)
    for number in range(FOLDER):
        name = folder / f"{number:03}.jpg"
        if not name.exists():
            os.link(photos[number % DISTINCT], name)
    bundle = _bundle(root / "run", root / "bundle", photos)
    return Materials(root, photos[_TYPICAL], heavy, folder, root / "run", bundle)


def large_photos(root: Path) -> dict[str, tuple[Path, float]]:
    """Return the photos of the memory figures, by name, each with the MB that it may take."""
    wanted = {
        "50 MP baseline": ((8192, 6144), False, 150.0),
        "50 MP progressive": ((8192, 6144), True, 300.0),
        "200 MP baseline": ((16384, 12288), False, 300.0),
    }
    found = {}
    for name, (size, progressive, most) in wanted.items():
        path = root / f"{name.replace(' ', '-')}.jpg"
        if not path.exists():
            save_photo(path, scene(_TYPICAL).resize(size), progressive=progressive)
        found[name] = (path, most)
    return found


def scene(number: int, noise: float = 0) -> Image.Image:
    """Return a drawn scene, 4000 x 3000 or upright; `noise` is in grey levels."""
    rng = np.random.default_rng(number)
    pixels = draw(plan(KINDS[number % len(KINDS)], Look(30, 0.4, 0.6), rng, _DRAWN))
    image = Image.fromarray(pixels)
    image = image.resize(
        tuple(side * 3000 // _DRAWN for side in image.size), Image.Resampling.BICUBIC
    )
    if noise:
        grain = rng.normal(0, noise, (image.height, image.width, 1)).astype(np.float32)
        image = Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))
    return image


def save_photo(path: Path, image: Image.Image, *, progressive: bool = False) -> None:
    """Write a JPEG as a phone does."""
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = CAMERA
    exif[Base.ImageDescription] = "generated for a benchmark, no photo"
    with whole_file(path) as stream:
        image.save(
            stream, "JPEG", quality=92, subsampling="4:2:0", exif=exif, progressive=progressive
        )


def _bundle(run: Path, output: Path, files: list[Path]) -> Path:
    """Build the bundle unless one that this edgetlc reads is there."""
    try:
        Bundle.open(output).check()
        return output
    except BundleError:
        pass
    import torch

    from edgetlc.calibration.config import CalibrationConfig
    from edgetlc.calibration.quantize_run import quantize_run
    from edgetlc.export.export_run import export_run
    from edgetlc.models.checkpoint import CHECKPOINT_FILE, Checkpoint, save_checkpoint
    from edgetlc.models.networks import Classifier
    from edgetlc.runtime.contract import PixelContract

    classes = tuple(kind.info for kind in KINDS)
    photos = [
        Photo(file, classes[number % len(classes)].name, part="train", simulated=True)
        for number, file in enumerate(files)
    ]
    photos[_CALIBRATION:] = [replace(photo, part="val") for photo in photos[_CALIBRATION:]]
    photo_set = PhotoSet(tuple(photos), classes)
    torch.manual_seed(0)
    classifier = Classifier("resnet50", len(classes)).eval()
    digest = digest_of(photo_set.part("train").photos)
    provenance = {"data": {"train_digest": digest}, "weights": "random"}
    checkpoint = Checkpoint(classifier, classes, PixelContract(SIZE), 1.0, provenance)
    save_checkpoint(run / CHECKPOINT_FILE, checkpoint)
    quantize_run(run, photo_set, CalibrationConfig(_CALIBRATION))
    export_run(run, photo_set, output, formats=("onnx", "openvino"), overwrite=True)
    return output
