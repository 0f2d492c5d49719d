"""The printed report: whole, in two languages, and referring to nothing outside itself."""

from __future__ import annotations

import hashlib
import io
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from edgetlc.errors import InputError, MissingExtraError
from edgetlc.results import pdf
from edgetlc.results.html_page import Html
from edgetlc.results.photo_page import photo_page
from edgetlc.results.photo_report import check_report, report_html, write_report
from edgetlc.results.pictures import evidence
from edgetlc.results.records import Record, RunInfo, record
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.classifier import Classifier
from edgetlc.runtime.policy import DecisionPolicy, ShownRate
from edgetlc.runtime.prediction import Prediction, Unreadable
from edgetlc.runtime.verification import RecordedVerification

Predict = Callable[..., Prediction]
TIME = "2026-11-02 14:05+08:00"
HOSTILE = "<script>alert('陈皮')</script>\"&'"


class Page(HTMLParser):
    """Checks that elements nest, and collects text, references and names of elements."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.references: list[str] = []
        self.anchors: set[str] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]
        self.references += [v or "" for n, v in attrs if n in ("src", "href", "srcset", "action")]
        self.anchors |= {value or "" for name, value in attrs if name == "id"}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


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


PageOf = Callable[..., Html]


@pytest.fixture
def page_of(classifier: Classifier, content: bytes, predicted: Predict) -> PageOf:
    def make(file: str = "a.jpg", of: Classifier = classifier, **changes: object) -> Html:
        prediction = predicted(file, **changes)
        seen = evidence(prediction, content, "squash")
        return photo_page(of, prediction, content, seen, TIME)

    return make


def whole(run: RunInfo, records: Sequence[Record], pages: Sequence[Html]) -> str:
    return "".join(report_html(run, records, pages, TIME))


class TestPage:
    def test_holds_what_the_decision_rests_on(
        self, page_of: PageOf, classifier: Classifier, content: bytes
    ) -> None:
        name = "0617440100299008-2024001-2-003.jpg"
        page = Page(page_of(f"photos/{name}"))
        for words in (
            "陈皮 aged tangerine peel", "正品 GENUINE",
            "置信度 Confidence 97.31%", "reaches the 90.00% needed", "达到所需的 90.00%",
            "次选 Runner-up 橘皮 tangerine peel 2.00%",
            "苹果 iPhone 11", "由 EXIF 得知 by exif", "未验证 UNTESTED",
            "设备未验证", "camera was not verified", "first of 12 frames",
            "4 of 212 validation photos, so at most 4.3%", "asked: at most 5.0%; shown",
            "asked: at most 2.0%; NOT shown", "未能证明", "验证照片 40 张",
            name, "0617440100299008", "批次 batch 2024001", "序号 serial 003",
            hashlib.sha256(content).hexdigest(), classifier.bundle.digest,
            "onnx-fp32", "onnxruntime ", "edgetlc ", TIME,
            "检验员 inspector", "地点 place", "样品编号 sample no.", "signature / date",
        ):  # fmt: skip
            assert words in page.text, words
        assert len(page.references) == 2
        assert "svg" in page.names

    def test_decisions_differ_by_word_and_shape(self, page_of: PageOf) -> None:
        counterfeit = ClassInfo("jupi", "橘皮", "tangerine peel", "counterfeit")
        pages = [
            page_of(),
            page_of(label=counterfeit),
            page_of(label=replace(counterfeit, role="unspecified")),
            page_of(decision="not_sure", confidence=0.4),
        ]
        shapes = [page[page.index("<svg") : page.index("</svg>")] for page in pages]
        assert len(set(shapes)) == 4
        assert "伪品 COUNTERFEIT" in Page(pages[1]).text
        assert "GENUINE" not in Page(pages[1]).text
        text = Page(pages[3]).text
        assert "NOT SURE: send the piece to the laboratory" in text
        assert "不确定" in text
        assert "最可能 most likely : 陈皮" in text
        assert "is below the 90.00% needed" in text
        assert "GENUINE" not in text

    def test_verification(self, page_of: PageOf, classifier: Classifier) -> None:
        verified = replace(
            classifier, verification=RecordedVerification({}, frozenset(), 0.02, True)
        )
        page = Page(page_of(of=verified, verified="PASS"))
        assert "通过 PASS ( 精度下降低于 2.0% accuracy drop below 2.0% )" in page.text
        assert "FAIL" in Page(page_of(of=verified, verified="FAIL")).text

    def test_unknown_camera(self, page_of: PageOf, predicted: Predict) -> None:
        camera = replace(predicted().camera, camera=None, by=None, conflict="EXIF fits two")
        page = Page(page_of(camera=camera))
        assert "未知 unknown" in page.text
        assert "备注 note EXIF fits two" in page.text

    def test_policy_without_figures(self, page_of: PageOf, small_bundle: Path) -> None:
        page = Page(page_of(of=Classifier.open(small_bundle)))
        assert page.text.count("未测定 not measured") == 2

    def test_a_simulated_photo_says_so(
        self, classifier: Classifier, predicted: Predict, content: bytes
    ) -> None:
        plain = predicted()
        rendered = replace(plain, camera=replace(plain.camera, simulated=True))
        for one, marked in ((plain, False), (rendered, True)):
            seen = evidence(one, content, "squash")
            page = Page(photo_page(classifier, one, content, seen, TIME))
            assert ("模拟照片" in page.text and "SIMULATED photo" in page.text) == marked


class TestReport:
    def test_one_photo_has_no_summary(
        self, run: RunInfo, predicted: Predict, page_of: PageOf
    ) -> None:
        text = whole(run, [record(predicted())], [page_of()])
        assert text.count("<section") == 1

    def test_several_have_a_summary_first(
        self, run: RunInfo, predicted: Predict, page_of: PageOf
    ) -> None:
        names = ("a.jpg", "b.jpg")
        records = [record(predicted(name)) for name in names]
        records.insert(1, record(Unreadable("x.jpg", "not a photo")))
        page = Page(whole(run, records, [page_of(name) for name in names]))
        assert "给出结论 answered : 2 · 不确定 not sure : 0 · 无法读取 UNREADABLE : 1" in page.text
        assert "not a photo" in page.text
        links = {ref[1:] for ref in page.references if ref.startswith("#")}
        assert len(links) == 2
        assert links <= page.anchors

    def test_only_an_unreadable_photo(self, run: RunInfo) -> None:
        page = Page(whole(run, [record(Unreadable("x.jpg", "not a photo"))], []))
        assert "x.jpg" in page.text

    def test_refers_to_nothing_outside(
        self, run: RunInfo, predicted: Predict, page_of: PageOf
    ) -> None:
        records = [record(predicted("a.jpg")), record(predicted("b.jpg"))]
        text = whole(run, records, [page_of("a.jpg"), page_of("b.jpg")])
        page = Page(text)
        assert page.references
        assert all(ref.startswith(("data:image/jpeg;base64,", "#")) for ref in page.references)
        assert not {"script", "link", "iframe", "object", "base", "form"} & page.names
        assert "http:" not in text
        assert "https:" not in text
        assert "@import" not in text
        assert "url(" not in text
        assert "default-src 'none'" in text

    def test_hostile_text_stays_text(
        self, run: RunInfo, predicted: Predict, page_of: PageOf
    ) -> None:
        label = ClassInfo(HOSTILE, HOSTILE, f"{HOSTILE} en", "genuine")
        changes: dict[str, object] = {
            "label": label, "runner_up": label, "notes": (HOSTILE, "\0\x1b"),
        }  # fmt: skip
        file = f"dir/{HOSTILE.replace('/', '')}\n\udcb3.jpg"
        records = [record(predicted(file, **changes)), record(Unreadable(HOSTILE, HOSTILE))]
        text = whole(run, records, [page_of(file, **changes)])
        page = Page(text)
        assert "script" not in page.names
        assert page.text.count(HOSTILE) >= 6
        text.encode("utf-8")

    def test_both_languages(self, run: RunInfo, predicted: Predict, page_of: PageOf) -> None:
        text = whole(run, [record(predicted())], [page_of()])
        assert '<html lang="zh-CN">' in text
        assert text.count('lang="en"') > 20
        assert text.count('lang="zh-CN"') > 20


class TestFiles:
    def test_html(self, run: RunInfo, predicted: Predict, page_of: PageOf, tmp_path: Path) -> None:
        records, pages = [record(predicted())], [page_of()]
        write_report(tmp_path / "r.html", run, records, pages, TIME)
        written = (tmp_path / "r.html").read_text(encoding="utf-8")
        assert written == whole(run, records, pages)

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
        self, run: RunInfo, predicted: Predict, page_of: PageOf, tmp_path: Path
    ) -> None:
        names = ("a.jpg", "b.jpg")
        records = [record(predicted(name)) for name in names]
        pages = [page_of(name) for name in names]
        write_report(tmp_path / "r.pdf", run, records, pages, TIME)
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


class TestPdfIsMissing:
    def test_weasyprint(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "weasyprint", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'edgetlc\[pdf\]'"):
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
