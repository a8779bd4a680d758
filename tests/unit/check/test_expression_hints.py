"""How an expression was probably meant."""

import json

import pytest

from import_relay.check.expression_hints import quoting_hint
from tests.unit.check.conftest import Told


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ("Stra\u00dfe", "'\"Stra\u00dfe\"'"),
        ("E-Mail", "'\"E-Mail\"'"),
        ("Adresse.Stra\u00dfe", "'Adresse.\"Stra\u00dfe\"'"),
        ("Kunden Nr", "'\"Kunden Nr\"'"),
        ("[E-Mail, mail][?@]", "'[\"E-Mail\", mail][?@]'"),
        ("emails[0].E-Mail", "'emails[0].\"E-Mail\"'"),
        ("0af3.value", "'\"0af3\".value'"),
        ("join('-', [Vor-Name, \"Nach-Name\"])", "'''join('-', [\"Vor-Name\", \"Nach-Name\"])'''"),
        ("@type", "'\"@type\"'"),
    ],
)
def test_a_name_that_needs_quotes_is_shown_with_them(
    told: Told, expression: str, meant: str
) -> None:
    assert quoting_hint(expression).endswith(f" need double quotes: {meant}")
    text = json.dumps(expression)
    (line,) = told(f'[erp]\nkind = "json"\n[erp.contact.fields]\nexternal_id = "id"\ncity = {text}')
    assert line.startswith("5: connection 'erp', key 'contact.fields.city': is no JMESPath")
    assert meant in line


def test_who_writes_jsonpath_is_told_where_an_expression_begins(told: Told) -> None:
    text = '[x]\nkind = "json"\n[x.contact.fields]\nexternal_id = "$.id"'
    (mistake,) = told(text)
    assert mistake.endswith("; it begins at the record: leave out '$.'")


@pytest.mark.parametrize("expression", ["a[", "join(", "a.b", "a ==", "", "'it"])
def test_an_expression_that_quotes_do_not_mend_gets_no_such_hint(expression: str) -> None:
    assert quoting_hint(expression) == ""
