from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgetlc.cli.app import main


@dataclass(frozen=True)
class Ran:
    """What a run of the program left."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the one JSON document on standard output; anything else there is an error."""
        return json.loads(self.out)


@pytest.fixture
def edgetlc(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run the program in this process, as its entry point does: `edgetlc("predict", bundle)`."""

    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["edgetlc", *map(str, words)])
        handler = signal.getsignal(signal.SIGINT)
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            signal.signal(signal.SIGINT, handler)
        out, err = capsys.readouterr()
        status = ended.value.code
        assert status is None or isinstance(status, int), status
        return Ran(status or 0, out, err)

    return run


@pytest.fixture
def photo(photos_folder: Path) -> Path:
    """One generated photo, taken by iphone-11."""
    return next(p for p in sorted(photos_folder.rglob("*.jpg")) if "-2-" in p.name)
