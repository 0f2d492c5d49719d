"""Labelling only what changed: the verdict is that of all classes, and what is unknown stays so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgetlc.devices.profiles import Cameras
from edgetlc.errors import InputError
from edgetlc.pages.to_label import write_page
from edgetlc.parity.changed_labels import changed_photos, with_labels, write_labels
from edgetlc.parity.judgement import judge_answers
from edgetlc.parity.matrix import Matrix
from edgetlc.parity.verification import Verification
from edgetlc.runtime.bundle import Bundle

CLASSES = ("red", "green", "blue")


def fill(path: Path, matrix: Matrix, encoding: str = "utf-8-sig", delimiter: str = ",") -> None:
    """Write the true classes of the changed photos into a file, as somebody with Excel would."""
    truth = {int(p): CLASSES[t] for p, t in zip(matrix.photos.photo, matrix.truth, strict=True)}
    write_labels(path, changed_photos(matrix))
    header, *rows = path.read_text(encoding="utf-8-sig").splitlines()
    filled = [row + truth[int(row.partition(",")[0])] for row in rows]
    text = "\r\n".join([header, *filled, ""]).replace(",", delimiter)
    path.write_bytes(text.encode(encoding))


@pytest.fixture(scope="module")
def filled(matrix: Matrix, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labels") / "classes.csv"
    fill(path, matrix)
    return path


def unlabelled(matrix: Matrix) -> Matrix:
    """The same answers on photos whose classes nobody knows."""
    nothing = np.zeros(len(matrix.photos.photo), np.int64)
    return replace(matrix, photos=replace(matrix.photos, label=nothing, labels=("",)))


def same_verdicts(partly: Verification, fully: Verification) -> None:
    for found, known in zip(partly.candidates, fully.candidates, strict=True):
        for part in ("cameras", "decisions"):
            pairs = zip(getattr(found, part), getattr(known, part), strict=True)
            for one, other in pairs:
                assert (one.verdict, one.p_within, one.p_beyond, one.p_drop, one.reason) == (
                    other.verdict,
                    other.p_within,
                    other.p_beyond,
                    other.p_drop,
                    other.reason,
                )
                assert (one.drop_lower, one.drop_upper) == (other.drop_lower, other.drop_upper)
                assert one.photos_needed == other.photos_needed
                assert (one.tally.b, one.tally.c) == (other.tally.b, other.tally.c)
        assert found.flips == known.flips
        assert found.new_camera == known.new_camera


def test_the_verdict_is_that_of_all_classes(matrix: Matrix, filled: Path) -> None:
    partly = judge_answers(with_labels(unlabelled(matrix), filled))
    fully = judge_answers(matrix)
    same_verdicts(partly, fully)
    assert {v.verdict for r in partly.candidates for v in r.cameras} == {"FAIL", "INSUFFICIENT"}
    assert len(changed_photos(matrix)) < len(matrix.photos.photo) / 2


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_it_is_so_whatever_was_answered(matrix: Matrix, tmp_path: Path, seed: int) -> None:
    """Answers, confidences and classes at random: right ones, wrong ones, and none at all."""
    rng = np.random.default_rng(seed)
    photos = len(matrix.photos.photo)
    before = replace(
        matrix.reference,
        top=rng.integers(0, 3, photos),
        confidence=rng.uniform(0.4, 0.8, photos),
    )
    candidate = matrix.candidates[0]
    flips = rng.uniform(size=photos) < rng.uniform(0, 0.1)
    after = replace(
        candidate.table,
        top=np.where(flips, rng.integers(0, 3, photos), before.top),
        confidence=before.confidence + rng.normal(0, 0.01, photos),
    )
    labels = replace(matrix.photos, label=rng.integers(0, 3, photos), labels=CLASSES)
    answered = replace(
        matrix,
        photos=labels,
        reference=before,
        candidates=(replace(candidate, table=after),),
    )
    path = tmp_path / "classes.csv"
    fill(path, answered)
    same_verdicts(judge_answers(with_labels(unlabelled(answered), path)), judge_answers(answered))


def test_what_is_not_known_is_not_told(matrix: Matrix, filled: Path) -> None:
    partly = judge_answers(with_labels(unlabelled(matrix), filled))
    clean, pixels, _network = partly.candidates
    assert partly.partly_labelled
    assert pixels.pooled.reference_accuracy is pixels.pooled.candidate_accuracy is None
    assert pixels.pooled.reference_reliability is None
    assert all(v.tally.reference_correct is v.newcombe is None for v in pixels.cameras)
    newly = judge_answers(matrix).candidates[1].gate
    for report, count in ((clean, 0), (pixels, newly.pooled.tally.b if newly else -1)):
        assert report.gate is not None
        assert report.gate.verdict == "INSUFFICIENT"
        assert report.gate.pooled.reason.startswith(f"{count} photos of counterfeits")
        assert report.verdict != "PASS"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_it_is_read_as_people_save_it(
    matrix: Matrix, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    fill(tmp_path / "classes.csv", matrix, encoding, delimiter)
    found = with_labels(unlabelled(matrix), tmp_path / "classes.csv")
    changed = found.truth >= 0
    assert changed.sum() == len(changed_photos(matrix))
    assert (found.truth[changed] == matrix.truth[changed]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [lines[0], *lines[2:]], "changed photos have no class, the first is photo"),
        (lambda lines: [lines[0], lines[1].rpartition(",")[0] + ",", *lines[2:]], "have no class"),
        (lambda lines: [lines[0], lines[1] + "x", *lines[2:]], "the bundle knows red, green, blue"),
        (lambda lines: [*lines, lines[1]], "has a class already"),
        (lambda lines: [*lines, "7777,a.jpg,ffff,red"], "none of those that changed"),
        (lambda lines: [*lines, "no number,a.jpg,ffff,red"], "none of those that changed"),
        (lambda lines: [lines[0], lines[1].replace(",", ",0", 2), *lines[2:]], "with this sha256"),
        (lambda lines: [*lines, "1,a.jpg"], "one field for each column"),
        (lambda lines: ["path,class", *lines[1:]], "it needs photo, sha256, class"),
        (lambda lines: [], "it needs photo, sha256, class"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(
    matrix: Matrix, filled: Path, tmp_path: Path, change: object, message: str
) -> None:
    lines = filled.read_text(encoding="utf-8-sig").splitlines()
    assert callable(change)
    path = tmp_path / "classes.csv"
    path.write_text("\n".join(change(lines)), encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        with_labels(matrix, path)
    assert "\n" not in str(error.value)


def test_the_page_shows_the_photos_and_not_what_was_answered(
    matrix: Matrix, roles_bundle: Bundle, tmp_path: Path
) -> None:
    photos = changed_photos(matrix)[:12]
    write_page(tmp_path / "photos.html", photos, roles_bundle, Cameras.load())
    page = (tmp_path / "photos.html").read_text(encoding="utf-8")
    assert page.count('<section class="keep"') == 12
    assert all(f'id="photo-{photo.photo}"' in page for photo in photos)
    shown, there = page.count("<img "), sum(Path(p.path).is_file() for p in photos)
    assert 0 < shown <= there
    assert "confidence" not in page
    assert "SIMULATED" in page
