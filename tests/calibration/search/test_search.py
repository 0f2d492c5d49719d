"""The search itself, on networks that can be computed by hand, timed by the real process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from edgetlc.calibration.config import SearchConfig
from edgetlc.calibration.measurement import CameraEffect, Measurement
from edgetlc.calibration.search.core import search
from edgetlc.calibration.search.result import BuiltVariant, SearchResult, Variant
from edgetlc.calibration.search.timing import Latency, Processor, TimedModel, latencies
from edgetlc.errors import EdgetlcError, ImageError, InputError
from edgetlc.locale import _
from edgetlc.progress import Silent, reporting
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.engines import available_engines

HERE = Processor({"vnni": ""})
QUICK = SearchConfig(rounds=3, threads=1)


def network(size: int, scale: float) -> onnx.ModelProto:
    """Return a network whose logits are `scale` times the mean colours."""
    side, half = str(size), str(size // 2)
    model = parser.parse_model(
        """
        <ir_version: 10, opset_import: ["" : 20]>
        colours (float[batch, 3, SIDE, SIDE] images)
        => (float[batch, 3] logits, float[batch, 3, 2, 2] evidence) {
            evidence = Conv <kernel_shape = [HALF, HALF], strides = [HALF, HALF]> (images, weights)
            axes = Constant <value = int64[2] {2, 3}> ()
            logits = ReduceMean <keepdims = 0> (evidence, axes)
        }""".replace("SIDE", side).replace("HALF", half)
    )
    weights = np.zeros((3, 3, size // 2, size // 2), np.float32)
    weights[[0, 1, 2], [0, 1, 2]] = scale
    model.graph.initializer.append(numpy_helper.from_array(weights, "weights"))
    return model


def measured(lost: int) -> Measurement:
    pooled = CameraEffect("all", 100, 100 - lost, 90, 90 - lost, lost, 0, 0, 0)
    return Measurement(pooled, (replace(pooled, camera="iphone-11"),))


def candidate(name: str, scale: float = 1.0, lost: int = 0, size: int = 32) -> Variant:
    contract = PixelContract(size=size)
    built = BuiltVariant(network(size, scale), contract, 1.0, measured(lost))
    return Variant(name, _("how {name} is made", name=name), lambda: built)


def failing(name: str) -> Variant:
    def build() -> BuiltVariant:
        raise InputError(f"{name} cannot be made")

    return Variant(name, _("never"), build)


@pytest.fixture(scope="module")
def photo(small_bundle: Path) -> Path:
    return next(small_bundle.parent.glob("*.jpg"))


@pytest.fixture(scope="module")
def found(photo: Path) -> SearchResult:
    candidates = (
        candidate("float"),
        candidate("int8", 2.0, lost=1),
        candidate("copy", 2.0),
        failing("broken"),
        candidate("student", 3.0, lost=5, size=48),
    )
    return search(candidates, photo, QUICK, simulated=True, processor=HERE)


def test_rows_are_in_order_and_measured_on_every_engine(found: SearchResult) -> None:
    assert [row.name for row in found.rows] == ["float", "int8", "student"]
    for row in found.rows:
        assert [x.engine.split()[0] for x in row.latencies] == list(available_engines())
        assert all(0 < x.fastest_ms <= x.median_ms for x in row.latencies)
        assert row.bytes > 1000
    assert [row.size for row in found.rows] == [32, 32, 48]
    assert len({row.network for row in found.rows}) == 3
    assert found.photo == {32: (80, 60), 48: (80, 60)}


def test_what_was_left_out_is_told(found: SearchResult) -> None:
    assert found.left_out == (
        ("copy", "the same network as int8"),
        ("broken", "could not be made: broken cannot be made"),
    )


def test_bound_front_and_recommendations(found: SearchResult) -> None:
    assert [found.accepts(row) for row in found.rows] == [True, True, False]
    assert "float" in found.front  # nothing is right more often on its worst camera
    assert [told.target for told in found.recommendations] == [
        "vnni-pc",
        "avx2-pc",
        "arm-phone",
        "browser",
    ]
    measured_here = [told.target for told in found.recommendations if told.measure is None]
    assert measured_here == ["vnni-pc"]
    assert found.to_install is None  # no candidate has anything to install


def test_the_document_is_json_and_whole(found: SearchResult) -> None:
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [one["name"] for one in document["candidates"]] == ["float", "int8", "student"]
    assert [one["accepted"] for one in document["candidates"]] == [True, True, False]
    assert document["simulated"] is True
    assert document["front"] == list(found.front)
    assert document["candidates"][1]["measurement"]["worst_drop"] == pytest.approx(0.01)


def test_candidates_are_announced(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(models: object, **_settings: object) -> dict[str, tuple[Latency, ...]]:
        return dict.fromkeys(("float", "int8"), (Latency("onnxruntime 1", "", 1.0, 1.0),))

    monkeypatch.setattr("edgetlc.calibration.search.core.latencies", quick)
    said: list[str] = []

    class Listening(Silent):
        def note(self, text: str) -> None:
            said.append(text)

    with reporting(Listening()):
        search((candidate("float"), candidate("int8", 2.0)), photo, QUICK)
    assert said == [
        "candidate 1 of 2: float, how float is made",
        "candidate 2 of 2: int8, how int8 is made",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rounds": 2}, "2 rounds; a median needs at least 3"),
        ({"max_drop": 1.0}, "the accepted drop is 1.0"),
        ({"max_drop": -0.1}, "the accepted drop is -0.1"),
    ],
)
def test_bad_input(change: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SearchConfig(**change)  # type: ignore[arg-type]


def test_a_float_network_that_cannot_be_made_stops_the_search(photo: Path) -> None:
    with pytest.raises(InputError, match="float cannot be made"):
        search((failing("float"), candidate("int8")), photo, QUICK)


def test_a_photo_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"no photo")
    with pytest.raises(ImageError):
        search((candidate("float"),), tmp_path / "x.jpg", QUICK)


class TestTiming:
    PIXELS = np.zeros((1, 40, 40, 3), np.uint8)

    def test_held_to_avx2(self, tiny_deployable: Callable[[], bytes]) -> None:
        if "openvino" not in available_engines():
            pytest.skip("OpenVINO is not installed")
        if "avx2" not in Path("/proc/cpuinfo").read_text(encoding="utf-8").split():
            pytest.skip("this processor has no AVX2")
        shown: list[str] = []

        class Watching(Silent):
            def progress(self, items: Any, description: str, total: int | None) -> Any:
                for item in items:
                    shown.append(description)
                    yield item

        timed = {"float": TimedModel(tiny_deployable(), self.PIXELS)}
        with reporting(Watching()):
            found = latencies(timed, rounds=3, threads=1, held_to=["AVX2"])
        assert [x.held_to for x in found["float"]] == ["", "", "AVX2"]
        assert found["float"][-1].engine.startswith("openvino ")
        assert shown == ["timing"] * 3 + ["timing, OpenVINO held to AVX2"] * 3

    def test_a_process_that_fails_is_told_in_one_line(self) -> None:
        with pytest.raises(EdgetlcError, match="the timing process ended with status 1") as told:
            latencies({"float": TimedModel(b"no model", self.PIXELS)}, rounds=3)
        assert "onnxruntime cannot load the model" in str(told.value)
        assert "\n" not in str(told.value)

    def test_interruption_ends_the_process(
        self, tiny_deployable: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: list[subprocess.Popen[bytes]] = []

        class Noted(subprocess.Popen):  # type: ignore[type-arg]
            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **named)
                started.append(self)

        class Interrupting(Silent):
            def progress(self, items: Any, description: str, total: int | None) -> Any:
                yield next(iter(items))
                raise KeyboardInterrupt

        monkeypatch.setattr("edgetlc.calibration.search.timing.subprocess.Popen", Noted)
        timed = {"float": TimedModel(tiny_deployable(), self.PIXELS)}
        with reporting(Interrupting()), pytest.raises(KeyboardInterrupt):
            latencies(timed, rounds=100_000)
        (process,) = started
        assert process.returncode is not None
        assert process.returncode != 0


@pytest.fixture(scope="module")
def tiny_deployable() -> Callable[[], bytes]:
    from edgetlc.export.assemble import deployable

    def make() -> bytes:
        content: bytes = deployable(
            network(32, 1.0), PixelContract(size=32), 1.0
        ).SerializeToString()
        return content

    return make
