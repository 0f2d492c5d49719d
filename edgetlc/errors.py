"""The errors a user can meet, as one tree, each with its exit code.

    EdgetlcError
    ├── InputError             2  a file, folder, option or bundle is not as required
    │   ├── ImageError         2  one photo cannot be read (a batch goes on without it)
    │   ├── BundleError        2  a bundle is damaged, unsafe or of another schema
    │   └── MissingExtraError  2  the command needs a package that is not installed
    └── GateError              1  a check ran and its answer is "no"

A message says what was found, what is allowed and what to do next, in one line. Too little
evidence for a verdict is an answer, not an error: such a command ends with 3.
"""

from __future__ import annotations

from typing import Any

from edgetlc.locale import _, message

PASSED = 0
FAILED = 1
BAD_INPUT = 2
NOT_ENOUGH_EVIDENCE = 3


class EdgetlcError(Exception):
    """Base of all errors that are shown as one line; `exit_code` is the process's status.

    Attributes:
        text: the message, which can be said in the user's language; `str(error)` is English.
    """

    exit_code = BAD_INPUT

    def __init__(self, text: str, /, **values: Any) -> None:
        """Make an error of a message, or of its English text and what fills its placeholders."""
        self.text = message(text, **values)
        super().__init__(self.text)


class InputError(EdgetlcError):
    """A file, folder, option or value is not as required."""


class ImageError(InputError):
    """One photo cannot be read; a batch reports it and goes on."""


class BundleError(InputError):
    """A bundle is damaged, unsafe or written for another schema version."""


class MissingExtraError(InputError):
    """The command needs an optional package that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        package = f"edgetlc[{extra}]" if extra else "edgetlc"
        super().__init__(
            _("{what} needs an optional part: pip install '{package}'", what=what, package=package)
        )


class GateError(EdgetlcError):
    """A check ran to its end and its answer is "no"."""

    exit_code = FAILED
