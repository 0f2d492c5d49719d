"""Driving the phone app in real browsers: Chromium by playwright-core, WebKitGTK by its driver.

A browser that is not installed skips its tests; with EDGETLC_BROWSERS=required, as after their
installation in `.ci/run`, it fails them.
"""

from __future__ import annotations

import base64
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
from typing import Any, NoReturn

import numpy as np
import pytest

from edgetlc.export.web_app import write_web_app
from edgetlc.runtime.bundle import Bundle

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "runtime" / "web"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

Run = Callable[..., dict[str, Any]]
HostStep = Callable[[Path, Iterable[Path]], dict[Path, dict[str, Any]]]


def missing(what: str) -> NoReturn:
    """Skip the tests of a browser, or fail them where browsers are required."""
    if os.environ.get("EDGETLC_BROWSERS") == "required":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def in_chromium(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`in_chromium(scenario, **asked)` runs `scenarios/<scenario>.mjs`, returns its result."""
    node = shutil.which("node")
    chromium = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if node is None or chromium is None:
        missing("the phone app's tests need Node and Chromium")
    if not (WEB / "node_modules" / "playwright-core").is_dir():
        missing("playwright-core is not installed; run 'make web-tools'")
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
        missing("WebKit's tests need Debian's webkit2gtk-driver and xvfb")
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
    missing("WebKit's driver does not start here")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Hosts:
    """Static web hosts on this machine, by address."""

    def __init__(self) -> None:
        self._servers: dict[str, http.server.ThreadingHTTPServer] = {}

    def serve(self, folder: Path) -> str:
        """Return the address at which a folder is served from now on."""
        handler = functools.partial(_QuietHandler, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        self._servers[address] = server
        return address

    def stop(self, address: str) -> None:
        """End a host: connections to it are refused."""
        server = self._servers.pop(address)
        server.shutdown()
        server.server_close()

    def stop_all(self) -> None:
        """End what is left."""
        for address in list(self._servers):
            self.stop(address)


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def hosts() -> Iterator[Hosts]:
    """Web hosts of folders."""
    found = Hosts()
    yield found
    found.stop_all()


_MESSAGE = 4_000_000  # characters that the driver takes at once, and more
_ASK = """
    const [base, photos] = args;
    const script = await (await fetch(base + 'worker.js')).text();
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    const worker = new Worker(url);
    worker.addEventListener('message', ({ data }) => {
        if ('decode' in data) worker.postMessage({ ask: 'bitmap', id: data.id, bitmap: null });
    });
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
    const resources = { threads: 1, frugal: false };
    const started = await ask({ ask: 'start', assets: { kind: 'folder', base }, resources });
    if (!started.ok) throw new Error(started.message);
    const found = {};
    for (const [name, text] of Object.entries(photos)) {
        const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const { ok, result, reason } = await ask({ ask: 'classify', photo: bytes.buffer });
        if (!ok) found[name] = { reason };
        else {
            let pixels = '';
            for (const value of result.pixels) pixels += String.fromCharCode(value);
            found[name] = { pixels: btoa(pixels), size: result.size, notes: result.notes };
        }
    }
    worker.terminate();
    return found;
"""


@pytest.fixture(scope="session", params=["chromium", "webkit"])
def host_step(request: pytest.FixtureRequest) -> HostStep:
    """`host_step(app, files)`: what the app's worker makes of files, in each browser.

    By file: `pixels`, uint8[H, W, 3], and `notes`; or the `reason` of a refusal.
    """

    def in_chromium(app: Path, files: Iterable[Path]) -> dict[str, Any]:
        run: Run = request.getfixturevalue("in_chromium")
        return run("pixels", app=app, files=list(files))

    def in_webkit(app: Path, files: Iterable[Path]) -> dict[str, Any]:
        webkit: WebDriver = request.getfixturevalue("webkit")
        base = request.getfixturevalue("hosts").serve(app)
        webkit.open(base + "LICENCES.txt")
        found: dict[str, Any] = {}
        photos: dict[str, str] = {}
        for file in files:
            photos[str(file)] = base64.b64encode(file.read_bytes()).decode()
            if sum(map(len, photos.values())) > _MESSAGE:
                found |= webkit.run(_ASK, base, photos)
                photos = {}
        found |= webkit.run(_ASK, base, photos)
        return found

    def unpacked(app: Path, files: Iterable[Path]) -> dict[Path, dict[str, Any]]:
        found = (in_chromium if request.param == "chromium" else in_webkit)(app, files)
        for answer in found.values():
            if "pixels" in answer:
                width, height = answer["size"]
                samples = np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8)
                answer["pixels"] = samples.reshape(height, width, 3)
        return {Path(file): answer for file, answer in found.items()}

    unpacked.browser = request.param  # type: ignore[attr-defined]
    return unpacked
