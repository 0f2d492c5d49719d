"""Write `vectors/`: files, the pixels that must come of them, and the list `vectors.json`.

    python docs/pixel-contract/make_vectors.py [FOLDER]

Expected pixels come from the drawn pictures, or for lossy files from the decoder's own samples, by
`reference.py`, never from edgetlc. The same versions of the encoders, which are noted in
`vectors.json`, write the same files again. Needs Pillow with AVIF, and pillow-heif.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, features

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import files  # noqa: E402
import reference as ref  # noqa: E402
from files import animated_png, decoded, deep, embedded, exif, jpeg, png, saved, scene, stored, tiff  # noqa: E402  # noqa: E402

SIZE = 32
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
EXACT = {"max": 0, "mean": 0.0}
COLOUR = {"max": 1, "mean": 0.5}  # a profile's transform rounds in its own way
LOSSY = {"max": 12, "mean": 1.0}  # decoders differ: see README.md
U8 = NDArray[np.uint8]
Tolerance = dict[str, float]


@dataclass
class Vectors:
    """What was written so far into a folder."""

    folder: Path
    host: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    graph: list[dict[str, Any]] = field(default_factory=list)
    written: dict[bytes, str] = field(default_factory=dict)

    def _write(self, name: str, content: bytes) -> tuple[str, str]:
        """Write a file unless its content is there already; return its name and digest."""
        digest = hashlib.sha256(content).digest()
        if digest not in self.written:
            (self.folder / name).write_bytes(content)
            self.written[digest] = name
        return self.written[digest], digest.hex()

    def accept(
        self,
        name: str,
        covers: str,
        container: str,
        data: bytes,
        samples: U8 | None = None,
        *,
        orientation: int = 1,
        to_rgb: Callable[[U8], U8] | None = None,
        tolerance: Tolerance = EXACT,
        notes: tuple[str, ...] = (),
        as_if: bytes | None = None,
        declared: tuple[int, int] | None = None,
    ) -> None:
        """Add a file and what must come of it.

        Args:
            name: the file's name.
            covers: what it shows.
            container: its format by content.
            data: its bytes.
            samples: uint8[H, W, C] that it holds; None asks the decoder, for a lossy file.
            orientation: to turn the samples by.
            to_rgb: what makes sRGB of the reduced samples, where they are not.
            tolerance: grey levels that decoders may differ.
            notes: beginnings of the notes expected.
            as_if: a file that holds the same picture and that any decoder reads; None for `data`.
            declared: width and height, where they are not those of the samples.
        """
        readable = data if as_if is None else as_if
        whole = decoded(readable) if samples is None else samples
        width, height = declared or (whole.shape[1], whole.shape[0])
        s, k = ref.reductions(width, height, SIZE)
        by_decoder = container == "JPEG" and s > 1
        after_s = decoded(readable, s) if by_decoder else ref.box_mean(whole, s)
        pixels = ref.upright(ref.box_mean(after_s, k), orientation)
        pixels = pixels if to_rgb is None else to_rgb(pixels)
        file, digest = self._write(name, data)
        expected, expected_digest = self._write(f"{name}.expected.png", png(pixels, 2))
        self.host.append(
            {
                "name": name,
                "covers": covers,
                "file": file,
                "sha256": digest,
                "size": SIZE,
                "container": container,
                "declared": (width, height),
                "s": s,
                "k": k,
                "expected": expected,
                "expected_sha256": expected_digest,
                "tolerance": LOSSY if samples is None else tolerance,
                "notes": notes,
            }
        )

    def refuse(self, reason: str, name: str, covers: str, data: bytes) -> None:
        """Add a file that must be refused, for a class of reasons."""
        file, digest = self._write(name, data)
        self.refused.append(
            {
                "name": name,
                "covers": covers,
                "file": file,
                "sha256": digest,
                "size": SIZE,
                "reason": reason,
            }
        )

    def tensor(self, name: str, covers: str, pixels: U8, geometry: str) -> None:
        """Add raw pixels and the tensor that the graph step must make of them."""
        tensor = ref.graph_step(pixels, SIZE, geometry, MEAN, STD).astype("<f4")
        source, source_digest = self._write(f"{name}.u8", pixels.tobytes())
        target, target_digest = self._write(f"{name}.f32", tensor.tobytes())
        self.graph.append(
            {
                "name": name,
                "covers": covers,
                "pixels": source,
                "pixels_sha256": source_digest,
                "shape": pixels.shape,
                "contract": {"size": SIZE, "geometry": geometry, "mean": MEAN, "std": STD},
                "tensor": target,
                "tensor_sha256": target_digest,
                "tensor_shape": tensor.shape,
                "tolerance_grey_levels": 0.01,
            }
        )


def add_jpeg(v: Vectors, profile: bytes) -> None:
    """Baseline, progressive, grey, CMYK, every reduction, orientations, MPO."""
    for name, covers, size, options in (
        ("small", "smaller than the network: s = k = 1", (27, 20), {}),
        ("444-k2", "no chroma subsampling, only the box mean k", (90, 70), {"subsampling": 0}),
        ("420-s2", "baseline 4:2:0, s by DCT scaling", (203, 131), {}),
        ("422-s2", "baseline 4:2:2", (131, 150), {"subsampling": 1}),
        ("420-s4", "s = 4", (301, 261), {"quality": 80}),
        ("420-s8", "s = 8", (601, 515), {"quality": 60}),
        ("progressive", "progressive", (203, 131), {"progressive": True}),
    ):
        v.accept(f"jpeg-{name}.jpg", covers, "JPEG", jpeg(scene(*size), **options))
    v.accept(
        "jpeg-grey.jpg", "grey", "JPEG", jpeg(scene(150, 140)[:, :, 1]), to_rgb=ref.grey_to_rgb
    )
    inks = np.concatenate([scene(140, 150), scene(140, 150)[:, :, :1] // 4], axis=2)
    cmyk = jpeg(Image.fromarray(inks, "CMYK"))
    v.accept("jpeg-cmyk.jpg", "CMYK as Adobe stores it", "JPEG", cmyk, to_rgb=ref.cmyk_to_rgb)
    p3 = jpeg(scene(90, 70), subsampling=0, icc_profile=profile)
    srgb = ref.display_p3_to_srgb
    v.accept("jpeg-display-p3.jpg", "Display P3 by ICC profile", "JPEG", p3, to_rgb=srgb)
    for turn in range(1, 9):
        data = jpeg(stored(scene(50, 40), turn), exif=b"Exif\0\0" + exif(turn))
        name = f"jpeg-orientation-{turn}.jpg"
        v.accept(name, "EXIF orientation", "JPEG", data, orientation=turn)
    plain = jpeg(scene(80, 60))
    other = Image.fromarray(255 - scene(80, 60))
    mpo = saved(scene(80, 60), "MPO", save_all=True, append_images=[other], quality=90)
    v.accept("mpo.mpo", "MPO: the first picture, without a note", "JPEG", mpo)
    motion = plain + b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 2
    v.accept("jpeg-motion.jpg", "bytes behind the picture, as of a motion photo", "JPEG", motion)
    v.accept("jpeg-named.png", "a JPEG whose name says PNG", "JPEG", plain)
    progressive, large = jpeg(scene(80, 60), progressive=True), jpeg(scene(203, 131))
    for name, covers, data, whole in (
        ("", "no end marker", plain[:-2], plain),
        ("-s2", "no end marker, s = 2", large[:-2], large),
        ("-progressive", "no end marker, progressive", progressive[:-1], progressive),
        ("-samsung", "a Samsung phone's data in its place", files.samsung(plain[:-2]), plain),
    ):
        notes = ("the file lacks its end",)
        v.accept(f"jpeg-no-end{name}.jpg", covers, "JPEG", data, notes=notes, as_if=whole)


def add_png(v: Vectors) -> None:
    """Sizes, depths, alpha, orientation, animation."""
    rgb = scene(97, 61)
    for name, covers, size in (
        ("rgb", "8-bit RGB, odd sides, s = k = 1", (97, 61)),
        ("s2-k2", "s = 2 and k = 2 by box means, edge boxes", (203, 131)),
        ("s4-k2", "s = 4 and k = 2", (261, 301)),
        ("k3", "k = 3, where sums do not divide evenly", (121, 101)),
        ("small", "smaller than the network", (13, 20)),
        ("long", "sides 24 to 1", (480, 20)),
    ):
        v.accept(f"png-{name}.png", covers, "PNG", png(scene(*size), 2), scene(*size))
    v.accept("png-rgb16.png", "16-bit RGB: high bytes", "PNG", png(deep(rgb), 2, 16), rgb)
    for size in ((97, 61), (90, 70)):
        rgba = scene(*size, 4)
        name = f"png-rgba-{size[0]}.png"
        v.accept(name, "alpha over white, then means", "PNG", png(rgba, 6), ref.over_white(rgba))
    data = png(deep(scene(97, 61, 4)), 6, 16)
    v.accept("png-rgba16.png", "16-bit alpha", "PNG", data, ref.over_white(scene(97, 61, 4)))
    for turn in range(1, 9):
        picture = stored(scene(90, 70), turn)
        data = png(picture, 2, before=((b"eXIf", exif(turn)),))
        name = f"png-orientation-{turn}.png"
        v.accept(name, "eXIf orientation with k = 2", "PNG", data, picture, orientation=turn)
    picture = stored(scene(50, 40), 6)
    late = png(picture, 2, after=((b"eXIf", exif(6)),))
    v.accept("png-late-exif.png", "eXIf behind the data", "PNG", late, picture, orientation=6)
    moving = animated_png([rgb, 255 - rgb, rgb // 2])
    notes = ("first of 3 frames",)
    v.accept("apng.png", "the first frame, with a note", "PNG", moving, rgb, notes=notes)


def add_png_kinds(v: Vectors) -> None:
    """Grey of every depth, palettes, transparent colours."""
    rgb = scene(97, 61)
    grey, sixteenth = rgb[:, :, 1], rgb[:, :, 1] // 16
    grey_alpha = np.ascontiguousarray(scene(97, 61, 4)[:, :, 2:])
    palette = np.array([[9 * i, 255 - 7 * i, 40 + 5 * i] for i in range(16)], np.uint8)
    table = (b"PLTE", palette.tobytes())
    alphas = np.full(16, 255, np.uint8)
    alphas[3:6] = (0, 128, 200)
    clear = (b"tRNS", alphas.tobytes())
    with_alpha = np.concatenate([palette, alphas[:, None]], axis=1)[sixteenth]
    key, key16 = rgb[30, 24], int(deep(grey)[5, 5])
    keyed = np.where((rgb == key).all(axis=2, keepdims=True), 255, rgb)
    rgb_key = (b"tRNS", struct.pack(">HHH", *key.tolist()))
    grey_key = (b"tRNS", key16.to_bytes(2, "big"))
    grey_keyed = np.where(deep(grey) == key16, 255, grey)
    sixteenth_keyed = np.where(sixteenth == 7, 255, sixteenth * 17)
    for name, covers, data, samples in (
        ("grey", "8-bit grey", png(grey, 0), grey),
        ("grey16", "16-bit grey: high bytes", png(deep(grey), 0, 16), grey),
        ("grey1", "1-bit grey", png(grey // 128, 0, 1), grey // 128 * 255),
        ("grey4", "4-bit grey", png(sixteenth, 0, 4), sixteenth * 17),
        ("grey-alpha", "grey with alpha", png(grey_alpha, 4), ref.over_white(grey_alpha)[..., 0]),
        ("palette", "palette of 16", png(sixteenth, 3, 4, (table,)), palette[sixteenth]),
        (
            "palette-clear",
            "palette with alpha",
            png(sixteenth, 3, 4, (table, clear)),
            ref.over_white(with_alpha),
        ),
        ("key", "one transparent colour becomes white", png(rgb, 2, 8, (rgb_key,)), keyed),
        (
            "grey4-key",
            "one transparent grey of 4 bits",
            png(sixteenth, 0, 4, ((b"tRNS", b"\0\7"),)),
            sixteenth_keyed,
        ),
        (
            "grey16-key",
            "one transparent grey of 16 bits",
            png(deep(grey), 0, 16, (grey_key,)),
            grey_keyed,
        ),
    ):
        expected = samples if samples.ndim == 3 else ref.grey_to_rgb(samples)
        v.accept(f"png-{name}.png", covers, "PNG", data, expected.astype(np.uint8))


def add_png_colours(v: Vectors, profile: bytes) -> None:
    """Colours by profile and by code points."""
    rgb = scene(97, 61)
    p3, p3_points = embedded(profile), (b"cICP", bytes([12, 13, 0, 1]))
    srgb = embedded(files.srgb())
    for name, covers, chunks in (
        ("display-p3", "Display P3 by ICC profile", (p3,)),
        ("cicp-p3", "Display P3 by code points", (p3_points,)),
        ("cicp-first", "code points before the profile", (p3_points, srgb)),
    ):
        data, to_rgb = png(rgb, 2, before=chunks), ref.display_p3_to_srgb
        v.accept(f"png-{name}.png", covers, "PNG", data, rgb, to_rgb=to_rgb, tolerance=COLOUR)
    hdr, unknown = ((b"cICP", bytes(points)) for points in ([9, 16, 0, 1], [99, 13, 0, 1]))
    gamma = (b"gAMA", struct.pack(">I", 100_000))
    for name, covers, chunk, notes in (
        ("srgb-profile", "a profile that is sRGB changes nothing", srgb, ()),
        ("gamma", "gAMA is not looked at", gamma, ()),
        ("cicp-pq", "HDR is read as if it were not", hdr, ("HDR photo (PQ)",)),
        ("cicp-unknown", "code points without a meaning", unknown, ("unknown colours",)),
        ("bad-profile", "cut short", embedded(profile[:200]), ("colour profile ignored",)),
        (
            "wrong-profile",
            "a profile for other colours",
            embedded(files.for_grey(profile)),
            ("colour profile ignored",),
        ),
    ):
        data = png(rgb, 2, before=(chunk,))
        v.accept(f"png-{name}.png", covers, "PNG", data, rgb, notes=notes)
    data = png(deep(rgb), 2, 16, ((b"tRNS", bytes(6)),))
    covers, notes = "a transparent colour of 16 bits is not applied", ("transparent 16-bit",)
    v.accept("png-rgb16-key.png", covers, "PNG", data, rgb, notes=notes)


def add_webp(v: Vectors, profile: bytes) -> None:
    """Lossless, alpha, lossy, animation, orientation, profile, wrong name."""
    rgb, rgba = scene(97, 61), scene(97, 61, 4)
    whole = {"lossless": True, "exact": True}
    over = ref.over_white(rgba)
    v.accept("webp.webp", "lossless", "WebP", saved(rgb, "WEBP", **whole), rgb)
    v.accept("webp-alpha.webp", "alpha", "WebP", saved(rgba, "WEBP", **whole), over)
    data = saved(scene(90, 70), "WEBP", **whole)
    v.accept("webp-named.jpg", "a WebP whose name says JPEG", "WebP", data, scene(90, 70))
    lossy = saved(scene(203, 131), "WEBP", quality=80)
    v.accept("webp-lossy.webp", "lossy, box means s and k", "WebP", lossy)
    data, to_rgb = saved(rgb, "WEBP", icc_profile=profile, **whole), ref.display_p3_to_srgb
    name, covers = "webp-display-p3.webp", "Display P3 by ICC profile"
    v.accept(name, covers, "WebP", data, rgb, to_rgb=to_rgb, tolerance=COLOUR)
    others = [Image.fromarray(255 - rgb), Image.fromarray(rgb // 2)]
    moving = saved(rgb, "WEBP", save_all=True, append_images=others, **whole)
    name, notes = "webp-animated.webp", ("first of 3 frames",)
    v.accept(name, "the first frame, with a note", "WebP", moving, rgb, notes=notes)
    for turn in range(1, 9):
        picture = stored(scene(50, 40), turn)
        data = saved(picture, "WEBP", exif=exif(turn), **whole)
        name = f"webp-orientation-{turn}.webp"
        v.accept(name, "EXIF orientation", "WebP", data, picture, orientation=turn)


def add_tiff(v: Vectors) -> None:
    """Plain, packed, 16-bit, CMYK, several pages, orientation."""
    rgb = scene(97, 61)
    packed = {"compression": "tiff_lzw"}
    v.accept("tiff.tif", "uncompressed", "TIFF", tiff(rgb), rgb)
    data = saved(scene(90, 70), "TIFF", **packed)
    v.accept("tiff-lzw.tif", "LZW, k = 2", "TIFF", data, scene(90, 70))
    grey = saved(Image.fromarray(deep(rgb[:, :, 1])), "TIFF")
    expected = ref.grey_to_rgb(rgb[:, :, 1])
    v.accept("tiff-grey16.tif", "16-bit grey: high bytes", "TIFF", grey, expected)
    inks = np.concatenate([rgb, rgb[:, :, :1] // 4], axis=2)
    cmyk = saved(Image.fromarray(inks, "CMYK"), "TIFF", **packed)
    name, covers = "tiff-cmyk.tif", "CMYK without a profile"
    v.accept(name, covers, "TIFF", cmyk, inks, to_rgb=ref.cmyk_to_rgb)
    others = [Image.fromarray(255 - rgb)]
    pages = saved(rgb, "TIFF", save_all=True, append_images=others, **packed)
    notes = ("first of several frames",)
    v.accept("tiff-pages.tif", "the first page, with a note", "TIFF", pages, rgb, notes=notes)
    for turn in range(1, 9):
        picture = stored(scene(50, 40), turn)
        data = tiff(picture, ((274, 3, 1, turn),))
        name, declared = f"tiff-orientation-{turn}.tif", (50, 40)
        v.accept(
            name, "Orientation tag", "TIFF", data, picture, orientation=turn, declared=declared
        )


def add_heif(v: Vectors, profile: bytes) -> None:
    """AVIF and HEIC: lossy, turned by the container, profile, code points, animation."""
    for container, format_, suffix in (("AVIF", "AVIF", "avif"), ("HEIF", "HEIF", "heic")):
        v.accept(
            f"{suffix}.{suffix}", "lossy, box means s and k", container,
            saved(scene(203, 131), format_, quality=85),
        )  # fmt: skip
        for turn, covers in ((6, "turned by irot"), (5, "turned by irot, mirrored by imir")):
            picture = stored(scene(50, 40), turn)
            data = saved(picture, format_, quality=85, exif=b"Exif\0\0" + exif(turn))
            # One decoder turns by itself, the other leaves it to its caller.
            left = 1 if container == "HEIF" else turn
            v.accept(f"{suffix}-turned-{turn}.{suffix}", covers, container, data, orientation=left)
        plain = saved(scene(90, 70), format_, quality=85)
        tagged = saved(scene(90, 70), format_, quality=85, icc_profile=profile)
        pointed = files.declare_colours(plain, 12, 13)
        for name, data in (("display-p3", tagged), ("nclx-p3", pointed)):
            file, to_rgb = f"{suffix}-{name}.{suffix}", ref.display_p3_to_srgb
            v.accept(file, "Display P3", container, data, to_rgb=to_rgb)
        hdr, notes = files.declare_colours(plain, 9, 18), ("HDR photo (HLG)",)
        file = f"{suffix}-nclx-hlg.{suffix}"
        v.accept(file, "HDR is read as if it were not", container, hdr, notes=notes)
    others = [Image.fromarray(255 - scene(50, 40))]
    data = saved(scene(50, 40), "AVIF", save_all=True, append_images=others, quality=85)
    notes = ("first of 2 frames",)
    moving = files.undated(data)
    v.accept("avif-animated.avif", "the first frame, with a note", "AVIF", moving, notes=notes)


def add_refused(v: Vectors) -> None:
    """Every class of reasons."""
    picture = scene(80, 60)
    small, progressive = jpeg(picture), jpeg(picture, progressive=True)
    rgb = png(picture, 2)
    header = b"IHDR" + struct.pack(">IIBBBBB", 15_000, 15_000, 8, 2, 0, 0, 0)
    huge = rgb[:12] + header + struct.pack(">I", zlib.crc32(header)) + rgb[33:]
    packed = saved(picture, "TIFF", compression="tiff_lzw")
    arithmetic = small.replace(b"\xff\xc0\0\x11", b"\xff\xc9\0\x11")
    for name, data in (
        ("cut.jpg", small[: len(small) * 2 // 3]),
        ("cut-progressive.jpg", progressive[: len(small) // 2]),
        ("cut-scan.jpg", progressive[: progressive.rfind(b"\xff\xc4")]),
        ("cut-samsung.jpg", files.samsung(small[: len(small) * 2 // 3])),
        ("cut-byte.jpg", small[:-3]),
        ("cut-ended.jpg", small[: len(small) * 2 // 3] + b"\xff\xd9"),
        ("cut-scan-ended.jpg", progressive[: progressive.rfind(b"\xff\xc4")] + b"\xff\xd9"),
        ("cut.png", rgb[: len(rgb) * 2 // 3]),
        ("cut.webp", saved(picture, "WEBP")[:-40]),
        ("cut.tif", packed[:-200]),
        ("header.jpg", small[:100]),
    ):
        v.refuse("damaged", f"refused-{name}", "cut short", data)
    v.refuse("coding", "refused-arithmetic.jpg", "says it is arithmetic-coded", arithmetic)
    for name, data in (("jpg", files.declare_jpeg(small, 15_000, 15_000)), ("png", huge)):
        v.refuse("pixels", f"refused-pixels.{name}", "225 million pixels declared", data)
    large = files.declare_jpeg(progressive, 12_000, 9_000)
    v.refuse("memory", "refused-memory.jpg", "a progressive JPEG of 108 million pixels", large)
    sliver = files.declare_jpeg(small, 3_300, 100)
    v.refuse("aspect", "refused-aspect.jpg", "sides 33 to 1", sliver)
    scans = files.repeat_last_scan(jpeg(scene(16, 16), progressive=True), 33)
    v.refuse("scans", "refused-scans.jpg", "a JPEG of 43 scans", scans)
    preview = tiff(scene(32, 24), ((254, 4, 1, 1),))
    dng = tiff(scene(32, 24), ((254, 4, 1, 0), (50706, 1, 4, 0x0401)))
    cfa = files.declare_photometric(tiff(scene(32, 24)), 32803)
    for name, covers, data in (
        ("dng.tif", "DNG by its version tag", dng),
        ("nef.tif", "NEF, ARW: a reduced picture stands before the raw one", preview),
        ("cfa.tif", "sensor data by its photometric interpretation", cfa),
        ("cr2.tif", "CR2 by its signature", preview[:8] + b"CR\2\0" + preview[12:]),
        ("cr3.heic", "CR3 by its brand", b"\0\0\0\x18ftypcrx " + bytes(64)),
        ("raf.jpg", "Fujifilm's by its signature", b"FUJIFILMCCD-RAW 0201" + bytes(64)),
    ):
        v.refuse("raw", f"refused-{name}", covers, data)
    for name, data in (
        ("gif.jpg", saved(picture, "GIF")[:200]),
        ("text.jpg", b"<html>an error page instead of a photo</html>\n"),
        ("empty.jpg", b""),
    ):
        v.refuse("unknown", f"refused-{name}", "no photo by its first bytes", data)


def add_graph(v: Vectors) -> None:
    """Both geometries, down and up, odd sides."""
    noise = np.random.default_rng(20_000).integers(0, 256, (45, 61, 3), np.uint8)
    for name, covers, pixels in (
        ("down", "downscaling, odd sides", scene(75, 51)),
        ("tall", "downscaling, an upright photo", scene(33, 62)),
        ("up", "upscaling, odd sides", scene(21, 15)),
        ("mixed", "one side up, the other down", scene(57, 25)),
        ("same", "as large as the network", scene(32, 32)),
        ("noise", "every weight counts", noise),
    ):
        for geometry in ("squash", "crop"):
            v.tensor(f"graph-{name}-{geometry}", f"{covers}; {geometry}", pixels, geometry)


def versions() -> dict[str, str]:
    """Return what wrote the files; another version may write others."""
    found = {name: features.version(name) for name in ("pil", "libjpeg_turbo", "webp", "avif")}
    found["pillow_heif"] = pillow_heif.__version__
    found["numpy"] = np.__version__
    return {name: str(version) for name, version in found.items()}


def main(folder: Path) -> None:
    """Write everything anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    vectors, profile = Vectors(folder), files.display_p3()
    add_jpeg(vectors, profile)
    add_png(vectors)
    add_png_kinds(vectors)
    add_png_colours(vectors, profile)
    add_webp(vectors, profile)
    add_tiff(vectors)
    add_heif(vectors, profile)
    add_refused(vectors)
    add_graph(vectors)
    document = {
        "contract": 1,
        "written_with": versions(),
        "host": vectors.host,
        "refused": vectors.refused,
        "graph": vectors.graph,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / "vectors.json").write_text(text + "\n", encoding="utf-8")
    sizes = [file.stat().st_size for file in folder.iterdir()]
    count = f"{len(vectors.host)} + {len(vectors.refused)} + {len(vectors.graph)} vectors"
    sys.stdout.write(f"{count}, {len(sizes)} files, {sum(sizes) / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "vectors")
