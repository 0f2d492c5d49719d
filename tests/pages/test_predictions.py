"""The printed report: whole, in two languages, and referring to nothing outside itself."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edgetlc.errors import InputError, MissingExtraError
from edgetlc.locale import _
from edgetlc.pages import pdf, predictions
from edgetlc.pages.predictions import check_report, write_report
from edgetlc.pages.render import page
from edgetlc.results.pictures import PhotoSheet, evidence, photo_sheet
from edgetlc.results.records import Record, record
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.policy import DecisionPolicy, ShownRate
from edgetlc.runtime.prediction import Prediction, Unreadable
from edgetlc.runtime.verification import Caution, RecordedVerification

Predict = Callable[..., Prediction]
TIME = "2026-11-02 14:05+08:00"
HOSTILE = "<script>alert('陈皮')</script>\"&'"


class Page(HTMLParser):
    """Checks that elements nest; collects references, names of elements, and text by language."""

    VOID = frozenset({"meta", "img", "br", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.names: set[str] = set()
        self.references: list[str] = []
        self.anchors: set[str] = set()
        self.en, self.zh = "", ""
        self.feed(text)
        self.close()
        assert self.open == []
        self.en, self.zh = (" ".join(told.split()) for told in (self.en, self.zh))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.references += [v or "" for n, v in attrs if n in ("src", "href", "srcset", "action")]
        self.anchors |= {value or "" for name, value in attrs if name == "id"}
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("lang")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag
        if tag in ("td", "th", "p"):
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        tags, languages = zip(*self.open, strict=True) if self.open else ((), ())
        if "style" not in tags:
            inside = languages[1:]  # the first is of the whole page
            self.en += data if "zh-CN" not in inside else ""
            self.zh += data if "en" not in inside else ""


@pytest.fixture(scope="module")
def classifier(small_bundle: Path) -> Classifier:
    """A classifier whose policy states its rates; its answers are not asked for."""
    opened = Classifier.open(small_bundle)
    policy = DecisionPolicy(
        0.55, 0.9, 1.5, ShownRate(0.05, 212, 4, 0.0427), ShownRate(0.02, 40, 0, 0.0722)
    )
    manifest = replace(opened.bundle.manifest, decision={"fp32": policy})
    return replace(opened, bundle=replace(opened.bundle, manifest=manifest))


@pytest.fixture
def content() -> bytes:
    """A photo's bytes."""
    stream = io.BytesIO()
    Image.new("RGB", (120, 90), (180, 120, 60)).save(stream, "JPEG")
    return stream.getvalue()


Photos = Callable[..., tuple[Record, PhotoSheet | None]]


@pytest.fixture
def photo_of(classifier: Classifier, content: bytes, predicted: Predict) -> Photos:
    """`photo_of("a.jpg", confidence=0.5)` returns the record and the sheet of a prediction."""

    def make(file: str = "a.jpg", of: Classifier = classifier, **changes: object) -> Any:
        prediction = predicted(file, **changes)
        seen = evidence(prediction, content, "squash")
        return record(prediction), photo_sheet(of, prediction, content, seen)

    return make


def html(classifier: Classifier, *photos: tuple[Record, PhotoSheet | None]) -> str:
    values = predictions._values(classifier, photos, TIME)
    return "".join(page("predictions.html.jinja", **values))


UNREADABLE = (record(Unreadable("x.jpg", "not a photo")), None)


class TestSheet:
    def test_holds_what_the_decision_rests_on(
        self, photo_of: Photos, classifier: Classifier, content: bytes
    ) -> None:
        name = "0617440100299008-2024001-2-003.jpg"
        shown = Page(html(classifier, photo_of(f"photos/{name}")))
        for words in (
            "aged tangerine peel", "GENUINE",
            "Confidence 97.31%: reaches the 90.00% needed",
            "Runner-up: tangerine peel 2.00%",
            "iPhone 11", "by EXIF", "UNTESTED", "camera was not verified", "first of 12 frames",
            "asked: at most 5.00%; shown: 4 of 212 validation photos, which also chose the "
            "network, so at most 4.27% (95 %)",
            "asked: at most 2.00%; NOT shown: 0 of 40",
            name, "material code 0617440100299008 · batch 2024001", "serial 003",
            hashlib.sha256(content).hexdigest(), classifier.bundle.digest,
            "onnx-fp32", "onnxruntime ", "edgetlc ", TIME,
            "inspector", "place", "sample no.", "signature / date",
        ):  # fmt: skip
            assert words in shown.en, words
        for words in (
            "陈皮", "正品", "置信度 97.31%：达到所需的 90.00%", "次选: 橘皮 2.00%", "iPhone 11",
            "由 EXIF 得知", "未验证", "设备未验证", "未能证明；验证照片 40 张", "批次 2024001",
            "检验员", "地点", "样品编号", "签名 / 日期", classifier.bundle.digest,
        ):  # fmt: skip
            assert words in shown.zh, words
        assert "陈皮" not in shown.en
        assert "GENUINE" not in shown.zh
        assert "svg" in shown.names

    def test_the_bar_says_in_words_what_it_shows(
        self, photo_of: Photos, classifier: Classifier
    ) -> None:
        shown = html(classifier, photo_of())
        caption = shown[shown.index('<figure class="bar">') :]
        caption = Page(caption[: caption.index("</figure>") + len("</figure>")]).en
        assert "97.31%" in caption
        assert "90.00%" in caption

    def test_decisions_differ_by_word_and_shape(
        self, photo_of: Photos, classifier: Classifier
    ) -> None:
        counterfeit = ClassInfo("jupi", "橘皮", "tangerine peel", "counterfeit")
        pages = [
            html(classifier, photo_of()),
            html(classifier, photo_of(label=counterfeit)),
            html(classifier, photo_of(label=replace(counterfeit, role="unspecified"))),
            html(classifier, photo_of(decision="not_sure", confidence=0.4)),
        ]
        shapes = [shown[shown.index("<svg") : shown.index("</svg>")] for shown in pages]
        assert len(set(shapes)) == 4
        assert "tangerine peel COUNTERFEIT" in Page(pages[1]).en
        assert "GENUINE" not in Page(pages[1]).en
        shown = Page(pages[3])
        assert "NOT SURE: send the piece to the laboratory" in shown.en
        assert "不确定" in shown.zh
        assert "最可能: 陈皮" in shown.zh
        assert "is below the 90.00% needed" in shown.en
        assert "GENUINE" not in shown.en

    def test_verification(self, photo_of: Photos, classifier: Classifier) -> None:
        verified = replace(
            classifier, verification=RecordedVerification({}, frozenset(), 0.02, True)
        )
        shown = Page(html(verified, photo_of(verified="PASS")))
        assert "PASS (accuracy drop below 2.00%)" in shown.en
        assert "通过 (准确率下降低于 2.00%)" in shown.zh
        assert "FAIL" in Page(html(verified, photo_of(verified="FAIL"))).en

    def test_unknown_camera(
        self, photo_of: Photos, predicted: Predict, classifier: Classifier
    ) -> None:
        camera = replace(predicted().camera, camera=None, by=None, conflict="EXIF fits two")
        shown = Page(html(classifier, photo_of(camera=camera)))
        assert "camera unknown" in shown.en
        assert "note EXIF fits two" in shown.en

    def test_policy_without_figures(self, photo_of: Photos, small_bundle: Path) -> None:
        shown = Page(html(Classifier.open(small_bundle), photo_of()))
        assert shown.en.count("not measured") == 2

    def test_a_simulated_photo_says_so(
        self, classifier: Classifier, photo_of: Photos, predicted: Predict
    ) -> None:
        rendered = replace(predicted().camera, simulated=True)
        assert "SIMULATED photo" in Page(html(classifier, photo_of(camera=rendered))).en
        assert "模拟照片" in Page(html(classifier, photo_of(camera=rendered))).zh
        assert "SIMULATED photo" not in Page(html(classifier, photo_of())).en


class TestReport:
    def test_one_photo_has_no_summary(self, photo_of: Photos, classifier: Classifier) -> None:
        assert html(classifier, photo_of()).count("<section") == 1

    def test_several_have_a_summary_first(self, photo_of: Photos, classifier: Classifier) -> None:
        text = html(classifier, photo_of("a.jpg"), UNREADABLE, photo_of("b.jpg"))
        shown = Page(text)
        assert text.count("<section") == 3
        assert "answered: 2 · not sure: 0 · UNREADABLE: 1" in shown.en
        assert "not a photo" in shown.en
        links = {ref[1:] for ref in shown.references if ref.startswith("#p")}
        assert len(links) == 2
        assert links <= shown.anchors
        assert shown.en.count("camera was not verified") == 3  # once in the summary
        assert "1 of 3" in shown.en
        assert "3 of 3" in shown.en

    def test_only_an_unreadable_photo(self, classifier: Classifier) -> None:
        assert "x.jpg" in Page(html(classifier, UNREADABLE)).en

    def test_why_a_photo_is_unreadable_stands_in_both_languages(
        self, classifier: Classifier
    ) -> None:
        unreadable = record(Unreadable("x.jpg", _("PASS")))
        shown = Page(html(classifier, (unreadable, None)))
        assert "UNREADABLE: PASS" in shown.en
        assert "无法读取: 通过" in shown.zh

    def test_refers_to_nothing_outside(self, photo_of: Photos, classifier: Classifier) -> None:
        text = html(classifier, photo_of("a.jpg"), photo_of("b.jpg"))
        shown = Page(text)
        assert shown.references
        assert all(ref.startswith(("data:image/jpeg;base64,", "#")) for ref in shown.references)
        assert not {"script", "link", "iframe", "object", "base", "form"} & shown.names
        assert "http:" not in text
        assert "https:" not in text
        assert "@import" not in text
        assert "url(" not in text
        assert "default-src &#39;none&#39;" in text

    def test_hostile_text_stays_text(
        self, photo_of: Photos, classifier: Classifier, own_caution: Callable[..., Caution]
    ) -> None:
        label = ClassInfo(HOSTILE, HOSTILE, f"{HOSTILE} en", "genuine")
        caution = own_caution("camera-untested", f"{HOSTILE} caution", HOSTILE)
        changes: dict[str, object] = {
            "label": label,
            "runner_up": label,
            "notes": (HOSTILE, "\0\x1b"),
            "cautions": (caution,),
        }
        file = f"dir/{HOSTILE.replace('/', '')}\n\udcb3.jpg"
        unreadable = (record(Unreadable(HOSTILE, HOSTILE)), None)
        text = html(classifier, photo_of(file, **changes), unreadable)
        shown = Page(text)
        assert "script" not in shown.names
        assert shown.zh.count(HOSTILE) >= 7
        text.encode("utf-8")


class TestFiles:
    def test_html(self, photo_of: Photos, classifier: Classifier, tmp_path: Path) -> None:
        photos = [photo_of()]
        write_report(tmp_path / "r.html", classifier, photos, TIME)
        written = (tmp_path / "r.html").read_text(encoding="utf-8")
        assert written == html(classifier, *photos)

    @pytest.mark.parametrize("name", ["r.docx", "r", "pdf"])
    def test_other_kinds(self, name: str) -> None:
        with pytest.raises(InputError, match=r"name it \.html or \.pdf"):
            check_report(Path(name), 1)

    def test_more_photos_than_sensible(self) -> None:
        check_report(Path("r.html"), 200)
        with pytest.raises(InputError, match="a report of 201 photos; 200 are allowed"):
            check_report(Path("r.html"), 201)


@pytest.fixture
def weasyprint() -> None:
    try:
        pdf.need_pdf()
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("weasyprint")
class TestPdf:
    def test_one_sheet_per_photo(
        self,
        photo_of: Photos,
        classifier: Classifier,
        own_caution: Callable[..., Caution],
        tmp_path: Path,
    ) -> None:
        rate = "first of 12 frames", "the EXIF says another thing than the name of the file"
        said = ("camera was not verified " * 5, "设备")
        cautions = tuple(own_caution(f"c{n}", *said) for n in range(3))
        photos = [photo_of(name, notes=rate, cautions=cautions) for name in ("a.jpg", "b.jpg")]
        write_report(tmp_path / "r.pdf", classifier, photos, TIME)
        content = (tmp_path / "r.pdf").read_bytes()
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")
        streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
        objects = b"".join(_inflated(stream) for stream in streams)
        assert b"/Count 3" in objects

    @pytest.mark.parametrize(
        "place", ["http://127.0.0.1:9/x.png", "file:///etc/hostname", "ftp://127.0.0.1/x.png"]
    )
    def test_nothing_is_fetched(self, place: str) -> None:
        with pytest.raises(InputError, match="refers to something outside itself"):
            pdf.to_pdf(f'<p>a<img src="{place}">')

    def test_fewer_photos(self) -> None:
        check_report(Path("r.pdf"), 100)
        with pytest.raises(InputError, match="101 photos; 100 are allowed"):
            check_report(Path("r.pdf"), 101)


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:  # a picture
        return b""


PREDICT = """
import sys
from edgetlc.cli.app import main
sys.argv = ["edgetlc", "predict", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
assert "onnxruntime" in sys.modules
loaded = {"jinja2", "edgetlc.pages", "weasyprint"} & set(sys.modules)
assert not loaded, loaded
"""


def test_predicting_without_a_report_loads_no_page(small_bundle: Path, tmp_path: Path) -> None:
    photo = small_bundle / "golden" / "00.jpg"
    words = (small_bundle, photo, "--results-file", tmp_path / "r.csv", "--overlay", tmp_path)
    subprocess.run([sys.executable, "-c", PREDICT, *map(str, words)], check=True)


class TestPdfIsMissing:
    def test_weasyprint(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "weasyprint", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'edgetlc\[pdf\]'"):
            check_report(Path("r.pdf"), 1)

    def test_a_library_that_will_be_needed_is_no_error(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """WeasyPrint without HarfBuzz-Subset works, and warns on import."""
        text = "HarfBuzz-Subset will be required by future versions of WeasyPrint. Please install"
        (tmp_path / "weasyprint.py").write_text(
            f"import warnings; warnings.warn({text!r}, DeprecationWarning)"
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
        check_report(Path("r.pdf"), 1)

    def test_pango(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """WeasyPrint is there, and raises OSError on import without the system library."""

        class Finder:
            def find_spec(self, name: str, *_: object) -> None:
                if name == "weasyprint":
                    raise OSError("cannot load library 'libpango-1.0-0'")

        monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
        with pytest.raises(MissingExtraError, match="Pango"):
            check_report(Path("r.pdf"), 1)
