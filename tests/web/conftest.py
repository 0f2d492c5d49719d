"""Driving the phone app in real browsers: Chromium by playwright-core, WebKitGTK by its driver."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetlc.export.web_app import write_web_app
from edgetlc.runtime.bundle import Bundle

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "runtime" / "web"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def in_chromium(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`in_chromium(scenario, **asked)` runs `scenarios/<scenario>.mjs`, returns its result."""
    node = shutil.which("node")
    chromium = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if node is None or chromium is None:
        pytest.skip("the phone app's tests need Node and Chromium")
    if not (WEB / "node_modules" / "playwright-core").is_dir():
        pytest.skip("playwright-core is not installed; run 'make web-tools'")
    folder = tmp_path_factory.mktemp("chromium")

    def run(scenario: str, **asked: Any) -> dict[str, Any]:
        file = folder / "asked.json"
        file.write_text(json.dumps({"chromium": chromium, **asked}, default=str), "utf-8")
        ran = subprocess.run(
            [node, HERE / "browser.mjs", scenario, file],
            capture_output=True,
            text=True,
            timeout=540,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        assert ran.returncode == 0, ran.stderr
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    return run


@pytest.fixture(scope="session")
def small_app(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phone app of `small_bundle`: red, green and blue at 32 x 32 pixels."""
    folder = tmp_path_factory.mktemp("web") / "colours.web"
    write_web_app(Bundle.open(small_bundle), folder)
    return folder


@pytest.fixture(scope="session")
def single_file(small_app: Path) -> str:
    """The address of that app's one file."""
    return (small_app / "classifier.html").as_uri()
