"""Driving the phone app in real browsers: Chromium by playwright-core, WebKitGTK by its driver."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
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


class WebDriver:
    """A browser behind the W3C WebDriver protocol: as much of it as the tests need."""

    def __init__(self, port: int, capabilities: dict[str, Any]) -> None:
        self._base = f"http://127.0.0.1:{port}/session"
        found = self._send("POST", "", {"capabilities": {"alwaysMatch": capabilities}})
        self._base += f"/{found['sessionId']}"
        self._send("POST", "/timeouts", {"script": 120_000, "pageLoad": 120_000})

    def open(self, url: str) -> None:
        """Go to a page."""
        self._send("POST", "/url", {"url": url})

    def run(self, script: str, *args: Any) -> Any:
        """Return what an asynchronous function's body returns."""
        body = (
            "const done = arguments[arguments.length - 1];"
            f"(async (...args) => {{ {script} }})(...arguments).then(done, (e) => done('' + e));"
        )
        return self._send("POST", "/execute/async", {"script": body, "args": list(args)})

    def choose(self, selector: str, index: int, files: Iterable[Path]) -> None:
        """Choose files in one of the inputs that a selector finds."""
        elements = self._send("POST", "/elements", {"using": "css selector", "value": selector})
        (element,) = elements[index].values()
        text = "\n".join(map(str, files))
        self._send("POST", f"/element/{element}/value", {"text": text})

    def wait(self, condition: str, seconds: float = 120) -> Any:
        """Return what an expression in the page becomes, as soon as that is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.run(f"return {condition}"):
                return found
            time.sleep(0.2)
        raise TimeoutError(f"{condition}: {self.run('return document.body.innerText')}")

    def quit(self) -> None:
        """End the browser."""
        self._send("DELETE", "", None)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=150) as answer:  # noqa: S310 - this machine
            return json.load(answer)["value"]


@pytest.fixture(scope="session")
def webkit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """WebKitGTK, whose script engine is Safari's."""
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    browsers = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    if driver is None or screen is None or not browsers:
        pytest.skip("WebKit's tests need Debian's webkit2gtk-driver and xvfb")
    home = tmp_path_factory.mktemp("webkit")
    port = free_port()
    number = f":{port}"
    env = {**os.environ, "DISPLAY": number, "HOME": str(home), "NO_AT_BRIDGE": "1"}
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    programs = [
        subprocess.Popen([screen, number, "-screen", "0", "800x1000x24"], **quiet),
        subprocess.Popen([driver, f"--port={port}"], env=env, **quiet),
    ]
    try:
        yield connected(port, browsers[-1])
    finally:
        for program in reversed(programs):
            program.terminate()
            program.wait(timeout=20)


def connected(port: int, browser: Path) -> WebDriver:
    """Return a session of the driver, once that listens."""
    options = {"binary": str(browser), "args": ["--automation"]}
    for _ in range(50):
        try:
            return WebDriver(port, {"webkitgtk:browserOptions": options})
        except urllib.error.URLError:
            time.sleep(0.2)
    pytest.skip("WebKit's driver does not start here")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    """`served(folder)` returns the address at which it serves a folder."""
    servers: list[http.server.ThreadingHTTPServer] = []

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    def serve(folder: Path) -> str:
        handler = functools.partial(Quiet, directory=str(folder))
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
