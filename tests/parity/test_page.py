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
from edgetlc.locale import local, speak
from edgetlc.pages.gallery import ALTERED, MOST_PICTURED, NOT_THERE, SIDE, Viewer, changed_photos
from edgetlc.pages.verification import interval_axis, sheets_of, write_page
from edgetlc.parity.rule import Rule
from edgetlc.parity.tally import Tally, outcomes
from edgetlc.parity.verdict import judge
from edgetlc.parity.verification import CandidateReport, Flip, Verification
from edgetlc.runtime.bundle import Bundle

Judged = Callable[..., Verification]
CLEAN, PIXELS, NETWORK = "clean@onnxruntime", "pixels@onnxruntime", "network@openvino"
WIDE = Rule(margin=0.1)
VOID = {"meta", "img", "br", "col", "input"}


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
        assert all(href.startswith("#") for href in page.values("href"))
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert any("default-src 'none'" in value for value in page.values("content"))
        assert "url(" not in everything
        assert "@import" not in everything

    def test_links_have_their_targets(self, everything: str) -> None:
        page = Parsed(everything)
        links = {href[1:] for href in page.values("href")}
        assert links <= set(page.values("id"))
        assert {"summary", "candidate-1", "candidate-2", "changed", "origin"} <= links

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
            "nothing is claimed of them:",
            "unseen",
            "self-tests of other machines: 1 of 1 failed",
            "<phone> & co",
            "damaged <JPEG> file",
            "camera-12",
            "未知相机",
            "Expected calibration error",
            "40 of 40 photos went from right to wrong",
            "40 张照片中 40 张由对变错",
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
            (
                (CLEAN,),
                {"rule": WIDE, "false_genuine_margin": 0.3},
                "PASS",
                "Claimed, with 95% confidence: on every camera",
            ),
            ((CLEAN,), {}, "INSUFFICIENT", "Nothing is claimed"),
            ((NETWORK,), {"rule": WIDE}, "FAIL", "at least one item below fails"),
            (
                (CLEAN,),
                {
                    "rule": WIDE,
                    "false_genuine_margin": 0.3,
                    "cameras": ("unseen",),
                    "require_all": True,
                },
                "INSUFFICIENT",
                "of all together nothing is claimed",
            ),
            ((CLEAN,), {"labelled": False}, "INSUFFICIENT", "every changed answer counts"),
        ],
    )
    def test_the_claim(
        self,
        judged: Judged,
        roles_bundle: Bundle,
        tmp_path: Path,
        names: tuple[str, ...],
        config: dict[str, object],
        verdict: str,
        said: str,
    ) -> None:
        found = judged(*names, **config)
        assert found.verdict == verdict
        assert said in Parsed(page_of(found, roles_bundle, tmp_path)).text

    def test_the_verdict_is_told_by_its_word_and_its_shape(self, everything: str) -> None:
        overall = re.search(r'<div class="verdict FAIL"><svg.*?</div>', everything, re.DOTALL)
        assert overall
        assert "<polygon" in overall[0]
        assert "FAIL" in Parsed(overall[0]).text
        labels = Parsed(everything).values("aria-label")
        assert {"PASS · 通过", "FAIL · 未通过"} <= set(labels)

    def test_only_simulated_photos_are_called_so(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        found = replace(judged(CLEAN), simulated=False)
        assert "SIMULATED" not in page_of(found, roles_bundle, tmp_path)

    def test_what_stands_beside_the_verdict_says_what_it_assumes(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        found = judged(NETWORK, rule=WIDE)
        text = Parsed(page_of(found, roles_bundle, tmp_path)).text
        (report,) = found.candidates
        assert report.new_camera is not None
        assert f"at most {report.new_camera.not_passing_upper:.2%}" in text
        for assumption in (
            report.lead_curve.assumption,
            report.new_camera.assumption,
            report.new_camera.belief_assumption,
        ):
            assert assumption in text
            assert assumption.translated("zh") in text
        changed = [
            f"{bin.changed / bin.photos:.2%}" for bin in report.lead_curve.bins if bin.photos
        ]
        assert changed
        assert all(share in text for share in changed)

    def test_the_sequential_rule_explains_itself(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        found = judged(NETWORK, rule=replace(WIDE, sequential=True))
        text = Parsed(page_of(found, roles_bundle, tmp_path)).text
        assert "Ville" in text
        assert "unconditional" not in text
        assert found.candidates[0].cameras[0].reason in text
        assert "可以停止拍照。" in text

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


class TestBothLanguages:
    def test_a_veto_is_told_alike(self) -> None:
        """The other photos of the specimens withhold a PASS; the Chinese once said the opposite."""
        harms = np.zeros((160, 3), dtype=int)
        harms[::2, 1] = harms[1::2, 2] = 1
        groups = (np.arange(480) // 3).tolist()
        right = np.zeros(480, dtype=int)
        (vetoed,) = judge([outcomes(right, harms.ravel(), right, groups).tally("iphone-11")])
        assert "drops by at most 1.86%, but over all 480 photos the average drop is 33.33%" in (
            vetoed.reason
        )
        speak("zh")
        try:
            said = local(vetoed.reason)
        finally:
            speak("en")
        assert "至多 1.86%，但全部 480 张照片的平均降幅为 33.33%，不低于容许值 2%" in said
        assert "可达" not in said

    def test_every_reason_is_there_in_both(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        found = judged(PIXELS, NETWORK, rule=WIDE)
        page = page_of(found, roles_bundle, tmp_path)
        titles = Parsed(page).values("title")
        for report in found.candidates:
            for verdict in report.cameras:
                assert any(title.startswith(f"{verdict.reason} · ") for title in titles)

    def test_cameras_go_by_their_names(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        found = replace(judged(CLEAN), untested=("redmi-k50-pro",))
        text = Parsed(page_of(found, roles_bundle, tmp_path)).text
        assert "红米 K50 Pro" in text
        assert "redmi-k50-pro" not in text

    @pytest.mark.parametrize(
        ("known", "unknown", "said"),
        [
            (0, 1, "1 photo, of an unknown camera, compared with x."),
            (0, 9, "9 photos, all of unknown cameras, compared with x."),
            (1, 0, "9 photos of 1 camera, compared with x."),
            (2, 4, "9 photos, of 2 known cameras and 4 of unknown ones, compared with x."),
        ],
    )
    def test_unknown_cameras_are_not_counted_as_none(
        self,
        judged: Judged,
        roles_bundle: Bundle,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        known: int,
        unknown: int,
        said: str,
    ) -> None:
        monkeypatch.setattr(
            "edgetlc.pages.verification.covered_by", lambda _found: (known, unknown)
        )
        photos = 1 if unknown == 1 else 9
        found = replace(judged(CLEAN), photos=photos, reference="x")
        assert said in Parsed(page_of(found, roles_bundle, tmp_path)).text


class TestFolding:
    def test_candidates_that_answered_alike_share_a_sheet(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        found = judged(CLEAN, NETWORK)
        clean, network = found.candidates
        again = replace(
            clean,
            engine="openvino 9",
            pooled=replace(clean.pooled, largest_change=0.0625),
        )
        sheets = sheets_of((clean, network, again))
        assert [[n for n, _ in sheet.members] for sheet in sheets] == [[1, 3], [2]]
        page = page_of(replace(found, candidates=(clean, network, again)), roles_bundle, tmp_path)
        assert page.count('<table class="forest">') == 2
        assert "These 2 candidates answered and decided every photo alike" in page
        assert "0.0625" in page  # what still tells them apart is said of each

    def test_other_answers_or_decisions_keep_them_apart(self, judged: Judged) -> None:
        (report,) = judged(NETWORK).candidates
        flip = replace(report.flips[0], candidate="green")
        decided = replace(report.pooled, decisions_changed=report.pooled.decisions_changed + 1)
        assert report.flips[0].candidate != "green"
        for other in (
            replace(report, flips=(flip, *report.flips[1:])),
            replace(report, pooled=decided),
            replace(report, flips_in_all=report.flips_in_all + 1),  # one that nobody can compare
        ):
            assert len(sheets_of((report, other))) == 2


class TestIntervals:
    @settings(max_examples=40)
    @given(
        st.integers(1, 300).flatmap(
            lambda n: st.tuples(st.just(n), st.integers(0, n), st.floats(0.001, 0.5))
        )
    )
    def test_a_pass_lies_left_of_the_margin(self, drawn: tuple[int, int, float]) -> None:
        n, b, margin = drawn
        (verdict,) = judge([Tally("camera", n, n - b, b, 0, reference_correct=n)], Rule(margin))
        axis = interval_axis([verdict], margin)
        zero, bound = axis.place(0), axis.place(verdict.drop_upper)
        assert 0 <= zero <= axis.place(margin) <= 1
        assert 0 <= bound <= 1
        if verdict.verdict == "PASS":
            assert bound <= axis.place(margin)
        else:
            assert bound >= axis.place(margin)

    def test_the_row_is_drawn_on_the_scale(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        (report,) = judged(NETWORK, rule=WIDE).candidates
        page = page_of(judged(NETWORK, rule=WIDE), roles_bundle, tmp_path)
        rows = re.findall(r'<svg class="intervals.*?</svg>', page, re.DOTALL)
        axis = interval_axis(report.cameras, 0.1)
        assert len(rows) == len(report.cameras)
        for row, verdict in zip(rows, report.cameras, strict=True):
            bound = re.findall(r'class="bound" x1="([\d.-]+)"', row)[0]
            assert float(bound) == pytest.approx(1000 * axis.place(verdict.drop_upper), abs=0.06)

    def test_changed_answers_without_labels_have_no_drop(
        self, judged: Judged, roles_bundle: Bundle, tmp_path: Path
    ) -> None:
        (verdict,) = judge([Tally("camera", 40, 38, 2, 0)], WIDE)
        assert interval_axis([verdict], 0.1).low > -0.02
        page = page_of(judged(NETWORK, labelled=False), roles_bundle, tmp_path)
        rows = re.findall(r'<svg class="intervals.*?</svg>', page, re.DOTALL)
        assert rows
        assert not any("drop" in row for row in rows)


class TestGallery:
    def test_counterfeits_called_genuine_come_first(
        self, judged: Judged, roles_bundle: Bundle
    ) -> None:
        found = judged(PIXELS, NETWORK)
        photos = changed_photos(found.candidates, roles_bundle.manifest)
        effects = [photo.gravest.effect for photo in photos]
        assert effects == sorted(effects, key=["false_genuine", "right_to_wrong"].index)
        assert effects[0] == "false_genuine"
        assert len({photo.flip.photo for photo in photos}) == len(photos)
        assert any(len(photo.answers) == 2 for photo in photos)

    def test_an_unsure_answer_calls_nothing_genuine(
        self, judged: Judged, roles_bundle: Bundle
    ) -> None:
        (report,) = judged(PIXELS).candidates
        unsure = tuple(replace(flip, candidate_confidence=0.55) for flip in report.flips)
        photos = changed_photos([replace(report, flips=unsure)], roles_bundle.manifest)
        assert {photo.gravest.effect for photo in photos} == {"right_to_wrong"}

    def test_pictures_of_at_most_24_photos(self, everything: str) -> None:
        images = [
            Image.open(io.BytesIO(base64.b64decode(src.partition(",")[2])))
            for src in Parsed(everything).values("src")
        ]
        assert 0 < len(images) <= 3 * MOST_PICTURED
        assert all(max(image.size) <= SIDE for image in images)
        assert NOT_THERE in everything
        assert ALTERED in everything
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
