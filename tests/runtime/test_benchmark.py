from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edgetlc.errors import BundleError, ImageError, InputError
from edgetlc.runtime import benchmark as module
from edgetlc.runtime.benchmark import benchmark
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract
from edgetlc.runtime.engines import Engine, Output, available_engines
from edgetlc.runtime.pixels import Decoded, Pixels
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.runtime.schema import BundleManifest, FileRecord, ModelRecord


@dataclass
class Clock:
    """A clock that moves only when something is done; `log` lists what was done."""

    now: float = 0.0
    log: list[str] = field(default_factory=list)

    def spend(self, what: str, milliseconds: float) -> None:
        self.now += milliseconds / 1e3
        self.log.append(what)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ticking = Clock()
    monkeypatch.setattr(module.time, "perf_counter", lambda: ticking.now)

    def decode(photo: bytes, size: int) -> Decoded:
        ticking.spend("decode", 3.0)
        return Decoded(np.zeros((40, 60, 3), np.uint8), "JPEG", (60, 40))

    monkeypatch.setattr(module, "decode", decode)
    monkeypatch.setattr(
        "edgetlc.runtime.timing._SETTLING", 0.0
    )  # one unmeasured run before each measured one
    monkeypatch.setattr(module, "available_engines", lambda: ("onnxruntime",))
    return ticking


class Timed:
    """Takes the scripted milliseconds, one after the other."""

    def __init__(self, clock: Clock, name: str, milliseconds: Iterator[float]) -> None:
        self.name = name
        self._clock = clock
        self._milliseconds = milliseconds

    def run(self, pixels: Pixels, images: bool = False) -> Output:
        self._clock.spend(self.name, next(self._milliseconds))
        return Output(np.ones((1, 2), np.float32), np.zeros((1, 2, 1, 1), np.float32))


def record(id_: str, *engines: str) -> ModelRecord:
    format_, precision = id_.split("-")
    return ModelRecord(id_, format_, precision, engines, (f"{id_}.bin",))  # type: ignore[arg-type]


@dataclass(frozen=True)
class TimedBundle(Bundle):
    clock: Clock
    asked: list[tuple[str, str | None, int | None]]

    def load(
        self, model: ModelRecord, engine: str | None = None, threads: int | None = None
    ) -> Engine:
        self.asked.append((model.id, engine, threads))
        self.clock.spend(f"load {model.id}", 50.0)
        # Before each measured run one that must not count.
        times = {
            "onnx-fp32": [99, 30, 99, 20, 99, 10, 99, 20],
            "onnx-int8": [1, 4, 1, 5, 1, 6, 1, 5],
            "ort-fp32": [99, 10, 99, 10, 99, 10, 99, 10],
        }
        return Timed(self.clock, model.id, iter(times[model.id]))


@pytest.fixture
def bundle(clock: Clock) -> TimedBundle:
    models = (
        record("onnx-int8", "onnxruntime", "openvino"),
        record("ort-fp32", "onnxruntime"),
        record("openvino-fp32", "openvino"),
        record("onnx-fp32", "onnxruntime"),
    )
    manifest = BundleManifest(
        created="",
        edgetlc="0",
        classes=(ClassInfo("a", "甲", "a"), ClassInfo("b", "乙", "b")),
        contract=PixelContract(size=32),
        decision={"fp32": DecisionPolicy(), "int8": DecisionPolicy()},
        models=models,
        files={m.files[0]: FileRecord(5 * 1024 + 100, "0" * 64) for m in models},
    )
    return TimedBundle(Path("timed"), manifest, "0" * 64, clock, [])


def test_figures(bundle: TimedBundle) -> None:
    found = benchmark(bundle, rounds=4, threads=2, photo=b"jpeg")
    assert (found.photo, found.threads, found.rounds) == ((60, 40), 2, 4)
    assert found.decode_ms == pytest.approx(3.0)
    float_, ort, int8 = found.timings
    assert [t.model for t in found.timings] == ["onnx-fp32", "ort-fp32", "onnx-int8"]
    assert float_.median_ms == pytest.approx(20)
    assert float_.fastest_ms == pytest.approx(10)
    assert float_.ratio == pytest.approx(1)
    assert ort.ratio == pytest.approx(2)
    assert int8.median_ms == pytest.approx(5)
    assert int8.ratio == pytest.approx(4)
    assert int8.load_ms == pytest.approx(50)
    assert int8.kilobytes == 5


def test_threads_and_engine_are_handed_on(bundle: TimedBundle) -> None:
    benchmark(bundle, rounds=3, threads=2, photo=b"jpeg")
    assert bundle.asked == [
        ("onnx-fp32", "onnxruntime", 2),
        ("ort-fp32", "onnxruntime", 2),
        ("onnx-int8", "onnxruntime", 2),
    ]


def test_rounds_are_interleaved(bundle: TimedBundle, clock: Clock) -> None:
    benchmark(bundle, rounds=3, photo=b"jpeg")
    done = [what for what in clock.log if not what.startswith("load")]
    jobs = ("decode", "onnx-fp32", "ort-fp32", "onnx-int8")
    assert done[1:] == [job for job in jobs for _ in ("unmeasured", "measured")] * 3
    assert done[0] == "decode"  # the photo that all of them take


def test_too_few_rounds(bundle: TimedBundle) -> None:
    with pytest.raises(InputError, match="2 rounds; a median needs at least 3"):
        benchmark(bundle, rounds=2)


def test_no_engine_for_any_model(bundle: TimedBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_engines", tuple)
    with pytest.raises(InputError, match="no model of the bundle runs on an engine installed"):
        benchmark(bundle, photo=b"jpeg")


def test_bundle_without_golden_photos(bundle: TimedBundle) -> None:
    with pytest.raises(BundleError, match="no golden vectors"):
        benchmark(bundle)


def test_every_model_of_a_real_bundle(tiny_bundle: Path) -> None:
    found = benchmark(Bundle.open(tiny_bundle), rounds=3, threads=1)
    manifest = Bundle.open(tiny_bundle).manifest
    expected = sum(len(set(m.engines) & set(available_engines())) for m in manifest.models)
    assert len(found.timings) == expected
    assert found.timings[0].model == "onnx-fp32"
    for timing in found.timings:
        assert 0 < timing.fastest_ms <= timing.median_ms
        assert timing.ratio == pytest.approx(found.timings[0].median_ms / timing.median_ms)
        assert timing.kilobytes > 500  # 0.7 million weights


def test_photo_that_is_none(tiny_bundle: Path) -> None:
    with pytest.raises(ImageError):
        benchmark(Bundle.open(tiny_bundle), photo=b"no photo")
