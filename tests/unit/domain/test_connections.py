"""connections.toml: what is read, and that a mistake names connection, key and what is wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from import_relay.connectors.complete_connections import kind_mistakes, option_mistakes
from import_relay.connectors.contract import Replies
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.connections import (
    Connection,
    RecordType,
    load_connections,
    parse_connections,
)
from import_relay.domain.errors import ConfigurationError
from tests.support.builders import connections

WHOLE_RECORD = """
[shop]
kind = "json"
auth = "header"
header = "X-Relay-Secret"
[shop.contact]
version = "updated_at"
when = "type == 'customer'"
country_codes = ["DE", "AT"]
datetimes = ["last_contacted_at"]
clears = ["email"]
contact_list_external_id = "customers"
phones = "pass"
[shop.contact.fields]
external_id = "no"
email = "mail"
last_contacted_at = "seen"
[shop.deal]
when = "type == 'order'"
allow_reassignment = true
[shop.deal.fields]
external_id = "id"
contact_external_id = "customer_no"
"""

CONTACT = '[erp.contact.fields]\nexternal_id = "id"'


def mistakes(text: str) -> list[str]:
    """The text's mistakes as `check_connections` shows them, without the file's name."""
    return [
        f"connection {name!r}, {mistake}"
        for name, connection in parse_connections(text).items()
        for mistake in dict.fromkeys((*connection.mistakes, *option_mistakes(connection)))
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "connections.toml"


# what it says


def test_a_connection_is_read_with_all_that_it_says() -> None:
    connection = connections(WHOLE_RECORD)["shop"]
    contact, deal = connection.record_types["contact"], connection.record_types["deal"]

    assert (connection.name, connection.kind) == ("shop", "json")
    assert connection.options == {"auth": "header", "header": "X-Relay-Secret"}
    assert contact.fields == {"external_id": "no", "email": "mail", "last_contacted_at": "seen"}
    assert (contact.version, contact.when) == ("updated_at", "type == 'customer'")
    assert contact.country_codes == ("DE", "AT")
    assert (contact.datetimes, contact.clears) == (("last_contacted_at",), ("email",))
    assert (contact.contact_list_id, contact.contact_list_external_id) == (None, "customers")
    assert (contact.phones, contact.allow_reassignment) == ("pass", None)
    assert deal.allow_reassignment is True


def test_a_key_that_is_not_given_has_the_careful_default() -> None:
    contact = connections(f'[erp]\nkind = "json"\n{CONTACT}')["erp"].record_types["contact"]

    assert contact.phones == "check"
    assert contact.clears == ()
    assert contact.allow_reassignment is None
    assert contact.version is None


def test_an_empty_file_has_no_connections() -> None:
    assert parse_connections("") == {}


# what is wrong with it


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        (f"[erp]\n{CONTACT}", "kind", "must be one of"),
        (f'[erp]\nkind = "salesfarce"\n{CONTACT}', "kind", "salesfarce"),
        (f"[erp]\nkind = 1\n{CONTACT}", "kind", "must be one of"),
        ('[erp]\nkind = "json"', "contact", "at least one of contact, deal, appointment"),
        ('[erp]\nkind = "json"\ncontact = "no"', "contact", "must be a table"),
        (f'[erp]\nkind = "json"\nport = 1\n{CONTACT}', "port", "options are texts"),
        (f'[erp]\nkind = "json"\n{CONTACT}\n[erp.lead.fields]\na = "b"', "lead", "no record type"),
        ('[erp]\nkind = "json"\n[erp.contact]', "contact.fields", "needs a table"),
        ('[erp]\nkind = "json"\n[erp.contact.fields]', "contact.fields", "needs a table"),
        (
            f'[erp]\nkind = "json"\n{CONTACT}\nemail = 1',
            "contact.fields.email",
            "JMESPath expression",
        ),
        (
            f'[erp]\nkind = "json"\n[erp.contact]\nfone = "x"\n{CONTACT}',
            "contact.fone",
            "is not known; known are fields, version",
        ),
        (f'[erp]\nkind = "json"\n[erp.contact]\nversion = 1\n{CONTACT}', "contact.version", "text"),
        (f'[erp]\nkind = "json"\n[erp.contact]\nwhen = ""\n{CONTACT}', "contact.when", "text"),
        (
            f'[erp]\nkind = "json"\n[erp.contact]\ncountry_codes = ["Germany"]\n{CONTACT}',
            "contact.country_codes",
            "ISO 3166",
        ),
        (
            f'[erp]\nkind = "json"\n[erp.contact]\ncountry_codes = "DE"\n{CONTACT}',
            "contact.country_codes",
            "ISO 3166",
        ),
        (
            f'[erp]\nkind = "json"\n[erp.contact]\ncountry_codes = ["de"]\n{CONTACT}',
            "contact.country_codes",
            "ISO 3166",
        ),
        (
            f'[erp]\nkind = "json"\n[erp.contact]\ndatetimes = "seen"\n{CONTACT}',
            "contact.datetimes",
            "must list columns",
        ),
        (
            f'[erp]\nkind = "json"\n[erp.contact]\nclears = [1]\n{CONTACT}',
            "contact.clears",
            "must list columns",
        ),
        (
            f'[erp]\nkind = "json"\n[erp.contact]\nphones = "guess"\n{CONTACT}',
            "contact.phones",
            "'check' or 'pass', not 'guess'",
        ),
        (
            f'[erp]\nkind = "json"\n[erp.contact]\nallow_reassignment = true\n{CONTACT}',
            "contact.allow_reassignment",
            "for deal and appointment only",
        ),
        (
            (
                '[erp]\nkind = "json"\n[erp.deal]\nallow_reassignment = "yes"\n'
                '[erp.deal.fields]\nexternal_id = "id"'
            ),
            "deal.allow_reassignment",
            "true or false",
        ),
        (
            (
                '[erp]\nkind = "json"\n[erp.contact]\n'
                'contact_list_id = "0b8f3f5e-1d5c-4d53-9d0c-6d3ac1a6a1b2"\n'
                f'contact_list_external_id = "b"\n{CONTACT}'
            ),
            "contact.contact_list_id",
            "not by both",
        ),
    ],
)
def test_a_mistake_names_connection_key_and_what_is_wrong(text: str, key: str, what: str) -> None:
    (mistake,) = mistakes(text)

    assert mistake.startswith(f"connection 'erp', key {key!r}: ")
    assert what in mistake


@pytest.mark.parametrize("name", ['"a b"', '"a/b"', '"ä"', '""', '"--"'])
def test_a_name_that_cannot_stand_in_an_address_is_a_mistake(name: str) -> None:
    (mistake,) = mistakes(f'[{name}]\nkind = "json"\n[{name}.contact.fields]\nexternal_id = "id"')

    assert "letters, digits, '-' and '_'" in mistake


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(
        '[a]\nkind = "x"\n[b]\nkind = "json"\n[b.contact]\nphones = "?"\n[b.contact.fields]\nx = 1'
    )

    assert [mistake.partition(":")[0] for mistake in found] == [
        "connection 'a', key 'kind'",
        "connection 'b', key 'contact.fields.x'",
        "connection 'b', key 'contact.phones'",
    ]


def test_a_connection_that_is_no_table_is_a_mistake() -> None:
    assert mistakes("erp = 1") == ["connection 'erp', must stand in a table, e.g. [erp]"]


SOUND = '[shop]\nkind = "shopify"\n'


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ("[erp\nkind = 1\n", 1),
        ('[erp]\nkind = "json\n', 2),
        (f'[erp]\nkind = "json"\n{CONTACT}\nemail = "a\\.b"\n', 5),
        (f'[erp]\nkind = "json"\n{CONTACT}\nexternal_id = "no"\n', 5),
        ("[erp]\nkind = json\n", 2),
        ('["erp".contact]\nversion = [\n', 3),
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_connection_that_is_no_toml_disables_no_other(
    broken: str, line: int, first: bool
) -> None:
    text = broken + SOUND if first else SOUND + broken
    found = parse_connections(text)

    assert found["shop"] == parse_connections(SOUND)["shop"]
    (mistake,) = found["erp"].mistakes
    assert mistake.receiving
    assert "is no TOML: " in mistake.what
    assert len(found) == 2
    assert (
        f"line {line if first else line + 2}" in mistake.what or "end of document" in mistake.what
    )


def test_a_broken_part_of_a_connection_disables_all_of_it() -> None:
    found = parse_connections('[erp]\nkind = "json"\n[shop]\nkind = "shopify"\n[erp.contact]\nx = ')

    assert found["erp"].mistakes
    assert not found["shop"].mistakes


def test_a_file_that_is_not_there_is_a_configuration_error(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_connections(file)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_with_a_byte_order_mark_is_read(file: Path, encoding: str) -> None:
    file.write_text(WHOLE_RECORD, encoding=encoding)

    assert load_connections(file) == parse_connections(WHOLE_RECORD)


def test_a_connection_in_another_encoding_is_disabled_alone(file: Path) -> None:
    other = '[b]\nkind = "json"\n[b.contact.fields]\nfull_name = "Straße"\n'
    file.write_bytes(b'[a]\nkind = "json"\n' + other.encode("latin-1"))

    found = load_connections(file)

    assert (found["a"].kind, found["a"].mistakes) == ("json", ())
    (mistake,) = found["b"].mistakes
    assert mistake.what == "is not UTF-8 (at line 6, column 18): save the file in this encoding"
    assert mistake.receiving


# kinds


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_has_a_module_that_fulfils_the_contract(kind: str) -> None:
    connector = connector_for(kind)

    assert all(callable(getattr(connector, name)) for name in ("verify", "split", "interpret"))
    assert isinstance(connector.REPLIES, Replies)
    assert set(connector.OPTIONS).isdisjoint({"kind", "contact", "deal", "appointment"})
    assert all(isinstance(key, str) for key, _ in kind_mistakes(connector, Connection("x", kind)))


@pytest.mark.parametrize("kind", kinds())
def test_a_kinds_defaults_set_no_key_that_a_connection_could_not_reset(kind: str) -> None:
    for name, default in connector_for(kind).DEFAULTS.items():
        assert default == replace(
            RecordType(name, default.fields),
            version=default.version,
            when=default.when,
            allow_reassignment=default.allow_reassignment,
        )


@pytest.mark.parametrize("given", ["customers", "17", "0b8f3f5e1d5c4d539d0c6d3ac1a6a1b2", " "])
def test_a_list_id_that_is_no_uuid_is_a_mistake(given: str) -> None:
    (mistake,) = mistakes(f'[x]\nkind = "close"\n[x.contact]\ncontact_list_id = "{given}"')

    assert "must be the list's UUID" in mistake


def test_a_list_is_for_contacts_only() -> None:
    (mistake,) = mistakes('[x]\nkind = "pipedrive"\n[x.deal]\ncontact_list_external_id = "1"')

    assert "'deal.contact_list_external_id'" in mistake
    assert "is for contacts only" in mistake


@pytest.mark.parametrize(
    ("type_", "choice", "is_right"),
    [
        ("contact", "last_takes", True),
        ("contact", "first_keeps", True),
        ("contact", "leave_out", True),
        ("contact", "nobody", False),
        ("deal", "leave_out", False),
        ("appointment", "last_takes", False),
    ],
)
def test_shared_handles_is_one_of_three_words_for_contacts(
    type_: str, choice: str, *, is_right: bool
) -> None:
    found = mistakes(f'[x]\nkind = "pipedrive"\n[x.{type_}]\nshared_handles = "{choice}"')

    expected = [] if is_right else [True]
    assert [f"'{type_}.shared_handles'" in one for one in found] == expected


def test_a_connection_may_have_a_limit_of_its_own() -> None:
    found = parse_connections('[erp]\nkind = "json"\nentities_per_day = 5000\n[b]\nkind = "json"')

    assert (found["erp"].entities_per_day, found["b"].entities_per_day) == (5000, None)
    assert found["erp"].options == {}
    assert not found["erp"].mistakes


@pytest.mark.parametrize("value", ["0", "-1", "true", '"5000"', "2.5", "[1]"])
def test_a_limit_that_is_no_whole_number_is_a_mistake(value: str) -> None:
    found = parse_connections(f'[erp]\nkind = "json"\nentities_per_day = {value}')

    (mistake,) = found["erp"].mistakes
    assert str(mistake).startswith("key 'entities_per_day': must be a whole number above 0, not ")
    assert not mistake.receiving
    assert found["erp"].entities_per_day is None
