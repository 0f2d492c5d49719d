"""The core path in WebKitGTK, whose script engine is Safari's. No iPhone was tried.

Its driver gives no downloads, no camera and no phone-sized screen: those are tested in Chromium.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image


def start(webkit: Any, url: str) -> None:
    webkit.open(url)
    webkit.wait("document.querySelector('nav, [role=alert]') !== null")
    assert not webkit.run("return document.querySelector('[role=alert]')?.innerText")


def card(webkit: Any, photo: Path) -> str:
    """Choose a photo and return its answer."""
    webkit.choose("input[type=file]", 1, [photo])
    shown = f"document.querySelector('.card[data-file=\"{photo.name}\"]')?.innerText"
    return str(webkit.wait(shown))


@pytest.fixture(scope="module")
def red() -> Image.Image:
    return Image.new("RGB", (640, 480), (210, 40, 40))


@pytest.fixture(scope="module")
def answers(webkit: Any, small_app: Path, red: Image.Image) -> dict[str, str]:
    """What the one file says of photos and of itself, opened from the disk."""
    photos = [small_app.parent / f"red.{kind}" for kind in ("jpg", "png", "webp", "avif")]
    for photo in photos:
        red.save(photo)
    start(webkit, (small_app / "classifier.html").as_uri())
    found = {photo.suffix: card(webkit, photo) for photo in photos}
    webkit.run("document.querySelectorAll('nav button')[2].click()")
    webkit.run("document.querySelector('main button.big').click()")
    webkit.wait("document.querySelector('main .banner') !== null")
    return {**found, "check": webkit.run("return document.querySelector('main').innerText")}


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp", ".avif"])
def test_single_file_classifies(answers: dict[str, str], kind: str) -> None:
    assert "\nred\n" in f"\n{answers[kind]}\n", answers[kind]


def test_self_check_passes(answers: dict[str, str]) -> None:
    assert "PASS" in answers["check"]
    assert "at most 0 grey levels" in answers["check"]


def test_installed_app_needs_no_host(
    webkit: Any, small_app: Path, red: Image.Image, hosts: Any
) -> None:
    photo = small_app.parent / "offline.jpg"
    red.save(photo)
    address = hosts.serve(small_app / "app")
    start(webkit, address)
    if not webkit.run("return 'serviceWorker' in navigator"):
        pytest.skip("this WebKit gives its driver no service workers")
    webkit.run("await navigator.serviceWorker.ready")
    webkit.wait("navigator.serviceWorker.controller !== null")
    hosts.stop(address)
    webkit.run("window.before = true; setTimeout(() => location.reload())")
    webkit.wait("!window.before && document.querySelectorAll('input[type=file]').length > 1")
    assert "red" in card(webkit, photo)
