"""Where pixels come from: a file, a PIL image or an array. All take the same way from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgetlc.errors import ImageError
from edgetlc.locale import _
from edgetlc.runtime.cicp import profile_of
from edgetlc.runtime.containers import TIFF, Container, Opened, load_whole, open_image
from edgetlc.runtime.limits import MAX_FILE_BYTES, MAX_MEMORY, check_size
from edgetlc.runtime.tiff_tags import orientation

Source = Path | bytes | Image.Image | NDArray[np.uint8]
Size = tuple[int, int]


@dataclass(frozen=True)
class Samples:
    """Decoded samples, as they lie.

    Attributes:
        size: (width, height), after the decoder's reduction.
        scaled: whether the decoder has done the reduction s.
        rows: returns the rows from a first to before a last one, as an image.
        orientation: EXIF orientation, 1 to 8.
        profile: ICC profile; None for sRGB.
        notes: what a user should know.
    """

    size: Size
    scaled: bool
    rows: Callable[[int, int], Image.Image]
    orientation: int = 1
    profile: bytes | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenPhoto:
    """A photo whose size is known and allowed, and whose samples are not decoded yet.

    Attributes:
        declared: (width, height).
        memory: returns the bytes that loading with reduction s holds at its peak.
        load: decodes, with the reduction s where the decoder can.
        what: its kind, for messages.
        allowed: the most bytes it may hold.
    """

    container: str
    declared: Size
    memory: Callable[[int], int]
    load: Callable[[int], Samples]
    what: str
    allowed: int = MAX_MEMORY


def open_source(source: Source) -> OpenPhoto:
    """Return a photo ready to decode.

    Raises:
        ImageError: it is none, or beyond the limits of size.
    """
    if isinstance(source, Path):
        source = read_photo(source)
    if isinstance(source, bytes):
        return _from_file(source)
    if isinstance(source, Image.Image):
        return _from_image(source)
    if isinstance(source, np.ndarray):
        return _from_array(source)
    raise ImageError(
        "a {kind}; give a path, bytes, a PIL image or an array", kind=type(source).__name__
    )


def read_photo(path: Path) -> bytes:
    """Return a file's bytes, refusing what is no photo by its size alone.

    Raises:
        ImageError: missing, empty, unreadable or larger than the limit.
    """
    try:
        length = path.stat().st_size
        if not 0 < length <= MAX_FILE_BYTES:
            raise ImageError(
                "{length} bytes long; a photo has 1 byte to {most} MiB",
                length=length,
                most=MAX_FILE_BYTES // 2**20,
            )
        return path.read_bytes()
    except OSError as error:
        raise ImageError("cannot be read: {reason}", reason=error.strerror or error) from None


def _from_file(data: bytes) -> OpenPhoto:
    container, opened = open_image(data)
    image, declared = opened.image, opened.image.size  # a reduction changes the image's own

    def memory(s: int) -> int:
        scale = s if container.scales and opened.whole is None else 1
        width, height = (-(-side // scale) for side in declared)
        return int(len(data) + opened.extra_bytes + width * height * opened.pixel_bytes)

    def load(s: int) -> Samples:
        if opened.whole is not None and not opened.whole():
            raise _half(container)
        notes = (*_frames(container, image), *opened.notes)
        if container.scales and s > 1:
            image.draft(None, (declared[0] // s, declared[1] // s))
        load_whole(image)
        if opened.filled(image):
            raise _half(container)
        profile, doubt = _profile(container, opened)
        return Samples(
            image.size,
            container.scales,
            _rows_of(image),
            1 if container.turns else orientation(image.info.get("exif") or b""),
            profile,
            (*notes, doubt) if doubt else notes,
        )

    return OpenPhoto(container.name, declared, memory, load, opened.what, opened.allowed)


def _half(container: Container) -> ImageError:
    return ImageError(
        "damaged {name} file: it ends before its photo does; copy it again from the camera",
        name=container.name,
    )


def _profile(container: Container, opened: Opened) -> tuple[bytes | None, str | None]:
    profile: bytes | None = opened.image.info.get("icc_profile")
    if opened.colours is None or (profile and not container.codes_first):
        return profile, None
    named, doubt = profile_of(opened.colours)
    # Where the code points say nothing usable, a profile beside them may.
    return (profile, None) if doubt and profile else (named, doubt)


def _frames(container: Container, image: Image.Image) -> tuple[str, ...]:
    if container is TIFF:
        # Counting would read every directory of the chain, which may be endless or damaged.
        return (_("first of several frames"),) if getattr(image, "is_animated", False) else ()
    frames = getattr(image, "n_frames", 1)
    return (_("first of {frames} frames", frames=frames),) if frames > 1 else ()


def _from_image(image: Image.Image) -> OpenPhoto:
    """Take a PIL image's pixels as they are, its orientation by `info["exif"]`.

    One opened from a file and not yet loaded is decoded whole; `draft` would change the caller's
    image, so a JPEG is reduced by box means and comes out a little different from its file.
    """
    check_size(image.size)
    stored = 4 * image.width * image.height

    def load(s: int) -> Samples:
        load_whole(image)
        turn, profile = orientation(image.info.get("exif") or b""), image.info.get("icc_profile")
        return Samples(image.size, False, _rows_of(image), turn, profile)

    return OpenPhoto("PIL image", image.size, lambda s: stored, load, "PIL image")


def _from_array(array: NDArray[np.uint8]) -> OpenPhoto:
    if array.dtype != np.uint8 or not (array.ndim == 2 or array.shape[2:] == (3,)):
        raise ImageError(
            "an array {dtype}{shape}; give uint8[H, W, 3] in sRGB or uint8[H, W]",
            dtype=array.dtype,
            shape=list(array.shape),
        )
    size = (array.shape[1], array.shape[0])
    check_size(size)
    samples = Samples(size, False, lambda top, bottom: Image.fromarray(array[top:bottom]))
    return OpenPhoto("array", size, lambda s: array.nbytes, lambda s: samples, "array")


def _rows_of(image: Image.Image) -> Callable[[int, int], Image.Image]:
    def rows(top: int, bottom: int) -> Image.Image:
        if (top, bottom) == (0, image.height):
            return image
        return image.crop((0, top, image.width, bottom))

    return rows
