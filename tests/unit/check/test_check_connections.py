"""The check of connections.toml: every mistake at once, with its line, before a deployment."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from import_relay.check.check_connections import check, findings, main
from import_relay.connectors.usable_connections import mistakes_of
from import_relay.domain.connections import parse_connections
from tests.support.webhooks import ROOT
from tests.unit.check.conftest import Told
from tests.unit.domain.test_connections import WHOLE_RECORD

SHIPPED = ROOT / "layers" / "connections" / "connections.toml"
ONE_COUNTRY = WHOLE_RECORD.replace(', "AT"', "")


def test_the_check_finds_nothing_wrong_with_a_right_file(file: Path) -> None:
    file.write_text(WHOLE_RECORD)

    assert list(check(file)) == []


def test_the_check_says_nothing_of_the_file_that_is_shipped() -> None:
    found = findings(SHIPPED)

    assert (found.mistakes, found.warnings) == ([], [])


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (WHOLE_RECORD.replace('"no"', '"a..b"'), 15, "contact.fields.external_id"),
        (WHOLE_RECORD.replace('auth = "header"', 'auth = "none"'), 4, "auth"),
        (WHOLE_RECORD.replace("when = \"type == 'order'\"\n", ""), 18, "deal.when"),
        (WHOLE_RECORD.replace('"json"', '"jsn"'), 3, "kind"),
        (WHOLE_RECORD.replace('"pass"', '"past"'), 13, "contact.phones"),
        (WHOLE_RECORD.replace('"no"', "\"'no'\""), 15, "contact.fields.external_id"),
    ],
)
def test_the_check_finds_expressions_options_and_the_rest(
    file: Path, text: str, line: int, key: str
) -> None:
    file.write_text(text)

    (mistake,) = check(file)
    assert mistake.startswith(f"{file}:{line}: connection 'shop', key {key!r}: ")


MANY = """
# [x] is no table here
[shop]
kind = "shopify"
[shop.contact]
country_code = ["DE"]
note = [
  "[shop.deal]",
]

[erp]
kind = "jsn"
header = 'X-[a]'
[erp.contact]
version = '''
kind = "x"
'''
fields = { external_id = "id", full_name = "E-Mail" }
[erp.deals.fields]
external_id = "id"

["c r m"]
kind = "close"
[crm2]
kind = "close
[crm3.appointment]
"""


def test_all_mistakes_of_the_file_are_told_at_once_in_its_order(told: Told) -> None:
    lines = [line.split(":")[0] for line in told(MANY)]

    assert lines == sorted(lines, key=int)
    assert lines == ["6", "7", "12", "15", "18", "19", "22", "22", "24", "25", "26"]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ('[shop]\nkind = "shoppify"', "'shopify'"),
        ('[shop]\nkind = "Shopify"', "'shopify'"),
        ('[shop]\nkind = "shopify"\n[shop.contact]\nfeilds = {a = "b"}', "'fields'"),
        ('[shop]\nkind = "shopify"\n[shop.contacts.fields]\na = "b"', "'contact'"),
        ('[shop]\nkind = "dataverse"\nheadr = "X-A"', "'header'"),
        ('[shop]\nkind = "shopify"\nknd = "x"', "'kind'"),
        ('[shop]\nkind = "shopify"\n[shop.contact.fields]\nfullname = "b"', "'full_name'"),
        ('[shop]\nkind = "shopify"\ntime_zon = "x"', "'time_zone'"),
        ('[shop]\nkind = "shopify"\nentities_per_dy = 5', "'entities_per_day'"),
        ('[shop]\nkind = "shopify"\ntime_zone = "Europe/Berln"', "'Europe/Berlin'"),
        ('[shop]\nkind = "shopify"\n[shop.contact]\ntime_zone = "europe/rome"', "'Europe/Rome'"),
        ('[shop]\nkind = "shopify"\n[shop.contact]\nrequired = ["emial"]', "'email'"),
        ('[shop]\nkind = "shopify"\n[shop.contact]\nclears = ["zip_code"]', "'zipcode'"),
        ('[shop]\nkind = "shopify"\n[shop.contact]\ncountry_codes = ["UK"]', "'GB'"),
    ],
)
def test_a_word_that_is_nearly_right_is_recognised(told: Told, wrong: str, meant: str) -> None:
    (line,) = told(wrong)

    assert f"did you mean {meant}?" in line


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('time_zone = "Europe/Berln"\n[x.contact]\n[x.deal]', ["3"]),
        ('time_zone = "Oz"\n[x.contact]\ntime_zone = "Oz"', ["3", "5"]),
        ('[x.contact]\ncountry_codes = ["XX", "YY"]\nrequired = ["a", "b"]', ["4", "4", "5", "5"]),
        ('[x.contact]\nclears = ["a"]\ndatetimes = ["b"]', ["4", "5"]),
        ('id_prefix = " "\nsame_ids_as = 1\n[x.contact]\n', ["3", "3", "4"]),
    ],
)
def test_of_several_mistakes_each_is_told_at_its_own_key(
    told: Told, text: str, lines: list[str]
) -> None:
    assert [one.split(":")[0] for one in told(f'[x]\nkind = "close"\n{text}')] == lines


def test_every_mistake_in_one_expression_is_told(told: Told) -> None:
    (line,) = told('[x]\nkind = "close"\n[x.contact.fields]\ncity = "uper(lowr(to_date(a)))"')
    for said in (
        "unknown function uper(); did you mean 'upper'?",
        "unknown function lowr(); did you mean 'lower'?",
        "to_date() takes 2 arguments",
    ):
        assert said in line


def test_a_file_of_another_encoding_is_refused_with_the_line(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes('[x]\nkind = "json"\nid_prefix = "Straße"'.encode("latin-1"))

    assert main([str(file)]) == 1
    _, said = capsys.readouterr().err.splitlines()
    assert said.startswith(f"{file}:3: connection 'x', is not UTF-8")


def test_the_check_and_the_functions_go_by_the_same_rules(told: Told, file: Path) -> None:
    told(MANY)
    disabled = [name for name, found in mistakes_of(parse_connections(MANY)).items() if found]

    assert sorted(disabled) == ["c r m", "crm2", "crm3", "erp", "shop"]
    assert {line.split("'")[1] for line in check(file)} == {*disabled}


# secrets


def test_secrets_are_judged_and_never_shown(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(
        '[a]\nkind = "close"\n[b]\nkind = "attio"\nid_prefix = "b-"\n'
        '[c]\nkind = "zoho"\nid_prefix = "c-"\n'
    )
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"a": ["hunter2"], "b": ["a-good-long-one-7361", ""]}))

    main([str(file), "--secrets", str(secrets)])

    lines = [line for line in capsys.readouterr().err.splitlines() if "secret" in line]
    said = [line.removeprefix(f"{secrets}: warning: ") for line in lines]
    assert "a secret of connection 'a' is shorter than 12 characters" in said
    assert "a secret of connection 'b' is blank" in said
    assert "connection 'c' has no secret: every request is refused" in said
    assert "hunter2" not in "".join(said)


@pytest.mark.parametrize("content", ["[1]", "{", ""])
def test_secrets_that_cannot_be_read_are_said_to_be(
    file: Path, tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(WHOLE_RECORD)
    secrets = tmp_path / "secrets.json"
    secrets.write_text(content)

    assert main([str(file), "--secrets", str(secrets)]) == 0
    assert "is no JSON object" in capsys.readouterr().err


# the command


def test_the_command_succeeds_and_names_the_connections(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(ONE_COUNTRY)

    assert main([str(file)]) == 0
    assert capsys.readouterr() == (f"{file}: shop\n", "")


def test_the_command_fails_and_tells_every_mistake(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(WHOLE_RECORD.replace('"no"', '"a..b"').replace('"mail"', '"nothing(@)"'))

    assert main([str(file)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 2


def test_a_file_that_cannot_be_read_is_a_mistake(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(file)]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_the_check_needs_no_package_that_only_tools_and_the_stack_have() -> None:
    """It runs before a deployment, with what the functions themselves need."""
    program = (
        "import sys, import_relay.check.check_connections as check\n"
        f"assert check.main([{str(SHIPPED)!r}]) == 0\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "layers/import_relay/python")},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())

    assert "jmespath" in loaded
    assert loaded.isdisjoint({"boto3", "botocore", "httpx", "pydantic", "local", "moto", "yaml"})
    assert loaded.isdisjoint({"phonenumbers", "aws_lambda_powertools"})  # they are slow to load
