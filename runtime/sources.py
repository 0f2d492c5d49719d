"""Where pixels come from: a file, a PIL image or an array. All take the same way from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from edgetlc.errors import ImageError
from edgetlc.locale import _
from edgetlc.runtime.cicp import profile_of
from edgetlc.runtime.containers import TIFF, open_image
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


class OpenPhoto(Protocol):
    """A photo whose size is known and allowed, and whose samples are not decoded yet."""

    container: str
    what: str
    declared: Size
    allowed: int

    def memory(self, s: int) -> int:
        """Return the bytes that loading with reduction s holds at its peak."""

    def load(self, s: int) -> Samples:
        """Decode, with the reduction s where the decoder can."""


def open_source(source: Source) -> OpenPhoto:
    """Return a photo ready to decode.

    Raises:
        ImageError: it is none, or beyond the limits of size.
    """
    if isinstance(source, Path):
        return FileSource(read_photo(source))
    if isinstance(source, bytes):
        return FileSource(source)
    if isinstance(source, Image.Image):
        return ImageSource(source)
    if isinstance(source, np.ndarray):
        return ArraySource(source)
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


class FileSource:
    """A photo's file in memory."""

    def __init__(self, data: bytes) -> None:
        self._length = len(data)
        self._container, self._opened = open_image(data)
        self.container = self._container.name
        self.what = self._opened.what
        self.declared: Size = self._opened.image.size
        self.allowed = self._opened.allowed

    def memory(self, s: int) -> int:
        """Return what the file, its decoder and the decoded pixels take."""
        scale = s if self._container.scales else 1
        width, height = (-(-side // scale) for side in self.declared)
        pixels = width * height * self._opened.pixel_bytes
        return int(self._length + self._opened.extra_bytes + pixels)

    def load(self, s: int) -> Samples:
        """Decode the first or main picture."""
        image = self._opened.image
        notes = (*self._frames(), *self._opened.notes)
        if self._container.scales and s > 1:
            width, height = self.declared
            image.draft(None, (width // s, height // s))
        _load_whole(image)
        profile, doubt = self._profile()
        return Samples(
            image.size,
            self._container.scales,
            _rows_of(image),
            1 if self._container.turns else orientation(image.info.get("exif") or b""),
            profile,
            (*notes, doubt) if doubt else notes,
        )

    def _profile(self) -> tuple[bytes | None, str | None]:
        profile: bytes | None = self._opened.image.info.get("icc_profile")
        colours = self._opened.colours
        if colours is None or (profile and not self._container.codes_first):
            return profile, None
        named, doubt = profile_of(colours)
        # Where the code points say nothing usable, a profile beside them may.
        return (profile, None) if doubt and profile else (named, doubt)

    def _frames(self) -> tuple[str, ...]:
        image = self._opened.image
        if self._container is TIFF:
            # Counting would read every directory of the chain, which may be endless or damaged.
            return (_("first of several frames"),) if getattr(image, "is_animated", False) else ()
        frames = getattr(image, "n_frames", 1)
        return (_("first of {frames} frames", frames=frames),) if frames > 1 else ()


class ImageSource:
    """A PIL image: its pixels as they are, its orientation by `info["exif"]`.

    One opened from a file and not yet loaded is decoded whole; `draft` would change the caller's
    image, so a JPEG is reduced by box means and comes out a little different from its file.
    """

    def __init__(self, image: Image.Image) -> None:
        check_size(image.size)
        self._image = image
        self.container = self.what = "PIL image"
        self.declared: Size = image.size
        self.allowed = MAX_MEMORY

    def memory(self, s: int) -> int:
        """Return what the image takes."""
        return self.declared[0] * self.declared[1] * 4

    def load(self, s: int) -> Samples:
        """Load the image if it is not."""
        _load_whole(self._image)
        info = self._image.info
        return Samples(
            self._image.size,
            False,
            _rows_of(self._image),
            orientation(info.get("exif") or b""),
            info.get("icc_profile"),
        )


class ArraySource:
    """An array: upright sRGB or grey."""

    def __init__(self, array: NDArray[np.uint8]) -> None:
        grey_or_rgb = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
        if array.dtype != np.uint8 or not grey_or_rgb:
            raise ImageError(
                "an array {dtype}{shape}; give uint8[H, W, 3] in sRGB or uint8[H, W]",
                dtype=array.dtype,
                shape=list(array.shape),
            )
        self._array = array
        self.container = self.what = "array"
        self.declared: Size = (array.shape[1], array.shape[0])
        self.allowed = MAX_MEMORY
        check_size(self.declared)

    def memory(self, s: int) -> int:
        """Return what the array takes."""
        return self._array.nbytes

    def load(self, s: int) -> Samples:
        """Return the array's rows."""
        return Samples(
            self.declared, False, lambda top, bottom: Image.fromarray(self._array[top:bottom])
        )


def _rows_of(image: Image.Image) -> Callable[[int, int], Image.Image]:
    def rows(top: int, bottom: int) -> Image.Image:
        if (top, bottom) == (0, image.height):
            return image
        return image.crop((0, top, image.width, bottom))

    return rows


def _load_whole(image: Image.Image) -> None:
    """Decode an image's pixels; one that ends too early raises OSError.

    Half a photo is never classified, whatever the program around this wants for its own pictures:
    libraries such as WeasyPrint tell Pillow, for the whole process, to fill up what is missing.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    image.load()
