"""The verification as an HTML page: one file that opens offline, on a phone, in the dark, on paper.

page_summary     the verdict, what is claimed, the matrix
page_candidate   one sheet per candidate; its drawings are in page_charts
page_gallery     photos answered differently; their pictures are made in page_pictures
page_origin      other machines, unreadable photos, how to read it, where it comes from
page_words       what is said more than once
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgetlc.errors import InputError
from edgetlc.files import whole_file
from edgetlc.parity.page_candidate import candidate_sheet
from edgetlc.parity.page_gallery import gallery
from edgetlc.parity.page_origin import machines, origin, unreadable
from edgetlc.parity.page_rule import how_to_read
from edgetlc.parity.page_style import STYLE
from edgetlc.parity.page_summary import summary
from edgetlc.parity.verification import Verification
from edgetlc.results.html_page import Html, document
from edgetlc.runtime.bundle import Bundle


def write_page(path: Path, found: Verification, bundle: Bundle) -> None:
    """Write a verification as one HTML file, whole or not at all; replaces an older one.

    Photos that were answered differently are decoded again and asked about again, 24 at most.

    Args:
        path: of the page.
        found: what to tell.
        bundle: the one that was verified.

    Raises:
        InputError: another bundle.
    """
    if bundle.digest != found.bundle_digest:
        raise InputError(
            f"the verification is of the bundle {found.bundle_digest[:12]}…, {bundle.path} is "
            f"{bundle.digest[:12]}…; pass the bundle that was verified"
        )
    with whole_file(path) as stream:
        for piece in document("edgetlc: 验证报告 verification", STYLE, _sheets(found, bundle)):
            stream.write(piece.encode("utf-8"))


def _sheets(found: Verification, bundle: Bundle) -> Iterator[Html]:
    yield summary(found)
    for number, report in enumerate(found.candidates, start=1):
        yield candidate_sheet(number, report, found)
    yield gallery(found, bundle)
    yield from machines(found)
    yield from unreadable(found)
    yield how_to_read(found)
    yield origin(found, bundle)
