"""Packs the built phone app, its engine and licences into `runtime/web/built.tar.xz`.

`make web` runs it. The archive is the same, byte for byte, wherever equal sources are packed.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import sys
import tarfile
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).resolve().parents[1] / "runtime" / "web"
MODULES = HERE / "node_modules"
ENGINE = MODULES / "onnxruntime-web"
ARCHIVE = HERE / "built.tar.xz"
SOURCES = ("src", "jpeg", "licences", "index.html", "sw.js", "package-lock.json", "vite.config.ts")
SOURCES_DIGEST = "sources.sha256"


def sources_digest(root: Path = HERE) -> str:
    """Return a digest of everything that the archive is made of but the packages."""
    paths = (root / name for name in SOURCES)
    files = (f for p in paths for f in (p.rglob("*") if p.is_dir() else (p,)) if f.is_file())
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda f: f.relative_to(root).as_posix()):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def parts() -> dict[str, bytes]:
    """Return the archive's files."""
    return {
        "index.html": (HERE / "index.html").read_bytes(),
        "sw.js": (HERE / "sw.js").read_bytes(),
        "page.js": (HERE / "dist/page.js").read_bytes(),
        "page.css": (HERE / "dist/main.css").read_bytes(),
        "worker.js": (HERE / "dist/worker.js").read_bytes(),
        "jpeg.wasm": (HERE / "jpeg/decoder.wasm").read_bytes(),
        "ort.wasm": (ENGINE / "dist/ort-wasm-simd-threaded.wasm").read_bytes(),
        "icon-192.png": icon(192),
        "icon-512.png": icon(512),
        "LICENCES.txt": licences().encode(),
        SOURCES_DIGEST: sources_digest().encode(),
    }


def licences() -> str:
    """Return the licences of everything that is in the app."""
    version = json.loads((ENGINE / "package.json").read_text(encoding="utf-8"))["version"]
    engine = HERE / "licences" / f"onnxruntime-web-{version}"  # the npm package holds no such texts
    if not engine.is_dir():
        sys.exit(f"put LICENSE and ThirdPartyNotices.txt of ONNX Runtime {version} into {engine}")
    texts = {
        f"ONNX Runtime Web {version} (MIT)": engine / "LICENSE",
        "libjpeg-turbo (IJG, BSD)": HERE / "jpeg/LICENSE.libjpeg-turbo.md",
        "libjpeg: this software is based in part on the work of the Independent JPEG Group": HERE
        / "jpeg/README.ijg",
        "wasi-libc": HERE / "jpeg/LICENSE.wasi-libc",
        "fflate (MIT)": MODULES / "fflate/LICENSE",
        "@noble/hashes (MIT)": MODULES / "@noble/hashes/LICENSE",
        f"Parts of ONNX Runtime {version}": engine / "ThirdPartyNotices.txt",
    }
    rule = "=" * 72
    return "\n".join(
        f"{rule}\n{name}\n{rule}\n{path.read_text(encoding='utf-8', errors='replace')}"
        for name, path in texts.items()
    )


def icon(side: int) -> bytes:
    """Return the app's icon: a leaf under a lens, drawn four times too large and reduced."""
    n = 4 * side
    image = Image.new("RGB", (n, n), "#0b4f8a")
    draw = ImageDraw.Draw(image)
    draw.ellipse((0.18 * n, 0.18 * n, 0.68 * n, 0.68 * n), fill="#ffffff")
    draw.line((0.63 * n, 0.63 * n, 0.80 * n, 0.80 * n), fill="#ffffff", width=n // 11)
    leaf = Image.new("L", (n, n), 0)
    ImageDraw.Draw(leaf).ellipse((0.20 * n, 0.28 * n, 0.60 * n, 0.68 * n), fill=255)
    other = Image.new("L", (n, n), 0)
    ImageDraw.Draw(other).ellipse((0.27 * n, 0.19 * n, 0.67 * n, 0.59 * n), fill=255)
    both = Image.composite(leaf, Image.new("L", (n, n), 0), other)
    image.paste("#0a6332", mask=both)
    draw.line((0.32 * n, 0.55 * n, 0.56 * n, 0.31 * n), fill="#ffffff", width=n // 60)
    stream = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(stream, "PNG")
    return stream.getvalue()


def main() -> None:
    """Write the archive."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(parts().items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    ARCHIVE.write_bytes(lzma.compress(plain.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{ARCHIVE}: {ARCHIVE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
