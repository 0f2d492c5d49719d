"""The README is under test: its commands run, its tables are what the program knows."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from edgetlc.cli.app import app
from edgetlc.demo.photos import generate
from edgetlc.devices.camera import CameraProfile, Model
from edgetlc.devices.profiles import Cameras

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")

# What the tour's commands need to end in seconds instead of hours; everything else runs as written.
SMALL = {
    "edgetlc train": "--arch slim-resnet18 --size 64 --epochs 1 --batch-size 8",
}
MAY_SAY_NO = {"edgetlc verify": (0, 1, 3), "edgetlc data": (0, 1)}


def section(name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert match, f"README has no section {name}"
    return match.group(1)


def test_the_tour_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cameras: Cameras
) -> None:
    counts = dict.fromkeys(("demo-a", "demo-b", "demo-c", "demo-x"), 16)  # 12: a camera too few
    generate(tmp_path / "photos", cameras, counts=counts)
    (tmp_path / "photos" / "manifest.csv").unlink()
    photo = next(tmp_path.glob("photos/*/*.jpg"))
    shutil.copy(photo, tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^\$ (edgetlc .+)$", section("tour"), re.MULTILINE)
    assert len(commands) >= 9
    for command in commands:
        words = shlex.split(command)
        start = " ".join(words[:2])
        result = CliRunner().invoke(app, words[1:] + SMALL.get(start, "").split())
        assert result.exit_code in MAY_SAY_NO.get(start, (0,)), f"{command}\n{result.output}"


def commands_of(group: object, prefix: str = "edgetlc") -> Iterator[tuple[str, object]]:
    children = getattr(group, "commands", None)
    if children is None:
        yield prefix, group
        return
    for name, child in children.items():
        yield from commands_of(child, f"{prefix} {name}")


def test_every_command_is_in_the_readme() -> None:
    table = README[README.index("## Commands") : README.index("## Python")]
    for command, _ in commands_of(typer.main.get_command(app)):
        *parents, last = command.split()
        assert f"`{command}`" in table or (
            f"`{' '.join(parents)} " in table and f"`{last}`" in table
        ), command


def test_the_python_example_is_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path, photos_folder: Path
) -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    shutil.copytree(tiny_bundle, tmp_path / "herbs.etlc")
    shutil.copy(next(photos_folder.rglob("*.jpg")), tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    exec(code.group(1), scope)  # noqa: S102 - the README's own lines
    prediction = scope["prediction"]
    assert getattr(prediction, "decision", None) in ("answer", "not_sure")


def test_the_camera_table_is_what_the_profiles_say(cameras: Cameras) -> None:
    head = ("no.", "camera", "id", "row of the table", "EXIF model", "year, chip")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_row(profile)) + " |" for profile in cameras]
    expected = "\n".join(lines) + "\n"
    assert section("cameras") == expected, f"the table should be:\n{expected}"


def _row(camera: CameraProfile) -> tuple[str, ...]:
    evidence = "seen" if any(p.evidence == "seen" for p in camera.exif) else "plausible"
    models = dict.fromkeys(p.model for p in camera.exif if p.evidence == evidence)
    return (
        camera.number or "–",
        f"{camera.zh} · {camera.en}",
        f"`{camera.id}`",
        camera.certainty,
        f"{evidence}: {', '.join(models)}",
        " / ".join(dict.fromkeys(_device(model) for model in camera.models)),
    )


def _device(model: Model) -> str:
    facts = [fact for fact in (model.year, model.chip) if fact is not None]
    return ", ".join(
        str(fact.value) + ("" if fact.certainty == "sure" else f" ({fact.certainty})")
        for fact in facts
    )
