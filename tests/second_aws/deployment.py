"""What a person does with the relay's stack: builds it, deploys it, deploys it again, deletes it.

`make deploy` is a dialogue. Here it has a terminal of its own, and a question that a test does not
answer gets the default that SAM shows.
"""

import os
import platform
import pty
import re
import select
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.built.artifact import ROOT, build
from tests.second_aws import faults
from tests.support.ministack import REGION, Ministack

ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
"""Functions run on this machine."""
SAM = Path(os.environ.get("SAM", ROOT / ".venv-sam/bin/sam"))
STACK = "import-relay"
PATIENCE_S = 300.0
QUESTION = re.compile(r"\]: ?$")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Answers = Mapping[str, str | Sequence[str]]
"""A part of a question → the answer, or the answers one after the other if it is asked again."""


@dataclass
class Deployment:
    """A copy of the built application, from which SAM deploys."""

    folder: Path
    aws: Ministack
    spoken: list[str] = field(default_factory=list)
    """What was said on the terminal, by deployment."""

    def deploy(self, answers: Answers) -> int:
        """Hold the dialogue of `make deploy`; its exit code."""
        command = [str(SAM.parent / "python"), str(ROOT / "deploy.py")]
        code, spoken = on_terminal(command, self.folder, self._environment(), answers)
        self.spoken.append(spoken)
        return code

    def delete(self) -> None:
        """Remove the stack as the runbook says."""
        command = [str(SAM), "delete", "--no-prompts", "--stack-name", STACK, "--region", REGION]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "ARCHITECTURE": ARCHITECTURE,
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "SAM_CLI_TELEMETRY": "0",
        }


def built(folder: Path, aws: Ministack) -> Deployment:
    """Build for this machine, and change what ministack would not run."""
    artifact = build(ARCHITECTURE, folder)
    faults.adapt(artifact.folder)
    source = folder / "source"
    shutil.copy(ROOT / "samconfig.toml", source)
    return Deployment(source, aws)


def on_terminal(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], answers: Answers
) -> tuple[int, str]:
    """Exit code of a command and all that was said; a question is a line that ends with `]: `."""
    waiting = {
        part: [given] if isinstance(given, str) else list(given) for part, given in answers.items()
    }
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, cwd=folder, env=dict(environment), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    spoken, answered, deadline = "", 0, time.monotonic() + PATIENCE_S
    while new := _read(ours, deadline):
        spoken += COLOURS.sub("", new)
        if QUESTION.search(spoken[answered:]):
            line = spoken.splitlines()[-1]
            given = next(
                (waiting[part] for part in waiting if part in line and waiting[part]), [""]
            )
            os.write(ours, (given.pop(0) + "\n").encode())
            answered = len(spoken)
    os.close(ours)
    return process.wait(), spoken


def _read(terminal: int, deadline: float) -> str:
    """The next output; nothing once the command has ended.

    Raises:
        AssertionError: it takes too long.
    """
    ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
    assert ready, "nothing was said for too long"
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:  # Linux says so when the last process has closed it
        return ""
