"""The table of kinds in docs/connections.md, which is made of the connectors and their pages.

`python -m tests.docs.kinds_table`, as `make kinds` runs it, writes it anew.
"""

import re

from import_relay.connectors.kinds import connector_for, kinds
from tests.docs.documents import Document, document

PAGE = document("docs/connections.md")
_HEAD = "| kind | sender | becomes | one secret |\n|---|---|---|---|\n"
_SECRET = re.compile(r"^Secret: (.+?)\.( Needs a token\.)?$", re.MULTILINE)


def table() -> str:
    """A row for each kind, in the order of their names."""
    return _HEAD + "".join(map(_row, sorted(kinds())))


def written() -> str:
    """The table as the page has it."""
    _, head, rest = PAGE.section("Kinds").text.partition(_HEAD)
    assert head, f"{PAGE.name} has no table that begins with {_HEAD}"
    rows, _, _ = rest.partition("\n\n")
    return f"{head}{rows}\n"


def needs_a_token(kind: str) -> bool:
    """Whether the kind's page says so."""
    return bool(_secret(document(f"docs/crms/{kind}.md"))[2])


def _row(kind: str) -> str:
    page = document(f"docs/crms/{kind}.md")
    mapped = connector_for(kind).DEFAULTS
    types = [f"{name}s" for name in ("contact", "deal", "appointment") if name in mapped]
    becomes = ", ".join(types) or "what you map"
    token = "; needs a token" if needs_a_token(kind) else ""
    secret = _secret(page)[1]
    return f"| [`{kind}`](crms/{kind}.md) | {page.headings[0]} | {becomes}{token} | {secret} |\n"


def _secret(page: Document) -> re.Match[str]:
    found = _SECRET.search(page.text)
    assert found, f"{page.name} has no line `Secret: ….`"
    return found


if __name__ == "__main__":
    PAGE.path.write_text(PAGE.text.replace(written(), table(), 1), encoding="utf-8")
