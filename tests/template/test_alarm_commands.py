"""Each alarm's text names the one command to run first; the runbook's section begins with it."""

import re
import shlex
from itertools import pairwise

import pytest
import typer

from relay_ops.app import LazyGroup
from tests.template.expanded import ROOT, source

ALARMS = {
    name: resource["Properties"]
    for name, resource in source()["Resources"].items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}
FIRST = re.compile(r"First run `(relay [^`]+)`\.$")
SECTION = re.compile(r"^### (\S+)$", re.MULTILINE)


def first_command(name: str) -> str:
    """The command that the alarm's text ends with."""
    description = ALARMS[name]["AlarmDescription"]
    found = FIRST.search(description)
    assert found is not None, f"{name} does not end with its first command: {description}"
    return found[1]


def sections() -> dict[str, str]:
    """Heading → text of each alarm's section of the runbook."""
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    found = [*SECTION.finditer(page), None]
    return {
        here[1]: page[here.end() : after.start() if after else None].lstrip()
        for here, after in pairwise(found)
        if here is not None
    }


def section_of(name: str) -> str:
    """The heading of an alarm in the runbook."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_names_one_command_that_exists_with_these_options(name: str) -> None:
    _relay, command, *arguments = shlex.split(first_command(name))
    assert ALARMS[name]["AlarmDescription"].count("`relay ") == 1
    group = LazyGroup(name="relay")
    found = group.get_command(typer.Context(group), command)
    assert found is not None, f"relay has no command {command}"
    found.make_context(command, arguments).close()


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_the_section_of_an_alarm_begins_with_the_same_command(name: str) -> None:
    begins = f"**First run** `{first_command(name)}`."
    assert sections()[section_of(name)].startswith(begins)
