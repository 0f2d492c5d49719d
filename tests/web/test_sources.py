"""The app's TypeScript sources: their imports run in no circle."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "runtime" / "web" / "src"


def test_no_module_imports_itself_by_way_of_others() -> None:
    imports = {
        file: [
            (file.parent / name).resolve()
            for name in re.findall(r"from '(\.[^']+)'", file.read_text(encoding="utf-8"))
        ]
        for file in SOURCES.resolve().rglob("*.ts")
    }
    assert any(imports.values())
    TopologicalSorter(imports).prepare()  # a CycleError names the circle
