"""docs/desk.md lists every command of `relay`, and no other."""

import re

from relay_ops.app import COMMANDS
from tests.docs.documents import document

PAGE = document("docs/desk.md")


def test_every_command_stands_in_the_table() -> None:
    cells = " ".join(row[0] for row in PAGE.section("Commands").rows)
    assert set(re.findall(r"`relay ([a-z]+)", cells)) == set(COMMANDS)
