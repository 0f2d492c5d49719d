"""Makes the peers' models as their users would; runs in the peers' environment.

Both are ResNet-50 in int8 for OpenVINO, calibrated on the bench's photos: for Model API
torchvision's network through OpenVINO's converter and NNCF, with the weights of our own bundle; for
Ultralytics its `yolov8-cls-resnet50` through its own `export`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def model_api(weights: str, photos: str, output: str) -> None:
    """Write `output`, an OpenVINO IR."""
    import nncf
    import numpy as np
    import openvino
    import torch
    import torchvision
    from PIL import Image
    from safetensors.torch import load_file

    state = load_file(weights)
    network = torchvision.models.resnet50(num_classes=len(state["fc.bias"]))
    network.load_state_dict(state)
    example = torch.zeros(1, 3, 224, 224)
    model = openvino.convert_model(network.eval(), example_input=example, input=(1, 3, 224, 224))

    def image(path: Path) -> np.ndarray:
        pixels = np.asarray(Image.open(path).resize((224, 224)), np.float32)
        normal = (pixels - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)
        return normal.astype(np.float32).transpose(2, 0, 1)[None]

    files = sorted(Path(photos).iterdir())
    openvino.save_model(nncf.quantize(model, nncf.Dataset(files, image)), output)


def ultralytics(photos: str, output: str) -> None:
    """Write the folder `output`, named as Ultralytics names its exports."""
    import torch
    from ultralytics import YOLO

    root = Path(output).parent / "ultralytics"
    for number, file in enumerate(sorted(Path(photos).iterdir())):
        for part in ("train", "val"):  # the layout it takes: part/class/file
            link = root / "set" / part / "ab"[number % 2] / file.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(file)
    os.chdir(root)
    torch.manual_seed(0)
    network = YOLO("yolov8l-cls-resnet50.yaml", task="classify")
    exported = network.export(format="openvino", quantize=8, imgsz=224, data=str(root / "set"))
    Path(exported).rename(output)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
