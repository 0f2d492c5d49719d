"""The phone app by `edgetlc bundle web` and `edgetlc export --format web`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetlc.runtime.bundle import Bundle

Run = Callable[..., Any]


def test_bundle_web_by_command(edgetlc: Run, small_bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "colours.web"
    words = ["bundle", "web", str(small_bundle), "-o", str(output), "--json"]
    ran = edgetlc(*words)
    assert ran.status == 0, ran.err
    written = ran.json()
    assert (written["model"], written["bundle"]) == ("onnx-fp32", Bundle.open(small_bundle).digest)
    assert written["single_file"] == str(output / "classifier.html")
    assert written["single_file_bytes"] == (output / "classifier.html").stat().st_size
    sizes = (file.stat().st_size for file in (output / "app").rglob("*") if file.is_file())
    assert written["app_bytes"] == sum(sizes)
    assert edgetlc(*words).status == 2  # it exists already
    assert edgetlc(*words, "--overwrite").status == 0
    refused = edgetlc(*words, "--overwrite", "--model", "none-int8")
    assert refused.status == 2
    assert (output / "classifier.html").is_file()


@pytest.mark.slow
def test_export_by_command(
    edgetlc: Run, quantized_run: Path, manifest: Path, tmp_path: Path
) -> None:
    words = ["export", str(quantized_run), "--data", str(manifest), "--format", "web", "--json"]
    words += ["--reject-below", "0", "--genuine-below", "0"]
    ran = edgetlc(*words, "-o", str(tmp_path / "shapes.bundle"))
    assert ran.status == 0, ran.err
    document = ran.json()
    bundle = Bundle.open(tmp_path / "shapes.bundle")
    assert {model.format for model in bundle.manifest.models} == {"onnx", "ort"}
    assert document["web"]["model"] == "ort-int8"
    assert document["web"]["bundle"] == bundle.digest
    info = json.loads((tmp_path / "shapes.web" / "app" / "app.json").read_bytes())
    assert (info["bundle"], info["model"]) == (bundle.digest, "ort-int8")
    again = edgetlc(*words, "-o", str(tmp_path / "shapes.bundle"))
    assert again.status == 2
    assert "shapes.web" in again.err
