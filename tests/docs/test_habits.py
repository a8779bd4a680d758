"""What a contributor's tools read: the commands that they name exist, and mean what CI means."""

import re
import tomllib
from typing import Any

import yaml

from local.clock import seconds_until
from tests.docs.documents import ROOT


def yaml_of(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return content


def recipe(target: str) -> str:
    """Prerequisites and commands of a target of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(rf"^{target}:.*\n(?:\t.*\n)*", text, re.MULTILINE)
    assert found is not None, target
    return found[0]


def test_a_commit_runs_the_quick_part_of_make_check() -> None:
    hooks = [hook for repo in yaml_of(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]

    assert [hook["entry"] for hook in hooks] == ["make lint"]
    assert all(hook["language"] == "system" for hook in hooks)
    assert recipe("check").startswith("check: lint ")
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "$(CHECK)"):
        assert tool in recipe("lint")


def test_the_workflow_runs_the_projects_own_script() -> None:
    (job,) = yaml_of(".github/workflows/ci.yml")["jobs"].values()

    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_workflow_has_the_pythons_that_the_script_needs() -> None:
    (job,) = yaml_of(".github/workflows/ci.yml")["jobs"].values()
    versions = next(
        step["with"]["python-version"].split() for step in job["steps"] if "with" in step
    )
    wanted = set(re.findall(r"find-python (3\.\d+)", (ROOT / ".ci/run").read_text("utf-8")))

    assert wanted <= set(versions)
    assert versions[-1] == "3.11"


def test_what_the_script_leaves_out_is_there_to_be_left_out() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    globs = re.findall(r"--ignore-glob='\*/(\w+)'", script)

    assert globs
    for name in globs:
        assert [path for path in (ROOT / "tests").glob(f"*/{name}") if path.is_dir()], name


def test_the_script_runs_the_quick_tests_on_another_date_each_time() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    listed = re.search(r"dates=\(([^)]*)", script)
    assert listed is not None
    dates = re.findall(r"\b\d{4}-[\dT:-]+", listed[1])

    assert {"2027-03-28T00:30", "2028-02-29", "2030-12-31T23:58", "2038-01-20"} == {*dates}
    assert "date -u -d yesterday" in listed[1]
    assert [seconds_until(one) for one in dates]
    assert "\ntoday=$(another_date)\n" in script
    assert '\nmake TODAY="$today" quick\n' in script
    assert "--today $(TODAY)" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_script_fails_where_a_part_of_it_cannot_run() -> None:
    """`CI` makes a missing tool a failure; a second AWS is one of the parts."""
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")

    assert re.search(r"^set -euo pipefail$", script, re.MULTILINE)
    assert re.search(r"^export CI=\$\{CI:-true\}$", script, re.MULTILINE)
    for part in ("quick", "simulate SEEDS=5000", "check", "second-aws", "slow"):
        assert re.search(rf"\bmake (?:TODAY=\S+ )?{part}\b", script), part


def test_lines_are_as_long_for_editors_as_for_the_linter() -> None:
    editor = (ROOT / ".editorconfig").read_text(encoding="utf-8")
    linter = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert re.findall(r"max_line_length = (\d+)", editor) == re.findall(
        r"^line-length = (\d+)", linter, re.MULTILINE
    )


def test_the_licence_is_said() -> None:
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")


def test_whatever_may_import_no_handler_may_import_none_of_them() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = content["tool"]["importlinter"]["contracts"]
    forbidden = [set(one.get("forbidden_modules", ())) for one in contracts]
    handlers = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir()}

    assert "import_files" in handlers
    assert [one for one in forbidden if one & handlers and not handlers <= one] == []
