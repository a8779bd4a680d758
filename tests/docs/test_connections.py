"""docs/connections.md: examples are right, expressions give what it says, keys exist."""

import json
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import jmespath
import pytest

from import_relay.connections import KINDS, Connection, RecordType, check
from tests.docs.documents import document

PAGE = document("docs/connections.md")
SNIPPETS = [block.text for block in PAGE.blocks if block.language == "toml"]
SECTION_OF_KIND = {
    "json": "ERP, Zapier, Make, n8n",
    "pipedrive": "Pipedrive",
    "standard_webhooks": "Standard Webhooks",
}
RECORD, SECRETS = [json.loads(block.text) for block in PAGE.blocks if block.language == "json"]
EXPRESSIONS = [row for row in PAGE.section("Expressions").rows if len(row) == 3]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_example_is_a_right_connections_file(snippet: str, tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_text(snippet, encoding="utf-8")
    assert list(check(file)) == []


@pytest.mark.parametrize("row", EXPRESSIONS, ids=[row[0] for row in EXPRESSIONS])
def test_every_expression_gives_what_the_page_says(row: list[str]) -> None:
    _, expression, result = row
    found = jmespath.search(expression.strip("`"), RECORD)
    assert found == json.loads(result.strip("`"))


def test_every_key_of_a_record_type_is_described_and_no_other() -> None:
    described = PAGE.section("All keys").first_cells()
    of_connection = {"kind", "contact", "deal", "appointment"}
    assert of_connection <= described
    keys = {field.name for field in fields(RecordType)} - {"name"}
    assert described - of_connection == keys


@pytest.mark.parametrize("kind", KINDS)
def test_the_options_of_each_kind_are_described_and_no_other(kind: str) -> None:
    section = PAGE.section(SECTION_OF_KIND[kind])
    assert section.first_cells() == set(import_module(KINDS[kind]).OPTIONS)


def test_every_kind_is_named_and_no_other() -> None:
    assert SECTION_OF_KIND.keys() == KINDS.keys()
    secrets = [row[0].strip("`") for row in PAGE.section("Secrets").rows]
    assert sorted(secrets) == sorted(KINDS)
    (kinds,) = [row[1] for row in PAGE.section("All keys").rows if row[0] == "`kind`"]
    assert all(f"`{kind}`" in kinds for kind in KINDS)


def test_secrets_are_lists_of_texts() -> None:
    assert all(isinstance(secret, str) for secrets in SECRETS.values() for secret in secrets)


def test_the_default_header_is_the_one_of_the_code() -> None:
    connection = Connection("erp", "json")
    header = import_module(KINDS[connection.kind]).DEFAULT_HEADER
    assert f"`{header}`" in PAGE.section(SECTION_OF_KIND["json"]).text
