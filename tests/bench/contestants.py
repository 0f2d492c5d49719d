"""The jobs that are timed: `python contestants.py JOB WORDS…` loads one and serves it.

Ours is the public API and nothing else; the bare jobs are the least that anybody could write; the
peers are called as their documentation shows. Imports are inside the functions because peers run
in an environment without edgetlc.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from turns import serve

Job = Callable[[], object]


def ours(bundle: str, engine: str, photo: str) -> Job:
    """One photo to a decision."""
    from edgetlc.runtime.classifier import Classifier

    classifier = Classifier.open(bundle, engine=engine)
    return lambda: classifier.classify(photo)


def bare_decode(photo: str, reduced: str) -> Job:
    """Pillow alone: the JPEG at the contract's scale."""
    from PIL import Image

    scale = int(reduced)

    def decode() -> None:
        with Image.open(photo) as image:
            image.draft(None, (image.width // scale, image.height // scale))
            image.load()

    return decode


def bare_inference(model: str, engine: str, pixels: str) -> Job:
    """The engine alone, on the pixels that the host step makes of the photo."""
    import numpy as np

    inputs = {"pixels": np.load(pixels)}
    if engine == "onnxruntime":
        import onnxruntime

        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, inputs)
    import openvino

    compiled = openvino.Core().compile_model(
        model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    )
    request = compiled.create_infer_request()
    return lambda: request.infer(inputs)


def one_by_one(bundle: str, engine: str, folder: str) -> tuple[Job, Job]:
    """A folder, each photo after the other."""
    from edgetlc.runtime.classifier import Classifier

    classifier = Classifier.open(bundle, engine=engine)
    photos = sorted(Path(folder).iterdir())
    return (
        lambda: [classifier.classify(photo) for photo in photos],
        lambda: classifier.classify(photos[0]),
    )


def together(bundle: str, engine: str, folder: str) -> tuple[Job, Job]:
    """A folder as `edgetlc predict` does it: a photo for each processor."""
    from edgetlc.runtime.classifier import Classifier

    classifier = Classifier.open(bundle, engine=engine, threads=1)
    photos = sorted(Path(folder).iterdir())
    return (
        lambda: list(classifier.classify_all(photos)),
        lambda: list(classifier.classify_all(photos[:4])),
    )


def model_api(model: str, photo: str) -> Job:
    """OpenVINO Model API, by its README."""
    import cv2
    from model_api.models import Model

    classifier = Model.create_model(
        model,
        configuration={
            "model_type": "Classification",
            "labels": ["a", "b", "c", "d"],
            "mean_values": [123.675, 116.28, 103.53],
            "scale_values": [58.395, 57.12, 57.375],
            "reverse_input_channels": True,
        },
    )
    return lambda: classifier(cv2.imread(photo))


def ultralytics(model: str, photo: str) -> Job:
    """An exported Ultralytics classifier, by its documentation."""
    from ultralytics import YOLO

    classifier = YOLO(model, task="classify")
    return lambda: classifier(photo, verbose=False)


if __name__ == "__main__":
    made = globals()[sys.argv[1]](*sys.argv[2:])
    serve(*made) if isinstance(made, tuple) else serve(made)
