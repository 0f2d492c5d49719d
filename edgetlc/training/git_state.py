"""Which source a run was started from, where its working directory is a git repository."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 10.0


@dataclass(frozen=True)
class GitState:
    """The state of a working tree.

    Attributes:
        commit: 40 or 64 hexadecimal digits.
        dirty: whether tracked files differ from it; None where git could not tell in time.
    """

    commit: str
    dirty: bool | None


def git_state(folder: Path | None = None) -> GitState | None:
    """Return the state of the repository that `folder` (the working directory) lies in.

    None without a repository, a commit or git itself: not knowing never stops a run.
    """
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return GitState(commit.strip(), None if changes is None else bool(changes.strip()))


def _git(folder: Path | None, *words: str) -> str | None:
    # No lock is taken and no program that the repository's settings name is started.
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", *words]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        ran = subprocess.run(  # noqa: S603 - fixed words, no shell
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        return ran.stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return None
