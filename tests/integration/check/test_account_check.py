"""`--account` compares the columns of connections.toml with an account, here the emulator's."""

from pathlib import Path

import httpx
import pytest

from import_relay.check.account_check import CustomField, account_mistakes, custom_fields
from import_relay.check.check_connections import main
from import_relay.domain.connections import parse_connections
from import_relay.domain.errors import ConfigurationError
from tests.integration.mateo_emulator.emulator import TOKEN, Emulator

TEXT = """
[erp]
kind = "json"
[erp.contact]
datetimes = ["last_contacted_at"]
custom_fields = ["loyalty_level"]
marketing_channels = ["newsletter"]
[erp.contact.fields]
external_id = "id"
loyalty_level = "level"
last_contacted_at = "seen"
newsletter = "news"
"""


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATEO_TOKEN", TOKEN)


def define(emulator: Emulator, entity: str, key: str, type_: str) -> None:
    content = {"entity": entity, "key": key, "type": type_}
    emulator.http.post(f"{emulator.root}/_sandbox/custom-fields", json=content).raise_for_status()


def checked(emulator: Emulator, folder: Path, text: str) -> int:
    file = folder / "connections.toml"
    file.write_text(text)
    return main([str(file), "--account", "--mateo-url", f"{emulator.root}/api/v1/"])


def test_columns_that_the_account_has_are_no_mistake_and_cost_one_request(
    emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(emulator, tmp_path, TEXT) == 0

    captured = capsys.readouterr()
    assert "3 custom fields; requests of today spent: 1\n" in captured.out
    assert captured.err == ""
    assert TOKEN not in captured.out


@pytest.mark.parametrize(
    ("text", "line", "key", "what"),
    [
        (TEXT.replace("loyalty_level", "loyalty_levle"), 10, "loyalty_levle", "'loyalty_level'"),
        (
            TEXT.replace('datetimes = ["last_contacted_at"]\n', ""),
            10,
            "last_contacted_at",
            "name it",
        ),
        (
            TEXT.replace('["last_contacted_at"]', '["last_contacted_at", "loyalty_level"]'),
            10,
            "loyalty_level",
            "is a string in the account and no datetime",
        ),
        (
            TEXT.replace('"level"', '"[level]"'),
            10,
            "loyalty_level",
            "is a string in the account, and the expression gives a list",
        ),
        (
            TEXT.replace("marketing_channels", "custom_fields").replace(
                'custom_fields = ["loyalty_level"]\n', ""
            ),
            11,
            "newsletter",
            "contact.marketing_channels",
        ),
    ],
)
def test_a_column_that_the_account_lacks_or_has_with_another_type_is_a_mistake(  # noqa: PLR0917 - pytest's own
    emulator: Emulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    line: int,
    key: str,
    what: str,
) -> None:
    assert checked(emulator, tmp_path, text) == 1

    mistake = capsys.readouterr().err.splitlines()[0]
    assert mistake.startswith(
        f"{tmp_path}/connections.toml:{line}: connection 'erp', key 'contact.fields.{key}': "
    )
    assert what in mistake


def test_more_fields_than_one_answer_lists_are_all_known(
    emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(50):
        define(emulator, "deal", f"field_{number}", "string")
    deal = '[erp]\nkind = "json"\n[erp.deal.fields]\nexternal_id = "id"\nfield_49 = "x"\n'

    assert checked(emulator, tmp_path, deal) == 0
    assert "requests of today spent: 2\n" in capsys.readouterr().out


@pytest.mark.parametrize("type_", ["string", "datetime", "date", "number", "boolean"])
@pytest.mark.parametrize("expression", ["[a, b]", "a[*].b", "`[1]`"])
def test_a_list_fits_lists_only(type_: str, expression: str) -> None:
    assert wrong(type_, expression)
    assert not wrong("string_list", expression)


@pytest.mark.parametrize(
    ("type_", "expression"),
    [
        ("date", "`1`"),
        ("number", "a == `1`"),
        ("number", "contains(a, 'x')"),
        ("boolean", "length(a)"),
        ("datetime", "`true`"),
        ("string_list", "join(' ', a)"),
        ("date", "a && `1` || `2`"),
    ],
)
def test_an_expression_of_another_type_is_a_mistake(type_: str, expression: str) -> None:
    assert wrong(type_, expression)


@pytest.mark.parametrize(
    "type_", ["string", "datetime", "date", "number", "boolean", "string_list"]
)
@pytest.mark.parametrize(
    "expression", ["a", "a.b", "a || b", "a | [0]", "`null`", "null", "max(a)"]
)
def test_what_depends_on_the_record_is_not_judged(type_: str, expression: str) -> None:
    assert not wrong(type_, expression)


def wrong(type_: str, expression: str) -> list[str]:
    listed = "datetimes = ['x']\n" if type_ == "datetime" else ""
    text = (
        f'[e]\nkind = "json"\n[e.contact]\n{listed}[e.contact.fields]\nexternal_id = "id"\n'
        f"x = '''{expression}'''"
    )
    fields = [CustomField("contact", "x", type_)]
    return [str(one) for one in account_mistakes(parse_connections(text)["e"], fields)]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_an_account_that_cannot_be_asked_says_why_without_the_token(
    status: int,
) -> None:
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status))) as client,
        pytest.raises(ConfigurationError) as caught,
    ):
        custom_fields(client, "https://mateo.example.com", TOKEN)

    told = "the token is refused" if status in (401, 403) else f"status {status}"
    assert caught.value.detail == f"the account cannot be asked: {told}"


@pytest.mark.parametrize("body", ["[1]", "{}", "[{}]", '[{"entity": 1}]', "", "<html>"])
def test_an_answer_that_is_no_list_of_fields_is_not_believed(body: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    with httpx.Client(transport=transport) as client, pytest.raises(ConfigurationError):
        custom_fields(client, "https://mateo.example.com", TOKEN)


def test_without_a_token_or_with_a_wrong_one_nothing_is_compared(
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MATEO_TOKEN", "another-token")
    assert checked(emulator, tmp_path, TEXT) == 2
    assert capsys.readouterr().err == "the account cannot be asked: the token is refused\n"

    monkeypatch.delenv("MATEO_TOKEN")
    assert checked(emulator, tmp_path, TEXT) == 2
    assert "MATEO_TOKEN" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("declared", "of_account", "is_right"),
    [
        ("text", "string", True),
        ("list", "string_list", True),
        ("number", "number", True),
        ("datetime", "datetime", True),
        ("number", "string", False),
        ("date", "datetime", False),
        ("text", "string_list", False),
    ],
)
def test_a_declared_type_is_that_of_the_account(
    declared: str, of_account: str, *, is_right: bool
) -> None:
    text = (
        '[erp]\nkind = "json"\n[erp.contact.fields]\nexternal_id = "id"\nx = "x"\n'
        f'[erp.contact.custom_fields]\nx = "{declared}"'
    )
    given = parse_connections(text)["erp"]
    fields = [CustomField("contact", "x", of_account)]

    assert (list(account_mistakes(given, fields)) == []) is is_right
