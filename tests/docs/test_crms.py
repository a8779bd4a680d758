"""docs/crms: a page per kind whose options, default mapping and examples are the code's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from import_relay.check.check_connections import check
from import_relay.connectors.kinds import can_fetch, connector_for, kinds
from import_relay.domain.connections import RecordType
from tests.docs.documents import ROOT, Block, Document, document

PAGES = {kind: document(f"docs/crms/{kind}.md") for kind in sorted(kinds())}
EXAMPLES = [
    pytest.param(block, id=f"{kind}-{number}")
    for kind, page in PAGES.items()
    if page.path.exists()
    for number, block in enumerate(one for one in page.blocks if one.language == "toml")
]


def test_every_kind_has_a_page_and_no_other() -> None:
    assert {path.stem for path in (ROOT / "docs/crms").glob("*.md")} == set(kinds())


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_right_connections_file(example: Block, tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_text(example.text, encoding="utf-8")
    assert list(check(file)) == []


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_options_of_each_kind_are_described_and_no_other(kind: str) -> None:
    page = PAGES[kind]
    described = page.section("Options").first_cells() if "Options" in page.headings else set()
    assert described == set(connector_for(kind).OPTIONS)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_default_mapping_is_the_one_of_the_code(kind: str) -> None:
    mapped = {
        (record_type.name, column, expression)
        for record_type in connector_for(kind).DEFAULTS.values()
        for column, expression in _keys(record_type).items()
    }
    assert set(_described(PAGES[kind])) == mapped


def _keys(record_type: RecordType) -> dict[str, str]:
    """The columns, and the other expressions of a record type."""
    others = {"when": record_type.when, "version": record_type.version}
    return {**record_type.fields, **{key: text for key, text in others.items() if text}}


def _described(page: Document) -> Iterator[tuple[str, str, str]]:
    """Record type, column and expression: a table each, whose head names the record type."""
    if "Default mapping" not in page.headings:
        return
    text = page.section("Default mapping").text
    for name, rows in re.findall(
        r"^\| *`?(\w+)`? *\|.*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.MULTILINE
    ):
        for row in rows.splitlines():
            columns, expressions = re.split(r"(?<!\\)\|", row.strip().strip("|"))[:2]
            for column, expression in zip(_spans(columns), _spans(expressions), strict=True):
                yield name, column, expression


def _spans(cell: str) -> list[str]:
    """The code spans of a cell; one that holds backticks stands between two of them."""
    found = re.findall(r"`` ?(.+?) ?``|`([^`]+)`", cell)
    return [(double or single).replace("\\|", "|") for double, single in found]


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_set_up_has_the_connection_deployed(kind: str) -> None:
    """Until then its webhooks are refused, and some senders never repeat them."""
    assert re.search(r"\bdeploy\b", PAGES[kind].section("Set-up").text, re.IGNORECASE)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_page_says_what_its_statements_rest_on(kind: str) -> None:
    assert len(PAGES[kind].section("What is verified").rows) >= 2


@pytest.mark.parametrize("kind", [kind for kind in kinds() if can_fetch(kind)])
def test_every_kind_with_a_fetcher_says_where_its_token_stands(kind: str) -> None:
    assert f"{kind}.token" in PAGES[kind].text
