"""A connector is found by its folder alone, as that of docs/connectors.md shows."""

import hmac
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from import_relay import connectors
from import_relay.connectors import kinds as registry
from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Request
from import_relay.connectors.usable_connections import mistakes_of
from import_relay.domain.connections import Connection, parse_connections
from import_relay.domain.errors import SignatureError
from import_relay.mapping.record_mapping import RecordMapping
from relay_ops.exits import UsageMistake
from relay_ops.signing import authenticated
from tests.docs.documents import ROOT, Document

PAGE = Document(ROOT / "docs/connectors.md")
SECRET = "a-secret-of-acme"
BODY = {
    "delivery": "d-1",
    "contact": {
        "id": 7,
        "name": "Ada Example",
        "mail": "ada@example.com",
        "phones": ["+49 151 12345678"],
        "changed_at": "2026-11-21T12:00:00Z",
    },
}


@pytest.fixture(autouse=True)
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's connector in a folder of its own."""
    folder = tmp_path / "acme"
    folder.mkdir()
    code = PAGE.section("The code").blocks[0].text
    (folder / "events.py").write_text(code, encoding="utf-8")
    (folder / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])
    registry.kinds.cache_clear()
    registry.connector_for.cache_clear()
    yield
    registry.kinds.cache_clear()
    registry.connector_for.cache_clear()
    for name in [one for one in sys.modules if one.startswith("import_relay.connectors.acme")]:
        del sys.modules[name]


def connection() -> Connection:
    return parse_connections('[shop]\nkind = "acme"')["shop"]


def request(*, secret: str = SECRET) -> Request:
    body = json.dumps(BODY).encode()
    headers = {"acme-signature": hmac.digest(secret.encode(), body, "sha256").hex()}
    return Request("POST", "/webhooks/shop", "", headers, body, 1)


def test_a_kind_exists_once_its_folder_does() -> None:
    assert "acme" in registry.kinds()
    assert not any(mistakes_of({"shop": connection()}).values())


def test_its_webhook_is_verified_split_interpreted_and_mapped_by_default() -> None:
    connector = registry.connector_for("acme")

    connector.verify(request(), [SECRET], {}, now=0)
    (item,) = connector.split(request(), {})
    change = connector.interpret(json.loads(item.text), connection())

    assert item.event_id == "d-1"
    assert change.record == BODY["contact"]
    assert change.version == 1_795_262_400_000_000
    mapping = RecordMapping(with_defaults(connection()).record_types["contact"])
    assert mapping.columns(change.record).values == {
        "external_id": "7",
        "full_name": "Ada Example",
        "email": "ada@example.com",
        "whatsapp": "+4915112345678",
    }


def test_a_webhook_that_acme_did_not_sign_is_refused() -> None:
    with pytest.raises(SignatureError):
        registry.connector_for("acme").verify(request(secret="guessed"), [SECRET], {}, now=0)


def test_relay_try_signs_as_acme_does() -> None:
    unsigned = replace(request(), headers={})

    assert authenticated(unsigned, connection(), [SECRET]) == request()
    with pytest.raises(UsageMistake):
        authenticated(unsigned, connection(), [])


def test_a_folder_without_events_or_a_fetcher_offers_none() -> None:
    assert "shared" not in registry.kinds()
    assert not registry.can_fetch("acme")


def test_each_connector_of_a_crm_is_a_kind_of_its_own() -> None:
    found = [kind for kind in registry.kinds() if kind.startswith("salesforce")]

    assert found == ["salesforce_cdc", "salesforce_flow", "salesforce_outbound"]
    assert [kind for kind in found if registry.can_fetch(kind)] == ["salesforce_cdc"]
