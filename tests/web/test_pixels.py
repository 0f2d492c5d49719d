"""The pixel contract's vectors through the app's host step."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

VECTORS = Path(__file__).parents[2] / "docs" / "pixel-contract" / "vectors"
LISTED = json.loads((VECTORS / "vectors.json").read_text(encoding="utf-8"))
NOT_HERE = {"TIFF": "raw", "HEIF": "browser"}  # what the app refuses, and how
EXACT = ("JPEG", "PNG")  # decoded by the app itself: as on the workstation, in every browser


@pytest.fixture(scope="module")
def decoded(in_chromium: Callable[..., dict[str, Any]], small_app: Path) -> dict[str, Any]:
    files = [VECTORS / one["file"] for one in (*LISTED["host"], *LISTED["refused"])]
    found = in_chromium("pixels", app=small_app / "app", files=files)
    return {Path(file).name: answer for file, answer in found.items()}


def pixels_of(answer: dict[str, Any]) -> NDArray[np.uint8]:
    width, height = answer["size"]
    return np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8).reshape(height, width, 3)


@pytest.mark.parametrize("vector", LISTED["host"], ids=lambda one: one["file"])
def test_vector(vector: dict[str, Any], decoded: dict[str, Any]) -> None:
    answer = decoded[vector["file"]]
    if vector["container"] in NOT_HERE:
        assert answer["reason"] == NOT_HERE[vector["container"]]
        return
    with Image.open(VECTORS / vector["expected"]) as image:
        expected = np.asarray(image)
    found = pixels_of(answer)
    assert found.shape == expected.shape
    difference = np.abs(found.astype(int) - expected)
    allowed = vector["tolerance"]
    if vector["file"] == "webp-alpha.webp":
        allowed = {"max": 2, "mean": 0.5}  # browsers keep alpha premultiplied
    if vector["container"] == "JPEG" and "profile" not in vector["covers"]:
        allowed = {"max": 0, "mean": 0}
    assert difference.max() <= allowed["max"]
    assert difference.mean() <= allowed["mean"]
    if vector["container"] in EXACT or vector["container"] == "WebP":
        assert len(answer["notes"]) == len(vector["notes"])
        for note, beginning in zip(answer["notes"], vector["notes"], strict=True):
            assert note.startswith(beginning)


@pytest.mark.parametrize("vector", LISTED["refused"], ids=lambda one: one["file"])
def test_refusal(vector: dict[str, Any], decoded: dict[str, Any]) -> None:
    expected = {
        "refused-cut.tif": "raw",  # no TIFF at all
        "refused-empty.jpg": "unknown",
    }.get(vector["file"], vector["reason"])
    assert decoded[vector["file"]]["reason"] == expected
