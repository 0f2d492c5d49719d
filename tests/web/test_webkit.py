"""The core path in WebKitGTK, whose script engine is Safari's. No iPhone was tried."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

VECTORS = Path(__file__).parents[2] / "docs" / "pixel-contract" / "vectors"
LISTED = [
    one
    for one in json.loads((VECTORS / "vectors.json").read_text(encoding="utf-8"))["host"]
    if one["container"] in ("JPEG", "PNG", "WebP")
]

_ASK = """
    const [base, photos] = args;
    const script = await (await fetch(base + 'worker.js')).text();
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    const worker = new Worker(url);
    let count = 0;
    const ask = (question) => new Promise((done) => {
        const id = ++count;
        worker.addEventListener('message', function hear({ data }) {
            if (data.id !== id || !('ok' in data)) return;
            worker.removeEventListener('message', hear);
            done(data);
        });
        worker.postMessage({ ...question, id });
    });
    const started = await ask({ ask: 'start', assets: { kind: 'folder', base }, threads: 1 });
    if (!started.ok) return started;
    const found = {};
    for (const [name, text] of Object.entries(photos)) {
        const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const { ok, result, message } = await ask({ ask: 'classify', photo: bytes.buffer });
        found[name] = ok
            ? { pixels: btoa(String.fromCharCode(...result.pixels)), size: result.size }
            : { message };
    }
    worker.terminate();
    return found;
"""


@pytest.fixture(scope="module")
def answers(webkit: Any, small_app: Path) -> dict[str, str]:
    """What the one file says of a photo and of itself, opened from the disk."""
    photo = small_app.parent / "red.jpg"
    Image.new("RGB", (640, 480), (210, 40, 40)).save(photo)
    webkit.open((small_app / "classifier.html").as_uri())
    webkit.wait("document.querySelector('nav, [role=alert]') !== null")
    assert not webkit.run("return document.querySelector('[role=alert]')?.innerText")
    webkit.choose("input[type=file]", 1, [photo])
    card = webkit.wait("document.querySelector('.card')?.innerText")
    webkit.run("document.querySelectorAll('nav button')[2].click()")
    webkit.run("document.querySelector('main button.big').click()")
    webkit.wait("document.querySelector('main .banner') !== null")
    return {"card": card, "check": webkit.run("return document.querySelector('main').innerText")}


def test_single_file_classifies(answers: dict[str, str]) -> None:
    assert "red" in answers["card"]


def test_self_check_passes(answers: dict[str, str]) -> None:
    assert "PASS" in answers["check"]
    assert "at most 0 grey levels" in answers["check"]


def test_vectors(webkit: Any, small_app: Path, served: Callable[[Path], str]) -> None:
    base = served(small_app / "app")
    webkit.open(base + "LICENCES.txt")
    photos = {
        one["file"]: base64.b64encode((VECTORS / one["file"]).read_bytes()).decode()
        for one in LISTED
    }
    found = webkit.run(_ASK, base, photos)
    beyond = {}
    for one in LISTED:
        answer, allowed = found[one["file"]], one["tolerance"]
        if "message" in answer:
            beyond[one["file"]] = answer["message"]
            continue
        with Image.open(VECTORS / one["expected"]) as image:
            expected = np.asarray(image)
        width, height = answer["size"]
        pixels = np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8)
        difference = np.abs(pixels.reshape(height, width, 3).astype(int) - expected)
        most = 2 if one["file"] == "webp-alpha.webp" else allowed["max"]
        if one["container"] == "JPEG" and "profile" not in one["covers"]:
            most = 0
        if difference.max() > most:
            beyond[one["file"]] = int(difference.max())
    assert beyond == {}
