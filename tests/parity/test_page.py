"""The verification page: closed in itself, nothing unescaped, and saying what was found."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgetlc.errors import InputError
from edgetlc.files import sha256_file
from edgetlc.parity.page import write_page
from edgetlc.parity.page_charts import Scale, intervals
from edgetlc.parity.page_claim import claim
from edgetlc.parity.page_gallery import MOST_PICTURED, changed_photos
from edgetlc.parity.page_pictures import ALTERED, NOT_THERE, SIDE, Viewer
from edgetlc.parity.tally import Tally
from edgetlc.parity.verdict import Rule, judge
from edgetlc.parity.verification import CandidateReport, Flip, Verification
from edgetlc.runtime.bundle import Bundle

Judged = Callable[..., Verification]
CLEAN, PIXELS, NETWORK = "clean@onnxruntime", "pixels@onnxruntime", "network@openvino"
WIDE = Rule(margin=0.1)
VOID = {"meta", "img", "br", "col"}


class Parsed(HTMLParser):
    """A page taken apart: its tags in order, its text, its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for attribute, value in self.attributes if attribute == name]


def page_of(found: Verification, bundle: Bundle, folder: Path) -> str:
    write_page(folder / "page.html", found, bundle)
    return (folder / "page.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def everything(
    judged: Judged, roles_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The page of three candidates, a self-test, an untested camera and an unreadable photo."""
    found = judged(
        CLEAN, PIXELS, NETWORK, rule=WIDE, selftest=True, cameras=("camera-00", "unseen")
    )
    return page_of(found, roles_bundle, tmp_path_factory.mktemp("page"))


class TestClosedInItself:
    def test_nothing_is_loaded_and_nothing_runs(self, everything: str) -> None:
        page = Parsed(everything)
        assert not {"script", "link", "iframe", "object", "embed", "form"} & set(page.tags)
        assert all(src.startswith("data:image/jpeg;base64,") for src in page.values("src"))
        assert all(href.startswith("#candidate-") for href in page.values("href"))
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert any("default-src 'none'" in value for value in page.values("content"))
        assert "url(" not in everything
        assert "@import" not in everything

    def test_links_have_their_targets(self, everything: str) -> None:
        page = Parsed(everything)
        assert {href[1:] for href in page.values("href")} == set(page.values("id"))

    def test_another_bundle_is_refused_and_the_old_page_kept(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        (tmp_path / "page.html").write_text("old")
        with pytest.raises(InputError, match="pass the bundle that was verified"):
            write_page(
                tmp_path / "page.html", judged(CLEAN), replace(roles_bundle, digest="0" * 64)
            )
        assert (tmp_path / "page.html").read_text() == "old"


class TestWords:
    def test_all_is_said(self, everything: str) -> None:
        text = Parsed(everything).text
        for said in (
            "未通过",
            "FAIL",
            "模拟照片，非真实拍摄",
            "SIMULATED",
            "pytorch 9",
            "nothing is claimed of them: unseen",
            "self-tests of other machines: 1 of 1 failed",
            "<phone> & co",
            "damaged <JPEG> file",
            "camera-12",
            "未知 unknown",
            "Expected calibration error",
            "40 of 40 photos went from right to wrong",
            "40 张照片中 40 个由对变错",
            "are newly called genuine",
            "at most 66 grey levels apart; 560 photos beyond 0.05",
            "Enumerated exactly",
        ):
            assert said in text, said

    def test_text_that_cannot_be_shown_is_replaced(self, everything: str) -> None:
        assert "/photos/<img src=x>\ufffd\ufffd.jpg" in Parsed(everything).text

    @pytest.mark.parametrize(
        ("names", "config", "verdict", "said"),
        [
            ((CLEAN,), {"rule": WIDE}, "PASS", "Claimed, with 95 % confidence: on every camera"),
            ((CLEAN,), {}, "INSUFFICIENT", "Nothing is claimed"),
            ((NETWORK,), {"rule": WIDE}, "FAIL", "at least one item below fails"),
            (
                (CLEAN,),
                {"rule": WIDE, "cameras": ("unseen",), "require_all": True},
                "INSUFFICIENT",
                "of all together nothing is claimed",
            ),
            ((CLEAN,), {"labelled": False}, "INSUFFICIENT", "every changed answer counts"),
        ],
    )
    def test_the_claim(
        self,
        judged: Judged,
        names: tuple[str, ...],
        config: dict[str, object],
        verdict: str,
        said: str,
    ) -> None:
        found = judged(*names, **config)
        assert found.verdict == verdict
        assert said in claim(found)[1]

    def test_the_verdict_is_told_by_its_word_and_its_shape(self, everything: str) -> None:
        overall = re.search(r'<div class="overall FAIL"><svg.*?</div></div>', everything)
        assert overall
        assert "<polygon" in overall[0]
        assert "FAIL" in Parsed(overall[0]).text
        labels = Parsed(everything).values("aria-label")
        assert {"PASS", "FAIL", "INSUFFICIENT"} <= set(labels)

    def test_only_simulated_photos_are_called_so(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        found = replace(judged(CLEAN), simulated=False)
        assert "SIMULATED" not in page_of(found, roles_bundle, tmp_path)

    def test_the_sequential_rule_explains_itself(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        found = judged(NETWORK, rule=WIDE, sequential=True)
        text = Parsed(page_of(found, roles_bundle, tmp_path)).text
        assert "Ville" in text
        assert "Holm" not in text
        assert found.candidates[0].sequential[0].reason in text
        assert "第 " in text

    def test_specimens_are_named(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        text = Parsed(page_of(judged(CLEAN, grouped=True), roles_bundle, tmp_path)).text
        assert "photos of one specimen count once" in text

    @settings(max_examples=20)
    @given(st.text(st.characters(exclude_categories=()), min_size=1))
    def test_no_text_changes_the_page(
        self,
        judged: Judged,
        roles_bundle: Bundle,
        tmp_path_factory: pytest.TempPathFactory,
        text: str,
    ) -> None:
        plain = self.named(judged, "x", roles_bundle, tmp_path_factory.mktemp("plain"))
        hostile = self.named(judged, text, roles_bundle, tmp_path_factory.mktemp("hostile"))
        assert Parsed(hostile).tags == Parsed(plain).tags

    @staticmethod
    def named(judged: Judged, text: str, bundle: Bundle, folder: Path) -> str:
        found = judged(NETWORK)
        (report,) = found.candidates
        flips = tuple(
            replace(flip, path="/" + text.replace("/", ""), label=text, sha256=text)
            for flip in report.flips[:2]
        )
        named = replace(report, engine=text, machine=text, flips=flips)
        return page_of(
            replace(found, candidates=(named,), reference=text, untested=(text,)), bundle, folder
        )


class TestIntervals:
    @given(
        st.integers(1, 300).flatmap(
            lambda n: st.tuples(st.just(n), st.integers(0, n), st.floats(0.001, 0.5))
        )
    )
    def test_a_pass_lies_left_of_the_margin(self, drawn: tuple[int, int, float]) -> None:
        n, b, margin = drawn
        (verdict,) = judge([Tally("camera", n, n - b, b, 0, reference_correct=n)], Rule(margin))
        scale = Scale.of([verdict], margin)
        row = intervals(verdict, scale)
        places = {kind: float(x) for kind, x in re.findall(r'class="(\w+)" x1="([\d.-]+)"', row)}
        bound = float(re.findall(r'class="bound" x1="([\d.-]+)"', row)[0])
        assert 0 <= places["zero"] <= places["margin"] <= 1000
        assert 0 <= bound <= 1000
        if verdict.verdict == "PASS":
            assert bound <= places["margin"]
        else:
            assert bound >= places["margin"]

    def test_ticks_are_few_round_and_on_the_scale(self) -> None:
        for low, high in ((-1, 1), (-0.02, 0.03), (0, 0.0008), (-0.3, 0.07)):
            ticks = Scale(low, high, 0.01).ticks
            assert 1 <= len(ticks) <= 8
            assert all(low <= tick <= high for tick in ticks)
            assert 0 in ticks

    def test_changed_answers_without_labels_have_no_drop(self) -> None:
        (verdict,) = judge([Tally("camera", 40, 38, 2, 0)], WIDE)
        scale = Scale.of([verdict], 0.1)
        assert scale.low > -0.02
        assert "drop" not in intervals(verdict, scale)


class TestGallery:
    def test_counterfeits_called_genuine_come_first(
        self, judged: Judged, roles_bundle: Bundle
    ) -> None:
        found = judged(PIXELS, NETWORK)
        photos = changed_photos(found.candidates, roles_bundle.manifest)
        effects = [photo[0].effect for photo in photos]
        assert effects == sorted(effects, key=["false_genuine", "right_to_wrong"].index)
        assert effects[0] == "false_genuine"
        assert len({photo[0].flip.photo for photo in photos}) == len(photos)
        assert any(len(photo) == 2 for photo in photos)

    def test_an_unsure_answer_calls_nothing_genuine(
        self, judged: Judged, roles_bundle: Bundle
    ) -> None:
        (report,) = judged(PIXELS).candidates
        unsure = tuple(replace(flip, candidate_confidence=0.55) for flip in report.flips)
        photos = changed_photos([replace(report, flips=unsure)], roles_bundle.manifest)
        assert {photo[0].effect for photo in photos} == {"right_to_wrong"}

    def test_pictures_of_at_most_24_photos(self, everything: str) -> None:
        images = [
            Image.open(io.BytesIO(base64.b64decode(src.partition(",")[2])))
            for src in Parsed(everything).values("src")
        ]
        assert 0 < len(images) <= 3 * MOST_PICTURED
        assert all(max(image.size) <= SIDE for image in images)
        assert NOT_THERE[1] in everything
        assert ALTERED[1] in everything
        assert everything.count('class="flip') == MOST_PICTURED

    def test_a_hundred_changed_answers_stay_below_5_mb(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (700, 900, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "noise.jpg", quality=95)
        found = judged(PIXELS)
        (report,) = found.candidates
        flips = tuple(
            replace(
                flip, path=str(tmp_path / "noise.jpg"), sha256=sha256_file(tmp_path / "noise.jpg")
            )
            for flip in report.flips[:100]
        )
        page = page_of(
            replace(found, candidates=(replace(report, flips=flips),)), roles_bundle, tmp_path
        )
        assert page.count("data:image") == 3 * MOST_PICTURED
        assert len(page.encode()) < 5_000_000


class TestPictures:
    @pytest.fixture
    def shown(self, judged: Judged) -> tuple[Flip, CandidateReport]:
        (report,) = judged(PIXELS).candidates
        flip = next(f for f in report.flips if Path(f.path).is_file() and f.sha256 != "f" * 64)
        return flip, report

    def test_each_side_shows_where_it_saw_its_answer(
        self, shown: tuple[Flip, CandidateReport], roles_bundle: Bundle
    ) -> None:
        seen = Viewer(roles_bundle).pictures(*shown)
        assert seen.photo is not None
        assert seen.reference is not None
        assert seen.candidate is not None
        assert seen.photo.size == seen.reference.size == seen.candidate.size
        assert seen.reference.tobytes() != seen.photo.tobytes()

    def test_what_ran_elsewhere_is_not_run_here(
        self, shown: tuple[Flip, CandidateReport], roles_bundle: Bundle
    ) -> None:
        flip, report = shown
        assert (
            Viewer(roles_bundle).pictures(flip, replace(report, machine="phone")).candidate is None
        )

    def test_an_engine_that_is_not_here_is_left_out(
        self, shown: tuple[Flip, CandidateReport], roles_bundle: Bundle
    ) -> None:
        flip, report = shown
        assert (
            Viewer(roles_bundle).pictures(flip, replace(report, engine="tflite 2")).candidate
            is None
        )

    def test_a_changed_or_missing_file_is_not_shown(
        self, shown: tuple[Flip, CandidateReport], roles_bundle: Bundle
    ) -> None:
        flip, report = shown
        viewer = Viewer(roles_bundle)
        altered = viewer.pictures(replace(flip, sha256="0" * 64), report)
        assert (altered.photo, altered.missing) == (None, ALTERED)
        for path in ("/nowhere.jpg", "/nul\0.jpg", str(Path(flip.path).parent)):
            assert viewer.pictures(replace(flip, path=path), report).missing == NOT_THERE

    def test_a_crop_leaves_what_the_networks_did_not_see_without_colour(
        self, shown: tuple[Flip, CandidateReport], roles_bundle: Bundle
    ) -> None:
        manifest = roles_bundle.manifest
        contract = replace(manifest.contract, geometry="crop")
        cropped = replace(roles_bundle, manifest=replace(manifest, contract=contract))
        seen = Viewer(cropped).pictures(*shown)
        assert seen.candidate is not None
        red, green, blue = np.asarray(seen.candidate)[:, 0].T
        assert (red == green).all()
        assert (green == blue).all()
