"""The peers: two other ways from a photo to a class with ResNet-50 in int8 on OpenVINO.

They are measured where their environment is there (`make bench` tries to install it from
`requirements.txt`), and named as not measured where it is not.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from materials import Materials
from turns import Contestant, quiet_environment

_EXPORT = Path(__file__).with_name("export_peers.py")


@dataclass(frozen=True)
class Peer:
    """One of them.

    Attributes:
        job: its function in `contestants.py`.
        title: what it is called in the table.
        target: how many times faster than it we mean to be.
        model: what it loads; None where it cannot be measured.
        missing: why it cannot.
    """

    job: str
    title: str
    target: float
    model: Path | None = None
    missing: str = ""

    def contestant(self, python: Path, materials: Materials, photo: Path) -> Contestant:
        """Return the peer, ready for its turns."""
        return Contestant(
            python, self.job, self.model, photo, env=_environment(materials), silent=True
        )


def prepare(materials: Materials, python: Path) -> list[Peer]:
    """Return the peers with their models, made if need be by `python`, the peers' own."""
    root = materials.root / "peers"
    model_api, ultralytics = root / "model_api.xml", root / "resnet50_openvino_model"
    weights = materials.run / "model.safetensors"
    return [
        _made(Peer("model_api", "OpenVINO Model API", 2.5, model_api), python, materials, weights),
        _made(Peer("ultralytics", "Ultralytics", 3.0, ultralytics), python, materials),
    ]


def _made(peer: Peer, python: Path, materials: Materials, *words: Path) -> Peer:
    assert peer.model is not None
    if not python.exists():
        return replace(peer, model=None, missing=f"no environment at {python}")
    if not peer.model.exists():
        command = [python, _EXPORT, peer.job, *words, materials.root / "photos", peer.model]
        made = subprocess.run(
            command, env=_environment(materials), capture_output=True, text=True, check=False
        )
        if made.returncode:
            return replace(peer, model=None, missing=made.stderr.strip().splitlines()[-1])
    return peer


def _environment(materials: Materials) -> dict[str, str]:
    """Return the environment in which a peer neither asks the network nor writes elsewhere."""
    settings = materials.root / "peers" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    return {
        **quiet_environment(),
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "YOLO_VERBOSE": "0",
        "YOLO_CONFIG_DIR": str(settings),
        "MPLCONFIGDIR": str(settings),
    }
