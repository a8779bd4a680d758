"""The check shows how an expression was probably meant."""

import json

import pytest

from import_relay.check.expression_hints import name_for_value, quoting_hint
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
        ("Kunden Nr.", "'\"Kunden Nr.\"'"),
        ("Kd.-Nr.", "'\"Kd.-Nr.\"'"),
        ("Preis \u20ac", "'\"Preis \u20ac\"'"),
        ("E\u2013Mail", "'\"E\u2013Mail\"'"),
        ("1. Kontakt", "'\"1. Kontakt\"'"),
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


@pytest.mark.parametrize("expression", ["a[", "join(", "a.b", "a ==", "", " ", "'it"])
def test_an_expression_that_quotes_do_not_mend_gets_no_hint_to_quote(expression: str) -> None:
    assert quoting_hint(expression) == ""


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("{{email}}", "; a path stands without braces: 'email'"),
        ("{!Contact.Email}", "; a path stands without braces: 'Contact.Email'"),
        ("data['email']", "; a path has points: 'data.email'"),
        ('data["email"][0]', "; a path has points: 'data.email[0]'"),
        ("items.0.email", "; a number in brackets chooses from a list: 'items[0].email'"),
        ("a and b", "; and is &&, or is ||: 'a && b'"),
        ("x = 'a' or y", "; and is &&, or is ||: '''x == 'a' || y'''"),
        ("x = 'a=b'", "; equality is ==: '''x == 'a=b''''"),
        ("\u201eE-Mail\u201c", "; quotation marks are plain ones: '\"E-Mail\"'"),
    ],
)
def test_what_another_language_writes_is_shown_as_jmespath_has_it(
    expression: str, hint: str
) -> None:
    assert quoting_hint(expression) == hint


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("active == true", "true"),
        ("active != false && x", "false"),
        ('type == "customer"', '"customer"'),
        ("[?type=='a' && kind != \"b\"]", '"b"'),
        ("active == `true`", ""),
        ("type == 'x == true'", ""),
        ("type == 'customer'", ""),
        ("a == true.b", ""),
        ('"E-Mail" == mail', ""),
        ("x == null", ""),
    ],
)
def test_a_name_where_a_value_was_meant_is_found(expression: str, named: str) -> None:
    shown = repr(named) if named.isalpha() else named
    beginning = f"compares with the field {shown}: " if named else ""

    found = name_for_value(expression)

    assert found.startswith(beginning)
    assert bool(found) is bool(named)
