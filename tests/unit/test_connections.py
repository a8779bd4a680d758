"""connections.toml: what it says, and that each mistake in it names connection, key and what."""

from dataclasses import replace
from pathlib import Path

import pytest

from import_relay.connections import (
    KINDS,
    Connection,
    RecordType,
    check,
    load_connections,
    main,
    parse_connections,
)
from import_relay.errors import ConfigurationError
from import_relay.sources import source_for
from import_relay.sources.contract import Replies
from tests.support.builders import connections

FULL = """
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
"""

CONTACT = '[erp.contact.fields]\nexternal_id = "id"'


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_connections(text)
    return caught.value.detail.splitlines()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "connections.toml"


# what it says


def test_a_connection_is_read_with_all_that_it_says() -> None:
    connection = connections(FULL)["shop"]
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


def test_what_is_not_said_has_the_careful_default() -> None:
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
        ("erp = 1", "erp", "table"),
        (f"[erp]\n{CONTACT}", "kind", "must be one of"),
        (f'[erp]\nkind = "salesfarce"\n{CONTACT}', "kind", "salesfarce"),
        (f"[erp]\nkind = 1\n{CONTACT}", "kind", "must be one of"),
        ('[erp]\nkind = "json"', "contact", "at least one of contact, deal, appointment"),
        ('[erp]\nkind = "json"\ncontact = "no"', "contact", "must be a table"),
        (f'[erp]\nkind = "json"\nport = 1\n{CONTACT}', "port", "options are texts"),
        (f'[erp]\nkind = "json"\n{CONTACT}\n[erp.lead.fields]\na = "b"', "lead", "record type"),
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
                '[erp]\nkind = "json"\n[erp.contact]\ncontact_list_id = "a"\n'
                f'contact_list_external_id = "b"\n{CONTACT}'
            ),
            "contact.contact_list_id",
            "not by both",
        ),
    ],
)
def test_a_mistake_names_connection_key_and_what_is_wrong(text: str, key: str, what: str) -> None:
    (mistake,) = mistakes(text)

    assert f"connection 'erp', key {key!r}: " in mistake
    assert what in mistake
    assert mistake.startswith("connections.toml: ")


@pytest.mark.parametrize("name", ['"a b"', '"a/b"', '"ä"', '""', '"--"'])
def test_a_name_that_cannot_stand_in_an_address_is_a_mistake(name: str) -> None:
    (mistake,) = mistakes(f'[{name}]\nkind = "json"\n[{name}.contact.fields]\nexternal_id = "id"')

    assert "letters, digits, '-' and '_'" in mistake


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(
        '[a]\nkind = "x"\n[b]\nkind = "json"\n[b.contact]\nphones = "?"\n[b.contact.fields]\nx = 1'
    )

    assert [mistake.split("connection ")[1].split(":")[0] for mistake in found] == [
        "'a', key 'kind'",
        "'b', key 'contact.fields.x'",
        "'b', key 'contact.phones'",
    ]


def test_a_file_that_is_no_toml_says_where() -> None:
    (mistake,) = mistakes("[erp\nkind = 1")

    assert "line 1" in mistake


def test_a_file_that_is_not_there_is_a_configuration_error(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_connections(file)


def test_a_file_in_another_encoding_is_a_configuration_error(file: Path) -> None:
    file.write_bytes('name = "Zoë"'.encode("latin-1"))

    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_connections(file)


# the check


def test_the_check_finds_nothing_wrong_with_a_right_file(file: Path) -> None:
    file.write_text(FULL)

    assert list(check(file)) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (FULL.replace('"no"', '"a..b"'), "contact.fields.external_id"),
        (FULL.replace('auth = "header"', 'auth = "none"'), "auth"),
        (FULL.replace("when = \"type == 'order'\"\n", ""), "deal.when"),
        (FULL.replace('"json"', '"jsn"'), "kind"),
        (FULL.replace('"pass"', '"past"'), "contact.phones"),
    ],
)
def test_the_check_finds_expressions_options_and_the_rest(file: Path, text: str, key: str) -> None:
    file.write_text(text)

    (mistake,) = check(file)
    assert mistake.startswith(f"{file}: connection 'shop', key {key!r}: ")


def test_the_command_succeeds_and_names_the_connections(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FULL)

    assert main([str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: shop\n"


def test_the_command_fails_and_tells_every_mistake(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FULL.replace('"no"', '"a..b"').replace('"mail"', '"nothing(@)"'))

    assert main([str(file)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 2


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_the_command_wants_one_file(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


# kinds


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_module_that_fulfils_the_contract(kind: str) -> None:
    source = source_for(kind)

    assert all(callable(getattr(source, name)) for name in ("verify", "split", "interpret"))
    assert isinstance(source.REPLIES, Replies)
    assert set(source.OPTIONS).isdisjoint({"kind", "contact", "deal", "appointment"})
    assert all(isinstance(key, str) for key, _ in source.check_options(Connection("x", kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_leave_to_the_connection_what_it_could_not_set_back(kind: str) -> None:
    for name, default in source_for(kind).DEFAULTS.items():
        assert default == replace(
            RecordType(name, default.fields),
            version=default.version,
            when=default.when,
            allow_reassignment=default.allow_reassignment,
        )


def test_a_list_is_for_contacts_only() -> None:
    (mistake,) = mistakes('[x]\nkind = "pipedrive"\n[x.deal]\ncontact_list_id = "1"')

    assert "'deal.contact_list_id'" in mistake
    assert "is for contacts only" in mistake
