"""`edgetlc predict`: classify photos on site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgetlc.cli.console import DeviceFolder, Json, Verbose, answer, note, say, table, track
from edgetlc.cli.options import BundleArgument, ResultsFile, ResultsFormat, Threads
from edgetlc.cli.results import write_results
from edgetlc.errors import BAD_INPUT

if TYPE_CHECKING:
    from edgetlc.runtime.classifier import Classifier, Prediction, Unreadable

_DETAILED = 1  # photos; more are shown as a table


def predict(
    bundle: BundleArgument,
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO…", help="Photos or folders.")],
    model: Annotated[
        str | None, typer.Option(help="Model of the bundle, such as onnx-fp32. Default: int8.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="onnxruntime or openvino.")] = None,
    threads: Threads = None,
    overlay: Annotated[
        Path | None,
        typer.Option(help="Write each photo with its class-activation overlay to this folder."),
    ] = None,
    results_file: ResultsFile = None,
    results_format: ResultsFormat = "json",
    devices: DeviceFolder = None,
    json_: Json = False,
    verbose: Verbose = False,
) -> None:
    """Classify photos: label, confidence, runner-up, camera. Needs no network.

    Example: edgetlc predict herbs.etlc photo.jpg
    """
    from edgetlc.devices.profiles import Cameras
    from edgetlc.runtime.classifier import Classifier, Unreadable

    files = _files(photos)
    classifier = Classifier.open(
        bundle, model=model, engine=engine, threads=threads, cameras=Cameras.load(devices)
    )
    predictions: list[Prediction] = []
    unreadable: list[Unreadable] = []
    answers = classifier.classify_all(files)
    for one in track(answers, "classifying", len(files)) if len(files) > _DETAILED else answers:
        if isinstance(one, Unreadable):
            unreadable.append(one)
            note(f"cannot classify {one.file}: {one.reason}")
            continue
        if overlay is not None:
            _write_overlay(overlay, one, len(predictions))
        predictions.append(one.without_arrays())
    document = {
        "bundle": classifier.bundle.digest,
        "model": classifier.model.id,
        "engine": classifier.engine.name,
        "predictions": [prediction.to_json() for prediction in predictions],
        "unreadable": [vars(one) for one in unreadable],
    }
    write_results(results_file, results_format, document, [_flat(p) for p in predictions])
    answer(document, lambda: _show(classifier, predictions), as_json=json_)
    if unreadable:
        raise typer.Exit(BAD_INPUT)


def _files(places: Sequence[Path]) -> list[Path]:
    """Return the photos named and those in the folders named, in order.

    Raises:
        InputError: a place does not exist, or no photo is there.
    """
    from edgetlc.errors import InputError
    from edgetlc.runtime.containers import PHOTO_SUFFIXES

    def expand(place: Path) -> Iterator[Path]:
        if place.is_dir():
            found = (p for p in sorted(place.rglob("*")) if p.suffix.lower() in PHOTO_SUFFIXES)
            yield from (p for p in found if p.is_file() and not p.name.startswith("."))
        elif place.exists():
            yield place
        else:
            raise InputError(f"{place}: no such photo or folder")

    files = [file for place in places for file in expand(place)]
    if not files:
        raise InputError(f"no photos in {', '.join(map(str, places))}")
    return files


def _write_overlay(folder: Path, prediction: Prediction, number: int) -> None:
    import io

    from edgetlc.files import write_bytes
    from edgetlc.runtime.overlay import overlay

    stream = io.BytesIO()
    overlay(prediction.pixels, prediction.evidence).save(stream, "PNG")
    name = f"{number:04d}-{Path(prediction.file).stem}.overlay.png"
    write_bytes(folder / name, stream.getvalue())


def _flat(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as one row."""
    document = prediction.to_json()
    probabilities = document.pop("probabilities")
    document["notes"] = "; ".join(document["notes"])
    return {**document, **{f"p({name})": p for name, p in probabilities.items()}}


def _show(classifier: Classifier, predictions: Sequence[Prediction]) -> None:
    if len(predictions) == 1:
        show_one(predictions[0])
    elif predictions:
        columns = ("photo", "answer", "", "confidence ", "runner-up", "camera")
        table("Answers", columns, (_row(prediction) for prediction in predictions))
    say(f"{classifier.model.id} on {classifier.engine.name}")


def show_one(p: Prediction) -> None:
    """Print one prediction."""
    if p.decision == "not_sure":
        say(f"{p.file}: NOT SURE 不确定 - send the piece to the laboratory")
    else:
        say(f"{p.file}: {p.label.zh} {p.label.en}" + _role(p))
    say(f"  confidence {p.confidence:.1%} for {p.label.en}")
    say(f"  runner-up {p.runner_up.zh} {p.runner_up.en}, {p.runner_up_confidence:.1%}")
    by = f" (by {p.camera.by})" if p.camera.by else ""
    say(f"  camera {p.camera.camera or 'unknown'}{by}")
    for line in (*p.notes, *((p.camera.conflict,) if p.camera.conflict else ())):
        say(f"  note: {line}")


def _role(p: Prediction) -> str:
    return "" if p.label.role == "unspecified" else f" - {p.label.role.upper()}"


def _row(p: Prediction) -> tuple[object, ...]:
    label = "not sure" if p.decision == "not_sure" else f"{p.label.zh} {p.label.en}"
    runner_up = f"{p.runner_up.en} {p.runner_up_confidence:.1%}"
    role = "" if p.label.role == "unspecified" else p.label.role
    return (p.file, label, role, f"{p.confidence:.1%}", runner_up, p.camera.camera or "unknown")
