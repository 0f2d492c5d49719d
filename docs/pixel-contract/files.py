"""Pictures and files for `make_vectors.py`: drawn in whole numbers, written byte by byte.

PNG, TIFF and profiles are written here; JPEG, WebP, AVIF and HEIC by Pillow and pillow-heif.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
import reference as ref
from numpy.typing import NDArray
from PIL import Image

U8 = NDArray[np.uint8]


def scene(width: int, height: int, channels: int = 3) -> U8:
    """Return uint8[height, width, channels]: slopes, a disc, stripes; no two corners alike."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    slope = 30 + 150 * x // width, 40 + 160 * y // height, 200 - 90 * (x + y) // (width + height)
    disc = (4 * x - width) ** 2 + (4 * y - 2 * height) ** 2 < min(width, height) ** 2
    stripes = (x > 3 * width // 5) & ((x + 2 * y) // 6 % 2 == 0)
    planes = [np.where(disc, 230 - 50 * c, plane) for c, plane in enumerate(slope)]
    planes = [np.where(stripes, plane + 35 - 20 * c, plane) for c, plane in enumerate(planes)]
    planes.append(np.where(disc, 255, 255 * (x + y) // (width + height - 2)))  # alpha
    return np.stack(planes[:channels] if channels < 4 else planes, axis=-1).astype(np.uint8)


def deep(samples: U8) -> NDArray[np.uint16]:
    """Return 16-bit samples whose low bytes would change the result if they were rounded."""
    low = np.arange(samples.size, dtype=np.uint16).reshape(samples.shape) * 37 % 256
    return (samples.astype(np.uint16) << 8) | low


def stored(picture: U8, orientation: int) -> U8:
    """Return the samples that come out as `picture` when they are turned by an orientation."""
    back = {6: 8, 8: 6}.get(orientation, orientation)
    return np.ascontiguousarray(ref.upright(picture, back))


def exif(orientation: int) -> bytes:
    """Return an EXIF block that holds an orientation and nothing else."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a PNG chunk."""
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def png(
    samples: NDArray[Any],
    colour: int,
    depth: int = 8,
    before: tuple[tuple[bytes, bytes], ...] = (),
    after: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """Return a PNG of samples[H, W] or [H, W, C] as they are; chunks before and after the data."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    content += b"".join(chunk(*one) for one in before)
    content += chunk(b"IDAT", _png_data(samples, depth))
    content += b"".join(chunk(*one) for one in after)
    return content + chunk(b"IEND", b"")


def _png_data(samples: NDArray[Any], depth: int) -> bytes:
    rows = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        rows = rows.astype(">u2").view(np.uint8)
    elif depth < 8:
        bits = np.unpackbits(rows.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
        rows = np.packbits(bits.reshape(len(rows), -1), axis=1)
    rows = rows.astype(np.uint8)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    # Filter 2: the difference from the row above, which packs better.
    return zlib.compress(b"".join(b"\2" + line.tobytes() for line in rows - above), 9)


def animated_png(frames: list[U8]) -> bytes:
    """Return an APNG of whole frames."""
    height, width = frames[0].shape[:2]
    control = [
        struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 10, 0, 0)
        for number in (0, *range(1, 2 * len(frames) - 1, 2))
    ]
    later: list[tuple[bytes, bytes]] = []
    for index, frame in enumerate(frames[1:]):
        data = struct.pack(">I", 2 * index + 2) + _png_data(frame, 8)
        later += [(b"fcTL", control[index + 1]), (b"fdAT", data)]
    before = ((b"acTL", struct.pack(">II", len(frames), 0)), (b"fcTL", control[0]))
    return png(frames[0], 2, before=before, after=tuple(later))


def tiff(samples: U8, extra: tuple[tuple[int, int, int, int], ...] = ()) -> bytes:
    """Return an uncompressed little-endian TIFF; `extra` are (tag, type, count, value)."""
    height, width, channels = samples.shape
    data = samples.tobytes()
    bits_at = 8 + len(data)
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, channels, bits_at), (259, 3, 1, 1)]
    entries += [(262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, channels), (278, 4, 1, height)]
    entries = sorted([*entries, (279, 4, 1, len(data)), *extra])
    at = bits_at + 2 * channels
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return (
        struct.pack("<2sHI", b"II", 42, at)
        + data
        + struct.pack(f"<{channels}H", *[8] * channels)
        + struct.pack("<H", len(entries))
        + directory
        + bytes(4)
    )


def saved(picture: U8 | Image.Image, format_: str, **options: Any) -> bytes:
    """Return a file as Pillow, or for HEIF pillow-heif, writes it."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    stream = io.BytesIO()
    if format_ == "HEIF":
        pillow_heif.from_pillow(image).save(stream, **options)
    else:
        image.save(stream, format_, **options)
    return stream.getvalue()


def jpeg(picture: U8 | Image.Image, **options: Any) -> bytes:
    """Return a JPEG, of quality 90 where the options say nothing else."""
    return saved(picture, "JPEG", **{"quality": 90, **options})


def declare_jpeg(data: bytes, width: int, height: int) -> bytes:
    """Return a JPEG that says in its frame header that it is of this size."""
    at = max(data.find(b"\xff\xc0\0\x11"), data.find(b"\xff\xc2\0\x11"))
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def repeat_last_scan(data: bytes, times: int) -> bytes:
    """Return a progressive JPEG with its last scan repeated."""
    start = data.rfind(b"\xff\xc4", 0, data.rfind(b"\xff\xda"))
    return data[:-2] + data[start:-2] * times + data[-2:]


def samsung(data: bytes) -> bytes:
    """Return a file with what a Samsung phone appends: a block, and its index."""
    block = b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000\xff\xd9" + bytes(range(256))
    index = b"SEFH" + struct.pack("<IIHHII", 106, 1, 0, 0x0A01, len(block), len(block))
    return data + block + index + struct.pack("<I", len(index)) + b"SEFT"


def declare_colours(data: bytes, primaries: int, transfer: int) -> bytes:
    """Return a HEIC or AVIF with other code points in its nclx box, which is as long as before."""
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def declare_photometric(data: bytes, value: int) -> bytes:
    """Return a TIFF as `tiff` writes it with another photometric interpretation."""
    return data.replace(struct.pack("<HHII", 262, 3, 1, 2), struct.pack("<HHII", 262, 3, 1, value))


def undated(data: bytes) -> bytes:
    """Return an animated AVIF without the times of its making."""
    changed = bytearray(data)
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.index(box) + 8  # behind the version and the flags
        length = 16 if data[at - 4] == 1 else 8
        changed[at : at + length] = bytes(length)
    return bytes(changed)


def decoded(data: bytes, s: int = 1) -> NDArray[Any]:
    """Return the decoder's samples, uint8[H, W, C], of a JPEG reduced by s."""
    if data[4:8] == b"ftyp" and b"avif" not in data[8:32]:
        return np.asarray(pillow_heif.open_heif(data))
    with Image.open(io.BytesIO(data)) as image:
        if s > 1:
            image.draft(None, (image.width // s, image.height // s))
        samples = np.asarray(image)
    return np.atleast_3d(samples)


def display_p3() -> bytes:
    """Return an ICC profile of Display P3 (version 4, matrix and parametric curves)."""

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(65536 * value) for value in values))

    curve = b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tags = [
        (b"wtpt", b"XYZ \0\0\0\0" + fixed(0.96420, 1.0, 0.82491)),
        (b"rXYZ", b"XYZ \0\0\0\0" + fixed(0.51512, 0.24119, -0.00105)),
        (b"gXYZ", b"XYZ \0\0\0\0" + fixed(0.29198, 0.69225, 0.04188)),
        (b"bXYZ", b"XYZ \0\0\0\0" + fixed(0.15710, 0.06657, 0.78407)),
        *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    return icc(b"RGB ", tags)


def srgb() -> bytes:
    """Return an ICC profile of sRGB, as a table of 1024 values instead of the formula."""
    x = np.arange(1024) / 1023
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    table = struct.pack(">1024H", *np.floor(65535 * linear + 0.5).astype(int))
    curve = b"curv\0\0\0\0" + struct.pack(">I", 1024) + table
    numbers = {
        b"wtpt": (63190, 65536, 54061),
        b"rXYZ": (28578, 14581, 912),
        b"gXYZ": (25241, 46981, 6362),
        b"bXYZ": (9376, 3974, 46787),
    }
    tags = [(n, b"XYZ \0\0\0\0" + struct.pack(">3i", *xyz)) for n, xyz in numbers.items()]
    return icc(b"RGB ", [*tags, *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC"))])


def icc(space: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    """Return a version 4 ICC profile of a display."""
    start = 132 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, value in tags:
        table += name + struct.pack(">II", start + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    header = struct.pack(">I4xI4s4s4s", start + len(content), 0x04000000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp").ljust(32, b"\0")
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + content


def for_grey(profile: bytes) -> bytes:
    """Return a profile that says it is for grey."""
    return profile[:16] + b"GRAY" + profile[20:]


def embedded(profile: bytes) -> tuple[bytes, bytes]:
    """Return the PNG chunk that holds a profile."""
    return b"iCCP", b"p\0\0" + zlib.compress(profile)
