"""A bundle as an app for phones: one file that opens anywhere, and a folder to install from.

The app itself was built beforehand and lies in the package (`runtime/web`, built by `make web`), so
nothing but the bundle is needed here. It comes out twice:

    classifier.html   everything in one file, for the phone's storage or a chat
    app/              the same in files, for a web host: installable, then works without the host

What edgetlc decides - how sure an answer must be, what is said of a camera - is computed here, by
the code that `edgetlc predict` runs, and written to the app's `app.json`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import edgetlc
from edgetlc.devices.camera import CameraProfile
from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.files import whole_folder, write_bytes
from edgetlc.runtime.bundle import BUNDLE_FILE, Bundle
from edgetlc.runtime.golden import GOLDEN_FILE
from edgetlc.runtime.schema import ModelRecord
from edgetlc.runtime.selftest import PIXEL_TOLERANCE, PROBABILITY_TOLERANCE
from edgetlc.runtime.verification import SIMULATED_PHOTO, cautions, recorded_verification

ENGINE = "onnxruntime-web"
"""What runs models in a browser, as reports name it."""
SINGLE_FILE = "classifier.html"
FOLDER = "app"
_FORMATS = ("ort", "onnx")  # what the engine reads, the one that loads quickest first
_ASSETS = ("worker.js", "jpeg.wasm", "ort.wasm", "LICENCES.txt")
_WEB_MANIFEST = {
    "id": "./",
    "name": "饮片鉴别 Classifier",
    "short_name": "饮片鉴别",
    "lang": "zh-CN",
    "start_url": "./",
    "scope": "./",
    "display": "standalone",
    "background_color": "#ffffff",
    "theme_color": "#0b4f8a",
    "icons": [
        {"src": f"icon-{side}.png", "sizes": f"{side}x{side}", "type": "image/png"}
        for side in (192, 512)
    ],
}
_FOLDER_HEAD = """\
<link rel="stylesheet" href="page.css" />
<link rel="manifest" href="manifest.webmanifest" />
<link rel="icon" href="icon-192.png" />
<link rel="apple-touch-icon" href="icon-192.png" />"""
_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; img-src {own} blob:; "
    "script-src {script} blob: 'wasm-unsafe-eval'; style-src {style}; worker-src {own} blob:"
)


@dataclass(frozen=True)
class WebApp:
    """What was written: two paths with their sizes, the model's id and the bundle's digest."""

    single_file: str
    app: str
    model: str
    bundle: str
    single_file_bytes: int
    app_bytes: int


def write_web_app(
    bundle: Bundle,
    output: Path,
    *,
    model: str | None = None,
    cameras: Cameras | None = None,
    overwrite: bool = False,
) -> WebApp:
    """Write a bundle as an app for phones.

    Args:
        bundle: what the app classifies with.
        output: the folder to write.
        model: id of a model; None takes int8, and `.ort` where there is one.
        cameras: the profiles to recognise cameras by; None takes the built-in ones.
        overwrite: replace the app that is there.

    Raises:
        InputError: no model of the bundle runs in a browser, or `output` is taken.
        BundleError: the bundle is damaged.
    """
    record = web_model(bundle, model)
    app, content = _built(), _bundle_files(bundle, record)
    info = _app_info(bundle, record, cameras or Cameras.load())
    content["app.json"] = json.dumps(info, ensure_ascii=False, indent=1).encode()
    content |= {name: app[name] for name in _ASSETS}
    page = _single_file(app, content)
    files = _folder_files(app, content)
    with whole_folder(output, overwrite=overwrite, marker=SINGLE_FILE) as folder:
        write_bytes(folder / SINGLE_FILE, page)
        for name, data in files.items():
            write_bytes(folder / FOLDER / name, data)
    places = str(output / SINGLE_FILE), str(output / FOLDER)
    return WebApp(*places, record.id, bundle.digest, len(page), sum(map(len, files.values())))


def web_model(bundle: Bundle, wanted: str | None = None) -> ModelRecord:
    """Return the model that a browser runs.

    Raises:
        InputError: there is none, or the wanted one is of another format.
    """
    if wanted is not None:
        record = bundle.model(wanted)
        if record.format not in _FORMATS:
            raise InputError(
                "{model} does not run in a browser; use an ort or onnx model", model=wanted
            )
        return record
    fitting = [m for m in bundle.manifest.models if m.format in _FORMATS]
    if not fitting:
        raise InputError(
            "{path} has no ort or onnx model; export it with --format ort", path=bundle.path
        )
    return min(fitting, key=lambda m: (m.precision != "int8", _FORMATS.index(m.format)))


@cache
def _built() -> Mapping[str, bytes]:
    """Return the built app's files, by name."""
    path = Path(edgetlc.__file__).parent / "runtime" / "web" / "built.tar.xz"
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(path.read_bytes()))) as archive:
        members = ((entry.name, archive.extractfile(entry)) for entry in archive)
        return {name: stream.read() for name, stream in members if stream is not None}


def _bundle_files(bundle: Bundle, model: ModelRecord) -> dict[str, bytes]:
    """Return those files of the bundle that the app needs, as `bundle/<name>`."""
    names = [BUNDLE_FILE, *model.files]
    if GOLDEN_FILE in bundle.manifest.files:
        inputs = json.loads(bundle.read(GOLDEN_FILE))["inputs"]
        names += [GOLDEN_FILE, *(one[key] for one in inputs for key in ("photo", "pixels"))]
    return {f"bundle/{name}": bundle.content(name) for name in names}


def _app_info(bundle: Bundle, model: ModelRecord, cameras: Cameras) -> dict[str, Any]:
    manifest, recorded = bundle.manifest, recorded_verification(bundle)
    policy = manifest.decision[model.precision]
    tolerance = PROBABILITY_TOLERANCE[model.precision]

    def verification(camera: str | None) -> dict[str, Any]:
        verified = "UNTESTED" if recorded is None else recorded.status(model.id, ENGINE, camera)
        said = cautions(recorded, model.id, ENGINE, camera)
        return {"verified": verified, "cautions": [caution.to_json() for caution in said]}

    return {
        "schema": 1,
        "edgetlc": edgetlc.__version__,
        "bundle": bundle.digest,
        "model": model.id,
        "engine": ENGINE,
        "needed": {info.name: policy.needed(info.role) for info in manifest.classes},
        "cameras": [{**_camera(profile), **verification(profile.id)} for profile in cameras],
        "unknown_camera": verification(None),
        "simulated_photo": SIMULATED_PHOTO.to_json(),
        "tolerance": {"probability": tolerance, "pixels": PIXEL_TOLERANCE},
    }


def _camera(profile: CameraProfile) -> dict[str, Any]:
    plain = {name: getattr(profile, name) for name in ("id", "zh", "en", "number", "kind")}
    return {**plain, "exif": [{"make": p.make, "model": p.model} for p in profile.exif]}


def _single_file(app: Mapping[str, bytes], content: Mapping[str, bytes]) -> bytes:
    """Return the page with everything inside; its policy allows no connection at all."""
    script, style = app["page.js"].decode(), app["page.css"].decode()
    assert "</script" not in script
    assert "</style" not in style
    policy = _POLICY.format(own="", script=_hashed(script), style=_hashed(style))
    data = "\n".join(
        f'<script type="text/plain" id="asset:{name}">{_packed(part)}</script>'
        for name, part in content.items()
    )
    body = f'{data}\n<script type="module">{script}</script>'
    return _page(app, policy, head=f"<style>{style}</style>", body=body)


def _hashed(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _packed(part: bytes) -> str:
    return base64.b64encode(gzip.compress(part, compresslevel=9, mtime=0)).decode()


def _folder_files(app: Mapping[str, bytes], content: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the installable app: pages, parts, manifest, and the worker that keeps them all."""
    policy = _POLICY.format(own="'self'", script="'self'", style="'self'")
    policy += "; connect-src 'self'; manifest-src 'self'"
    body = '<script type="module" src="page.js"></script>'
    files = {
        "index.html": _page(app, policy, head=_FOLDER_HEAD, body=body),
        **{name: app[name] for name in ("page.js", "page.css", "icon-192.png", "icon-512.png")},
        "manifest.webmanifest": json.dumps(_WEB_MANIFEST, ensure_ascii=False, indent=1).encode(),
        **content,
    }
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    version = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
    worker = app["sw.js"].decode().replace("@VERSION@", version[:16])
    files["sw.js"] = worker.replace("@FILES@", json.dumps(["./", *listed])).encode()
    return files


def _page(app: Mapping[str, bytes], policy: str, head: str, body: str) -> bytes:
    page = app["index.html"].decode()
    for place, text in (("@POLICY@", policy), ("@HEAD@", head), ("@BODY@", body)):
        page = page.replace(place, text, 1)
    return page.encode()
