"""What the Makefile runs, and in which order, with scripts in the place of the tools."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.documents import ROOT

INSTALLED = (".python", ".relay", ".local", ".dev", ".sam")
RECORD = '#!/bin/sh\necho "$(basename "$0") $*" >> "$LOG"\n'
FAILING = f'{RECORD}case "$*" in *"$FAILS"*) exit 1;; esac\n'


@dataclass(frozen=True)
class Tools:
    """A folder that stands for each virtual environment; its `python` and `sam` write down what
    they are asked for, and fail where that has a certain text in it.
    """

    folder: Path

    @property
    def asked(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def make(self, target: str, fails: str = "nothing") -> subprocess.CompletedProcess[str]:
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        given = {"LOG": str(self.folder / "log"), "FAILS": fails}
        make = shutil.which("make")
        assert make, "make is needed"
        return subprocess.run(
            [make, target, f"VENV={self.folder}", f"SAM_VENV={self.folder}"],
            cwd=ROOT,
            env=environment | given,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    (tmp_path / "bin").mkdir()
    for name in ("python", "sam"):
        script = tmp_path / "bin" / name
        script.write_text(FAILING, encoding="utf-8")
        script.chmod(0o755)
    for name in INSTALLED:
        (tmp_path / name).touch()
    return Tools(tmp_path)


@pytest.mark.parametrize("target", ["up", "build", "deploy"])
def test_a_mistake_in_the_connections_ends_what_would_use_them(tools: Tools, target: str) -> None:
    done = tools.make(target, fails="import_relay.check")

    assert done.returncode != 0
    (only,) = tools.asked
    assert "-m import_relay.check layers/connections/connections.toml" in only


def test_connections_are_checked_without_what_only_developers_need(tools: Tools) -> None:
    for name in (".relay", ".local", ".dev"):
        (tools.folder / name).unlink()
    tools.make("check-connections")

    installing, checking = tools.asked
    assert "-r layers/dependencies/requirements.txt" in installing
    assert "import_relay.check" in checking


def test_the_secrets_of_the_local_stack_are_judged_before_it_starts(tools: Tools) -> None:
    tools.make("up")

    checking, starting = tools.asked
    assert "--secrets local/example_secrets.json" in checking
    assert "-m local up" in starting


@pytest.mark.parametrize(
    ("fails", "quick", "slow"),
    [
        ("nothing", "passed", "passed"),
        ("tests/unit", "failed", "passed"),
        ("tests/built", "passed", "failed"),
        ("pytest", "failed", "failed"),
    ],
)
def test_slow_tests_run_whatever_the_quick_ones_do_and_both_are_said_at_the_end(
    tools: Tools, fails: str, quick: str, slow: str
) -> None:
    done = tools.make("test", fails=fails)

    first, second = tools.asked
    assert "tests/unit" in first
    assert "tests/end_to_end tests/built" in second
    assert done.stdout.splitlines()[-2:] == [
        f"quick tests (`make quick`): {quick}",
        f"slow tests (`make slow`): {slow}",
    ]
    assert (done.returncode == 0) == (quick == slow == "passed")
