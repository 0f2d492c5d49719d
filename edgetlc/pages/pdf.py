"""HTML to PDF through WeasyPrint, an optional extra, cut off from the network and the disk."""

from __future__ import annotations

import warnings
from typing import Any

from edgetlc.errors import InputError, MissingExtraError
from edgetlc.locale import _


def to_pdf(page: str) -> bytes:
    """Return a PDF file of an HTML page that refers to nothing outside itself.

    Raises:
        InputError: the page refers to something.
        MissingExtraError: WeasyPrint or the system library Pango is missing.
    """
    weasyprint = need_pdf()
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)
    try:
        content: bytes = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf()
    except FatalURLFetchingError as error:
        raise InputError(
            "the page refers to something outside itself: {reason}", reason=error
        ) from None
    return content


def need_pdf() -> Any:
    """Return WeasyPrint, or say what is missing here to write PDF files.

    Raises:
        MissingExtraError: WeasyPrint or the system library Pango is missing.
    """
    try:
        with warnings.catch_warnings():
            # Without the library HarfBuzz-Subset it works too, and warns that it once will not.
            warnings.filterwarnings("ignore", "HarfBuzz-Subset", DeprecationWarning)
            import weasyprint
    except ImportError:
        raise MissingExtraError(_("a PDF report"), "pdf") from None
    except OSError:  # its library is loaded on import
        raise MissingExtraError(
            _("the system library Pango was not found, and a PDF report"), "pdf"
        ) from None
    return weasyprint
