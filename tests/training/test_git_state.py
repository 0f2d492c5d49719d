from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgetlc.training import provenance as module
from edgetlc.training.provenance import git_state

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Run git in a repository of one commit, whatever the user's settings are."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    names = {
        f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    clean = {
        **os.environ,
        **names,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }

    def run(*words: str) -> str:
        ran = subprocess.run(
            ["git", *words], cwd=tmp_path, env=clean, capture_output=True, text=True, check=True
        )
        return ran.stdout.strip()

    run("init", "--quiet")
    (tmp_path / "file").write_text("1")
    run("add", "file")
    run("commit", "--quiet", "--message", "one")
    return run


def test_commit_and_changes(git: Git, tmp_path: Path) -> None:
    commit = git("rev-parse", "HEAD")
    (tmp_path / "untracked").write_text("a run's own output, for example")
    assert git_state(tmp_path) == {"commit": commit, "dirty": False}
    (tmp_path / "file").write_text("2")
    assert git_state(tmp_path) == {"commit": commit, "dirty": True}


def test_programs_of_the_repository_s_settings_are_not_started(git: Git, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path / 'sprung'}\n")
    trap.chmod(0o755)
    git("config", "core.fsmonitor", str(trap))
    assert git_state(tmp_path) is not None
    assert not (tmp_path / "sprung").exists()


def test_no_repository(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) is None


def test_git_that_does_not_end(git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run

    def slow(command: list[str], **given: object) -> object:
        if "status" in command:
            raise subprocess.TimeoutExpired(command, 1)
        return real(command, **given)  # type: ignore[call-overload]

    monkeypatch.setattr(module.subprocess, "run", slow)  # type: ignore[attr-defined]
    found = git_state(tmp_path)
    assert found is not None
    assert found["dirty"] is None
