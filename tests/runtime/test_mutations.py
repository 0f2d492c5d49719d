"""Damaged and hostile files among good ones: each is reported, none spoils another's answer.

Small photos of every container are generated, mutated by a seeded draw, and classified in another
process together with unharmed ones. `mutation(number, photos)` gives any number of them, so that a
longer campaign needs only more numbers.
"""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFilter, features

Rng = np.random.Generator
Chunks = list[tuple[bytes, bytes]]

MUTATIONS = 1056
BETWEEN_GOOD = 12  # mutations from one unharmed photo to the next
MOST_SECONDS = 10.0
MOST_MEMORY = 300_000_000
LONGEST_REASON = 300
REFUSED_ON_PURPOSE = ("a JPEG of a kind that no camera writes", "a HEIC photo needs")


# --- good photos ----------------------------------------------------------------------------------


def scene(seed: int, width: int = 208, height: int = 150) -> Image.Image:
    """Return a picture with smooth colours, edges and some noise."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (7, 9, 3), np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    noise = rng.normal(0, 6, (height, width, 3))
    noisy = (np.asarray(image) + noise).clip(0, 255).astype(np.uint8)
    return Image.fromarray(noisy).filter(ImageFilter.SMOOTH)


def saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.copy().save(stream, format_, **options)  # saving leaves its settings in an image
    return stream.getvalue()


def good_photos() -> dict[str, bytes]:
    """Return one small photo of each kind, by a name that begins with its container's."""
    a = scene(1)
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x010F: "Apple", 0x0110: "iPhone 11"})
    sixteen = Image.fromarray(np.asarray(a.convert("L")).astype(np.uint16) * 257)
    tables = {"tiff": "tiff_lzw", "deflate": "tiff_adobe_deflate", "jpeg": "jpeg", "raw": None}
    photos = {
        "jpeg baseline": saved(a, "JPEG", quality=88),
        "jpeg progressive": saved(a, "JPEG", quality=85, progressive=True),
        "jpeg grey": saved(a.convert("L"), "JPEG"),
        "jpeg cmyk": saved(a.convert("CMYK"), "JPEG"),
        "jpeg exif icc": saved(a, "JPEG", exif=exif, icc_profile=icc, restart_marker_rows=1),
        "jpeg mpo": saved(a, "MPO", save_all=True, append_images=[scene(2)]),
        "png rgb": saved(a, "PNG", icc_profile=icc),
        "png grey 16": saved(sixteen, "PNG"),
        "png alpha": saved(a.convert("RGBA"), "PNG", exif=exif),
        "png palette": saved(a.quantize(64), "PNG", transparency=3),
        "png animated": saved(
            a, "PNG", save_all=True, append_images=[scene(2), scene(3)], duration=80
        ),
        "webp lossy": saved(a, "WEBP", quality=80, exif=exif, icc_profile=icc),
        "webp lossless": saved(a.quantize(32).convert("RGBA"), "WEBP", lossless=True),
        "webp animated": saved(a, "WEBP", save_all=True, append_images=[scene(2)], duration=80),
        "tiff pages": saved(a, "TIFF", save_all=True, append_images=[scene(2)]),
    }
    for name, compression in tables.items():
        photos[f"tiff {name}"] = saved(a, "TIFF", compression=compression, exif=exif)
    if features.check("avif"):
        photos["avif"] = saved(a, "AVIF", quality=70, exif=exif)
    try:
        import pillow_heif
    except ImportError:
        return photos
    stream = io.BytesIO()
    pillow_heif.from_pillow(a).save(stream, quality=70)
    return photos | {"heif": stream.getvalue()}


# --- mutations of any file ------------------------------------------------------------------------


def span(rng: Rng, data: bytes, most: int = 400) -> tuple[int, int]:
    start = int(rng.integers(0, max(1, len(data) - 1)))
    return start, min(len(data), start + int(rng.integers(1, most)))


def truncated(rng: Rng, data: bytes, other: bytes) -> bytes:
    return data[: int(rng.integers(1, len(data)))]


def flipped(rng: Rng, data: bytes, other: bytes) -> bytes:
    changed = bytearray(data)
    near = len(data) if rng.random() < 0.5 else min(len(data), 700)  # headers are short
    for at in rng.integers(0, near, int(rng.integers(1, 12))):
        changed[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def overwritten(rng: Rng, data: bytes, other: bytes) -> bytes:
    first, last = span(rng, data)
    fill = [bytes(last - first), b"\xff" * (last - first), rng.bytes(last - first)]
    return data[:first] + fill[int(rng.integers(0, 3))] + data[last:]


def moved(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Remove a run, and perhaps put it elsewhere, perhaps many times."""
    first, last = span(rng, data, 3000)
    rest, times = data[:first] + data[last:], int(rng.choice([0, 1, 2, 40]))
    at = int(rng.integers(0, len(rest) + 1))
    return rest[:at] + data[first:last] * times + rest[at:]


def spliced(rng: Rng, data: bytes, other: bytes) -> bytes:
    return data[: int(rng.integers(1, len(data)))] + other[int(rng.integers(0, len(other))) :]


def another_head(rng: Rng, data: bytes, other: bytes) -> bytes:
    length = int(rng.choice([4, 12, 32, 100]))
    return other[:length] + data[length:]


def noise_behind_signature(rng: Rng, data: bytes, other: bytes) -> bytes:
    return data[: int(rng.choice([3, 8, 12, 32, 64]))] + rng.bytes(int(rng.integers(0, 5000)))


def numbers_replaced(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Write extreme 16- and 32-bit numbers where lengths, counts and offsets may stand."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(0, min(len(data), 900) - 4))
        value = int(rng.choice([0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
        size, order = (4, 2)[int(rng.integers(0, 2))], ("big", "little")[int(rng.integers(0, 2))]
        changed[at : at + size] = (value & (256**size - 1)).to_bytes(size, order)  # type: ignore[arg-type]
    return bytes(changed)


# --- mutations of a format's own structure --------------------------------------------------------


def jpeg_parts(data: bytes) -> tuple[Chunks, bytes]:
    """Return the segments before the first scan, as (marker, payload), and the rest."""
    segments, at = [], 2
    while data[at + 1] != 0xDA:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        segments.append((data[at : at + 2], data[at + 4 : at + 2 + length]))
        at += 2 + length
    return segments, data[at:]


def jpeg_of(segments: Chunks, rest: bytes) -> bytes:
    body = b"".join(m + struct.pack(">H", len(p) + 2) + p for m, p in segments)
    return b"\xff\xd8" + body + rest


def png_chunks(data: bytes) -> Chunks:
    chunks, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def png_of(chunks: Chunks) -> bytes:
    """Return a PNG whose checksums are right, whatever its chunks say."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c))
        for kind, c in chunks
    )


def riff_chunks(data: bytes) -> Chunks:
    chunks, at = [], 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return chunks


def riff_of(chunks: Chunks) -> bytes:
    body = b"".join(kind + struct.pack("<I", len(c)) + c + bytes(len(c) % 2) for kind, c in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def parts_shuffled(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Swap, repeat or drop whole segments or chunks; checksums stay right."""

    def shuffle(chunks: Chunks) -> Chunks:
        i, j = (int(n) for n in rng.integers(0, len(chunks), 2))
        kind = int(rng.integers(0, 4))
        if kind == 0:
            chunks[i], chunks[j] = chunks[j], chunks[i]
        elif kind == 1:
            chunks[i:i] = [chunks[j]] * int(rng.choice([1, 3, 300]))
        elif kind == 2:
            del chunks[i]
        else:
            name, content = chunks[i]
            chunks[i] = (name, overwritten(rng, content, b"") if content else rng.bytes(40))
        return chunks

    if data.startswith(b"\x89PNG"):
        return png_of(shuffle(png_chunks(data)))
    if data.startswith(b"RIFF"):
        return riff_of(shuffle(riff_chunks(data)))
    if data.startswith(b"\xff\xd8"):
        segments, rest = jpeg_parts(data)
        return jpeg_of([(m, p[:65533]) for m, p in shuffle(segments)], rest)
    return moved(rng, data, other)


SIDES = (0, 1, 2, 31, 4000, 16383, 30000, 65500, 0x7FFFFFFF, 0xFFFFFFFF)


def other_size(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Declare another width and height, from nothing to far beyond the limits."""
    width, height = (int(rng.choice(SIDES)) for _ in range(2))
    changed = bytearray(data)
    if data.startswith(b"\x89PNG"):
        chunks = png_chunks(data)
        chunks[0] = (b"IHDR", struct.pack(">II", width, height) + chunks[0][1][8:])
        return png_of(chunks)
    if data.startswith(b"\xff\xd8"):
        segments, rest = jpeg_parts(data)
        both = struct.pack(">HH", height & 0xFFFF, width & 0xFFFF)
        frames = (b"\xff\xc0", b"\xff\xc2")
        return jpeg_of([(m, p[:1] + both + p[5:] if m in frames else p) for m, p in segments], rest)
    if data.startswith(b"RIFF"):
        at = data.find(b"VP8X")
        if at >= 0:
            changed[at + 12 : at + 15] = (width & 0xFFFFFF).to_bytes(3, "little")
            changed[at + 15 : at + 18] = (height & 0xFFFFFF).to_bytes(3, "little")
        else:
            changed[24:30] = rng.bytes(6)
        return bytes(changed)
    if data[4:8] == b"ftyp":
        at = data.find(b"ispe")
        changed[at + 8 : at + 16] = struct.pack(">II", width, height)
        return bytes(changed)
    return tiff_with(data, {256: width, 257: height})


def tiff_with(data: bytes, values: dict[int, int]) -> bytes:
    """Return a little-endian TIFF whose first directory gives other values."""
    changed = bytearray(data)
    start = int.from_bytes(data[4:8], "little")
    for entry in range(int.from_bytes(data[start : start + 2], "little")):
        at = start + 2 + 12 * entry
        tag = int.from_bytes(data[at : at + 2], "little")
        if tag in values:
            changed[at + 2 : at + 12] = struct.pack("<HII", 4, 1, values[tag])
    return bytes(changed)


def looping_exif(rng: Rng) -> bytes:
    """Return an EXIF block whose directories point at themselves or run far and deep."""
    count = int(rng.choice([0, 1, 30, 5000, 65535]))
    entries = b""
    for _ in range(min(count, 60)):
        tag = int(rng.choice([0x8769, 0x8825, 0xA005, 0x014A, 0x0112, 0x927C, 0x010F]))
        kind, amount = int(rng.integers(0, 14)), int(rng.choice([0, 1, 3, 0x7FFFFFFF, 0xFFFFFFFF]))
        entries += struct.pack("<HHII", tag, kind, amount, int(rng.choice([0, 8, 14, 0xFFFFFFF0])))
    tail = struct.pack("<I", int(rng.choice([0, 8, 0xFFFFFFFF])))
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + tail


def hostile_metadata(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Attach EXIF that loops, or an ICC profile that is large or damaged."""
    exif = looping_exif(rng)
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in rng.integers(0, len(icc), int(rng.choice([1, 8, 60]))):
        icc[at] = int(rng.integers(0, 256))
    profile = bytes(icc) + bytes(int(rng.choice([0, 100_000, 5_000_000])))
    if data.startswith(b"\xff\xd8"):
        segments, rest = jpeg_parts(data)
        blocks = [profile[i : i + 65000] for i in range(0, len(profile), 65000)][:250]
        segments[1:1] = [(b"\xff\xe1", exif[:65533])]
        segments[1:1] = [
            (b"\xff\xe2", b"ICC_PROFILE\0" + bytes([i + 1, len(blocks)]) + block)
            for i, block in enumerate(blocks)
        ]
        return jpeg_of(segments, rest)
    if data.startswith(b"\x89PNG"):
        chunks = png_chunks(data)
        chunks[1:1] = [(b"iCCP", b"icc\0\0" + zlib.compress(profile)), (b"eXIf", exif[6:])]
        return png_of(chunks)
    if data.startswith(b"RIFF"):
        content = [(k, c) for k, c in riff_chunks(data) if k not in (b"VP8X", b"ICCP", b"EXIF")]
        flags = struct.pack("<I", 0x28) + struct.pack("<I", 207)[:3] + struct.pack("<I", 149)[:3]
        return riff_of([(b"VP8X", flags), (b"ICCP", profile), *content, (b"EXIF", exif)])
    if data.startswith(b"II*"):
        start = int.from_bytes(data[4:8], "little")
        count = int.from_bytes(data[start : start + 2], "little")
        loop = struct.pack("<I", int(rng.choice([start, 8, len(data) - 6])))
        at = start + 2 + 12 * count
        return data[:at] + loop + data[at + 4 :]
    return numbers_replaced(rng, data, other)


def many_scans(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Repeat a JPEG's scans, or another file's frames and chunks, very often."""
    times = int(rng.choice([2, 40, 900]))
    if data.startswith(b"\xff\xd8"):
        segments, rest = jpeg_parts(data)
        return jpeg_of(segments, rest.removesuffix(b"\xff\xd9") * times + b"\xff\xd9")
    if data.startswith(b"\x89PNG"):
        chunks = png_chunks(data)
        kinds = [b"IDAT", b"fdAT", b"fcTL", b"tEXt"]
        more = [c for c in chunks if c[0] == kinds[int(rng.integers(0, 4))]]
        return png_of(
            [*chunks[:-1], *(more or [(b"tEXt", b"k\0" + bytes(500))]) * times, chunks[-1]]
        )
    return data + data[12:] * min(times, 60)


MUTATORS: tuple[Callable[[Rng, bytes, bytes], bytes], ...] = (
    truncated,
    flipped,
    overwritten,
    moved,
    spliced,
    another_head,
    noise_behind_signature,
    numbers_replaced,
    parts_shuffled,
    other_size,
    hostile_metadata,
    many_scans,
)


def mutation(number: int, photos: dict[str, bytes]) -> tuple[str, bytes]:
    """Return the name and content of a mutation; every kind meets every photo in turn."""
    rng = np.random.default_rng([2026, number])
    names = list(photos)
    mutate = MUTATORS[number % len(MUTATORS)]
    name = names[number // len(MUTATORS) % len(names)]
    other = photos[names[int(rng.integers(0, len(names)))]]
    content = mutate(rng, photos[name], other) or b"\0"
    return f"{number:06} {mutate.__name__} {name}.jpg", content


# --- the run --------------------------------------------------------------------------------------

CLASSIFY = """
import faulthandler, hashlib, json, resource, sys, time
from dataclasses import fields
from pathlib import Path

faulthandler.enable()
faulthandler.dump_traceback_later(int(sys.argv[3]), exit=True)  # a hang ends here, with its place

from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.prediction import Prediction

def kilobytes(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])

seconds = {}

class Timed(Classifier):
    def classify(self, photo, name=None):
        start = time.perf_counter()
        try:
            return super().classify(photo, name)
        finally:
            seconds[str(photo)] = time.perf_counter() - start

opened = Classifier.open(sys.argv[1], threads=1)
classifier = Timed(**{field.name: getattr(opened, field.name) for field in fields(Classifier)})
files = [Path(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
classifier.classify(Path(sys.argv[2]).with_name("warm.jpg"))  # loads what decoding needs
before = kilobytes("VmRSS")
address = 1024 * kilobytes("VmSize") + (2 << 30)
resource.setrlimit(resource.RLIMIT_AS, (address, address))  # no mistake fells the machine
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
found = []
for answer in classifier.classify_all(files):
    if isinstance(answer, Prediction):
        digest = hashlib.sha256(answer.pixels.tobytes() + answer.evidence.tobytes()).hexdigest()
        outcome = {"label": answer.label.name, "digest": digest, "notes": answer.notes,
                   "probabilities": [p.hex() for p in answer.probabilities.values()]}
    else:
        outcome = {"reason": answer.reason}
    found.append({"file": answer.file, **outcome})
peak = 1024 * (kilobytes("VmHWM") - before)
for one in found:
    one["seconds"] = seconds[one["file"]]
json.dump({"found": found, "peak": peak}, sys.stdout)
"""

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peaks are read from Linux's /proc"
)


def classify(bundle: Path, files: list[Path], folder: Path, limit: int = 240) -> Any:
    """Classify files in another process: {"found": [one outcome per file], "peak": bytes}."""
    listed = folder / "files.txt"
    listed.write_text("\n".join(map(str, files)), encoding="utf-8")
    (folder / "warm.jpg").write_bytes(good_photos()["jpeg exif icc"])
    silent = ["-W", "ignore::UserWarning"]  # as `edgetlc` is: Pillow warns of damaged metadata
    command = [sys.executable, *silent, "-c", CLASSIFY, str(bundle), str(listed), str(limit)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=limit + 60, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    # libtiff prints what it finds wrong; nobody else has anything to say.
    assert "Traceback" not in ran.stderr, ran.stderr[-3000:]
    assert "Warning" not in ran.stderr, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def check_reports(document: Any, files: list[Path]) -> None:
    """Every file is reported once and in order, in time, in memory, and in one plain line."""
    found = document["found"]
    assert [one["file"] for one in found] == [str(file) for file in files]
    for one in found:
        assert one["seconds"] < MOST_SECONDS, one
        for line in [one["reason"]] if "reason" in one else [one["label"], *one["notes"]]:
            assert line, one
            assert line.isprintable(), one
            assert len(line) <= LONGEST_REASON, one
    assert document["peak"] <= MOST_MEMORY


def answers(document: Any, names: list[str]) -> dict[str, Any]:
    """Return what was found of some files, but for the time it took."""
    kept = {Path(one["file"]).name: dict(one) for one in document["found"]}
    return {n: {k: v for k, v in kept[n].items() if k not in ("seconds", "file")} for n in names}


@needs_proc
def test_every_mutation_is_reported_and_no_good_answer_changes(
    small_bundle: Path, tmp_path: Path
) -> None:
    photos = good_photos()
    good = []
    for name, content in photos.items():
        good.append(tmp_path / f"good {name}.jpg")
        good[-1].write_bytes(content)
    files = list(good)
    for number in range(MUTATIONS):
        name, content = mutation(number, photos)
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
        if number % BETWEEN_GOOD == 0:  # the same photo again, under another name
            original = good[number // BETWEEN_GOOD % len(good)]
            files.append(tmp_path / f"{number:06} {original.name}")
            files[-1].hardlink_to(original)
    document = classify(small_bundle, files, tmp_path)
    check_reports(document, files)
    clean = answers(classify(small_bundle, good, tmp_path), [file.name for file in good])
    assert all("label" in outcome for outcome in clean.values())
    again = answers(document, [file.name for file in files])
    for name, outcome in again.items():
        original_name = name if name.startswith("good") else name[7:]
        if original_name in clean:
            assert outcome == clean[original_name], name
    # Mutations do what they are for: some photos survive, most do not.
    outcomes = Counter("reason" in again[file.name] for file in files if file not in good)
    assert outcomes[True] > MUTATIONS / 4
    assert outcomes[False] > MUTATIONS / 10


@needs_proc
@pytest.mark.real
def test_bad_images_are_read_where_their_format_allows_it(
    shared_data: Path, small_bundle: Path, tmp_path: Path
) -> None:
    """Against what Pillow alone did with each: no damaged one is answered, no sound one lost."""
    folder = shared_data / "bad_images"
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = [folder / entry["file"] for entry in entries]
    document = classify(small_bundle, files, tmp_path)
    check_reports(document, files)
    assert len(entries) == 250
    cut = []
    for entry, one in zip(entries, document["found"], strict=True):
        pillow, answered = entry["pillow_13_result"], "label" in one
        if pillow != "decodes":
            # Its only warning is for a size that is allowed here: the photo is decoded reduced. A
            # JPEG that lacks nothing but its end marker is read, with a note.
            endless = "the file lacks its end" in " ".join(one.get("notes", ()))
            assert answered == (endless or pillow.startswith("DecompressionBombWarning")), one
        elif entry["format"] in ("GIF", "JPEG2000"):
            assert one["reason"].startswith("not a photo this tool reads"), one
        elif "it ends before its photo does" in one.get("reason", ""):
            cut.append(entry["file"])
        else:
            assert answered or one["reason"].startswith(REFUSED_ON_PURPOSE), one
    # Damaged so that rows are missing, which Pillow fills with grey without a word.
    assert len(cut) == 3
    for file in cut:
        with Image.open(folder / file) as photo:
            assert photo.getpixel((photo.width - 1, photo.height - 1)) in (128, (128, 128, 128))
