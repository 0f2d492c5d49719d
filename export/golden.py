"""Making golden vectors: a few photos, re-encoded without metadata, and every model's answers."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from edgetlc.data.photos import Photo
from edgetlc.errors import ImageError, InputError
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.engines import available_engines, open_engine
from edgetlc.runtime.golden import GOLDEN_FILE
from edgetlc.runtime.pixels import Pixels, decode
from edgetlc.runtime.schema import ModelRecord

COUNT = 8
_OVERSIZE = 4
"""A golden photo's short side is at least this many times the network's size, where the photo is
that large: then the host step scales it while decoding and takes a box mean, as in the field."""


def golden_files(
    photos: Sequence[Photo],
    contract: PixelContract,
    models: Iterable[ModelRecord],
    files: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Return the files of a bundle's `golden/` folder.

    The photos are encoded anew, so nothing of their EXIF (place, time, owner) leaves the house.

    Args:
        photos: candidates, in order of preference; the first readable ones are taken.
        contract: the pixel contract.
        models: the bundle's.
        files: theirs, by name.

    Raises:
        InputError: not one photo can be read.
    """
    content: dict[str, bytes] = {}
    inputs: list[dict[str, str]] = []
    pixels: list[Pixels] = []
    for photo in photos:
        try:
            large = decode(photo.path, _OVERSIZE * contract.size).pixels
        except ImageError:
            continue
        jpeg = _file(large, "JPEG", quality=92, subsampling="4:2:0")
        stem = f"golden/{len(inputs):02d}"
        decoded = decode(jpeg, contract.size).pixels
        content[f"{stem}.jpg"], content[f"{stem}.png"] = jpeg, _file(decoded, "PNG")
        inputs.append({"photo": f"{stem}.jpg", "pixels": f"{stem}.png"})
        pixels.append(decoded)
        if len(inputs) == COUNT:
            break
    if not inputs:
        raise InputError("none of {count} photos for the self-test can be read", count=len(photos))
    pairs = ((model, engine) for model in models for engine in model.engines)
    able = [pair for pair in pairs if pair[1] in available_engines()]
    document = {"inputs": inputs, "outputs": [_answers(*pair, files, pixels) for pair in able]}
    content[GOLDEN_FILE] = json.dumps(document, indent=1).encode()
    return content


def _answers(
    model: ModelRecord, engine: str, files: Mapping[str, bytes], pixels: Sequence[Pixels]
) -> dict[str, object]:
    loaded = open_engine(engine, [files[name] for name in model.files])
    rows = [loaded.run(one[None]).probabilities[0].astype(np.float64) for one in pixels]
    return {
        "model": model.id,
        "engine": engine,
        "written_by": loaded.name,
        "probabilities": [[float(f"{p:.7g}") for p in row] for row in rows],
    }


def _file(pixels: Pixels, format_: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format_, **options)
    return stream.getvalue()
