"""Verifications judged from answers that are written down, not asked for: 14 cameras, two roles."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgetlc.parity.judgement import VerificationConfig, judge_answers
from edgetlc.parity.matrix import Matrix, read_matrix
from edgetlc.parity.store import Answer, CandidateInfo, Header, PhotoRow, writer
from edgetlc.parity.verification import Verification
from edgetlc.runtime.bundle import Bundle
from edgetlc.runtime.machine import Machine
from edgetlc.runtime.policy import DecisionPolicy
from edgetlc.runtime.selftest import ModelResult, PhotoAnswer, PhotoPixels, PixelResult, SelfTest

POLICY = DecisionPolicy(reject_below=0.5, genuine_below=0.6)
ROLES = {"red": "genuine", "green": "genuine", "blue": "counterfeit"}
CAMERAS = tuple(f"camera-{number:02}" for number in range(13))  # and photos of unknown ones
PHOTOS = 560
CLEAN, PIXELS, NETWORK = "clean@onnxruntime", "pixels@onnxruntime", "network@openvino"
PHONE = Machine("Android 14", "aarch64", "<phone> & co", 8, "3.11")


@pytest.fixture(scope="session")
def roles_bundle(small_bundle: Path) -> Bundle:
    """`small_bundle` with red and green genuine, blue a counterfeit, and a policy."""
    opened = Bundle.open(small_bundle)
    classes = tuple(replace(c, role=ROLES[c.name]) for c in opened.manifest.classes)
    manifest = replace(opened.manifest, classes=classes, decision={"fp32": POLICY})
    return replace(opened, manifest=manifest)


@pytest.fixture(scope="session")
def matrix(roles_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """Answers of a clean candidate, one with damaged pixels, one with a damaged network.

    Damaged pixels make a third of all answers wrong, counterfeits genuine; the damaged network
    errs on camera-00 alone. Every tenth photo's file is gone, every eleventh another one by now.
    """
    root = tmp_path_factory.mktemp("answers")
    paths = {name: _photo(root / name, colour) for name, colour in _COLOURS.items()}
    candidates = (CLEAN, PIXELS, NETWORK)
    header = Header(
        roles_bundle.digest,
        "pytorch 9",
        POLICY,
        roles_bundle.manifest.classes,
        tuple(CandidateInfo(n, "onnx-fp32", f"{n.split('@')[1]} 9.1", POLICY) for n in candidates),
        PHOTOS + 1,
        "e" * 64,
    )
    with writer(root / "answers", header) as made:
        for place in range(PHOTOS):
            label = place % 3
            camera = (None, *CAMERAS)[place % 14]
            rows = [Answer(_probabilities(label, 0.9), label, 0.9)]
            answers = {
                CLEAN: label,
                PIXELS: (label + 1) % 3 if place % 5 < 2 else label,
                NETWORK: (label + 2) % 3 if camera == CAMERAS[0] else label,
            }
            for cause, answer in enumerate(answers.values()):
                other = answer != label
                confidence = 0.7 if other else 0.9
                tail = (0.2, 0.1, 66.0 if cause == 1 else 1e-5, cause * other)
                row = _probabilities(answer, confidence)
                rows.append(Answer(row, answer, confidence, *tail))
            path, digest = paths[tuple(_COLOURS)[label]]
            gone, changed = place % 10 == 9, place % 11 == 10
            made.add(
                PhotoRow(
                    place,
                    str(path.with_name("gone.jpg") if gone else path),
                    "f" * 64 if changed else digest,
                    tuple(_COLOURS)[label],
                    camera,
                    None,
                    True,
                ),
                rows,
            )
        hostile = "/photos/<img src=x>\udcff\x01.jpg"
        made.add(PhotoRow(PHOTOS, hostile, "", "red", None, None, True, "damaged <JPEG> file"))
    return read_matrix([root / "answers"])


_COLOURS = {"red": (200, 60, 50), "green": (60, 180, 70), "blue": (50, 60, 210)}


def _photo(stem: Path, colour: tuple[int, int, int]) -> tuple[Path, str]:
    path = stem.with_suffix(".jpg")
    pixels = np.full((60, 80, 3), colour, np.uint8)
    pixels[:30, :40] //= 3
    Image.fromarray(pixels).save(path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def _probabilities(answer: int, confidence: float) -> NDArray[np.float32]:
    row = np.full(3, (1 - confidence) / 2, np.float32)
    row[answer] = confidence
    return row


@pytest.fixture(scope="session")
def selftest_report(roles_bundle: Bundle) -> SelfTest:
    """A self-test of a phone that changed one of two answers."""
    answers = (PhotoAnswer("00.jpg", "red", "red", 0.0), PhotoAnswer("01.jpg", "red", "blue", 0.4))
    return SelfTest(
        roles_bundle.digest,
        "2026-01-01T00:00:00+00:00",
        "0.1.0",
        PHONE,
        PixelResult((PhotoPixels("00.jpg", 1, 9, 100), PhotoPixels("01.jpg", None, None, 9)), True),
        (ModelResult("onnx-fp32", "onnxruntime 9", "onnxruntime 9", answers, passed=False),),
    )


@pytest.fixture(scope="session")
def judged(matrix: Matrix, selftest_report: SelfTest) -> Callable[..., Verification]:
    """`judged(*names, machine=, selftest=, grouped=, **config)` judges some of the candidates.

    The clean one passes at a margin of 10 %, which 29 photos without harm certify; grouped, two
    neighbouring photos show one specimen.
    """
    pairs = np.arange(PHOTOS) // 2
    paired = replace(matrix.photos, group=pairs, groups=tuple(map(str, range(PHOTOS // 2))))

    @cache
    def judge(
        *names: str,
        machine: str = "",
        selftest: bool = False,
        grouped: bool = False,
        **config: object,
    ) -> Verification:
        chosen = tuple(
            replace(candidate, machine=machine)
            for candidate in matrix.candidates
            if candidate.info.name in names
        )
        asked = VerificationConfig(**config)  # type: ignore[arg-type]
        tests = (selftest_report,) if selftest else ()
        photos = paired if grouped else matrix.photos
        return judge_answers(replace(matrix, candidates=chosen, photos=photos), asked, tests)

    return judge
