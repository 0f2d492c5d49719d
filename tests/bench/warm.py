"""One 12 MP JPEG to a decision, warm: against the least that does it, and against the peers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from figures import Figure, faster, not_measured, slower
from materials import SIZE, Materials
from peers import Peer
from turns import Contestant, rounds

from edgetlc.runtime.contract import reductions
from edgetlc.runtime.engines import ENGINES
from edgetlc.runtime.pixels import decode

_RUNS = 5  # of each contestant in a turn
_MOST_OVER_THE_LEAST = 1.15


def measure(
    materials: Materials, python: Path, peers: Sequence[Peer], peers_python: Path, turns: int
) -> list[Figure]:
    """Return the figures of the single photo, with `turns` turns of each contestant."""
    figures: list[Figure] = []
    there = list(peers)
    for title, photo in (("12 MP JPEG", materials.photo), ("heavy JPEG", materials.heavy)):
        usual = photo == materials.photo
        with ExitStack() as stack:
            contestants = _ours_and_bare(materials, photo, python)
            for number, peer in enumerate(there):
                if peer.model is None:
                    continue
                try:
                    contestants[peer.job] = peer.contestant(peers_python, materials, photo)
                except RuntimeError as error:
                    there[number] = replace(peer, model=None, missing=str(error))
            for contestant in contestants.values():
                stack.enter_context(contestant)
            times = rounds(contestants, turns if usual else turns // 2, _RUNS)
        median = {name: statistics.median(values) for name, values in times.items()}
        for engine in ENGINES if usual else ():
            least = median["decode"] + median[f"bare {engine}"]
            name = f"{title}: bare decode + bare {engine}"
            figures.append(slower(name, median[f"ours {engine}"], least, _MOST_OVER_THE_LEAST))
        best = min(ENGINES, key=lambda engine: median[f"ours {engine}"])
        figures += [
            faster(
                f"{title}: {peer.title}",
                median[f"ours {best}"],
                median[peer.job],
                peer.target if usual else None,
                remark=f"ours on {best}",
            )
            if peer.model is not None
            else not_measured(f"{title}: {peer.title}", peer.missing)
            for peer in there
        ]
    return figures


def _ours_and_bare(materials: Materials, photo: Path, python: Path) -> dict[str, Contestant]:
    decoded = decode(photo, SIZE)
    pixels = materials.root / f"{photo.stem}.npy"
    np.save(pixels, decoded.pixels[None])
    scale, _ = reductions(*decoded.declared, SIZE)
    contestants = {"decode": Contestant(python, "bare_decode", photo, scale)}
    for engine in ENGINES:
        model = (materials.model, engine, pixels)
        contestants[f"bare {engine}"] = Contestant(python, "bare_inference", *model)
        contestants[f"ours {engine}"] = Contestant(python, "ours", materials.bundle, engine, photo)
    return contestants
