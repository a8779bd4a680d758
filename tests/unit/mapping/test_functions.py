"""The functions of expressions: what they read, what they refuse, and mistakes in calling them."""

import json

import pytest

from import_relay.mapping.expressions import compile_expression, expression_mistake, named_paths
from import_relay.mapping.functions import OWN_FUNCTIONS, RelayFunctions
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.mapping.values import Unusable
from tests.support.builders import record_type


def call(expression: str, value: object = None, **others: object) -> object:
    return compile_expression(expression)({"x": value, **others})


@pytest.mark.parametrize(
    ("expression", "value", "result"),
    [
        ("to_date(x, 'DD.MM.YYYY')", "31.12.1990", "1990-12-31"),
        ("to_date(x, 'DD.MM.YYYY')", " 1.5.1990 ", "1990-05-01"),
        ("to_date(x, 'MM/DD/YYYY')", "12/31/1990", "1990-12-31"),
        ("to_date(x, 'YYYYMMDD')", "19901231", "1990-12-31"),
        ("to_datetime(x, 'DD.MM.YYYY HH:mm')", "28.11.2026 10:15", "2026-11-28T10:15:00"),
        (
            "to_datetime(x, 'DD.MM.YYYY, HH:mm:ss Uhr')",
            "28.11.2026, 9:05:07 Uhr",
            "2026-11-28T09:05:07",
        ),
        ("from_epoch(x, 's')", 1795860900, "2026-11-28T10:15:00+00:00"),
        ("from_epoch(x, 'ms')", "1795860900000", "2026-11-28T10:15:00+00:00"),
        ("from_epoch(x, 's')", -1, "1969-12-31T23:59:59+00:00"),
        ("in_zone(x, 'Europe/Berlin')", "2026-11-28T10:15:00", "2026-11-28T10:15:00+01:00"),
        ("in_zone(x, 'W. Europe Standard Time')", "2026-07-01T10:15", "2026-07-01T10:15:00+02:00"),
        ("in_zone(x, 'Europe/Berlin')", "2026-11-28T10:15:00Z", "2026-11-28T10:15:00Z"),
        ("in_zone(x, join('', ['no', 'where']))", "2026-11-28T10:15:00Z", "2026-11-28T10:15:00Z"),
        ("in_zone(x, 'Europe/Berlin')", "2026-11-28", "2026-11-28"),
        ("in_zone(x, '-05:00')", "2026-11-28T10:15:00", "2026-11-28T10:15:00-05:00"),
        ("in_zone(x, nothing)", "2026-11-28T10:15:00", "2026-11-28T10:15:00"),
        ("to_decimal(x, ',')", "1.234,50", 1234.5),
        ("to_decimal(x, ',')", "1 234 567", 1234567),
        ("to_decimal(x, ',')", "-0,5", -0.5),
        ("to_decimal(x, '.')", "1,234.50", 1234.5),
        ("to_decimal(x, ',')", 12.5, 12.5),
        ("split(x, ';')", "a; b ;;c", ["a", "b", "c"]),
        ("split(x, ';')[0]", "a@x.example; b@x.example", "a@x.example"),
        ("replace(x, 'mailto:', '')", "mailto:ada@example.com", "ada@example.com"),
        ("lower(x)", "GEWONNEN", "gewonnen"),
        ("upper(x)", "de", "DE"),
        ("trim(x)", " \u200ba\u00a0", "a"),
        ('lookup(x, `{"Ja": true, "Nein": false}`)', "Ja", True),
        ('lookup(x, `{"Ja": true, "Nein": false}`)', " Nein ", False),
        ('lookup(x, `{"1": "won", "true": "yes"}`)', 1, "won"),
        ('lookup(x, `{"1": "won", "true": "yes"}`)', True, "yes"),
        ("first_name(x)", "Ada Example", "Ada"),
        ("first_name(x)", "Dr. Ada Maria Example", "Ada"),
        ("first_name(x)", "Example, Ada", "Ada"),
        ("first_name(x)", "Prof. Dr.", None),
        ("first_name(x)", [], None),
        ("from_epoch(x, 'ns')", 1_795_253_400_000_000_000, "2026-11-21T09:30:00+00:00"),
        ("to_decimal(x, '.')", "1\u2019234.50", 1234.5),
        ("to_decimal(x, ',')", "\u22125,5", -5.5),
    ],
)
def test_a_function_reads_what_senders_write(
    expression: str, value: object, result: object
) -> None:
    assert call(expression, value) == result
    assert not expression_mistake(expression)


CALLS = {
    "to_date": "to_date(x, 'DD.MM.YYYY')",
    "to_datetime": "to_datetime(x, 'DD.MM.YYYY HH:mm')",
    "from_epoch": "from_epoch(x, 's')",
    "in_zone": "in_zone(x, 'Europe/Berlin')",
    "to_decimal": "to_decimal(x, ',')",
    "split": "split(x, ',')",
    "replace": "replace(x, 'a', 'b')",
    "lower": "lower(x)",
    "upper": "upper(x)",
    "trim": "trim(x)",
    "lookup": 'lookup(x, `{"a": 1}`)',
    "first_name": "first_name(x)",
}


def test_every_function_is_tried() -> None:
    assert CALLS.keys() == set(OWN_FUNCTIONS)


@pytest.mark.parametrize("name", OWN_FUNCTIONS)
def test_null_stays_null_and_an_empty_text_says_nothing(name: str) -> None:
    assert call(CALLS[name]) is None
    assert call(CALLS[name], " \u200b") in (None, [])
    assert named_paths(CALLS[name]) == {("x",)}


@pytest.mark.parametrize("value", [{"a": 1}, ["a"], True, "a\0"])
@pytest.mark.parametrize("name", OWN_FUNCTIONS)
def test_a_value_that_a_function_cannot_read_is_unusable_and_not_in_the_reason(
    name: str, value: object
) -> None:
    with pytest.raises(Unusable) as caught:
        call(CALLS[name], value)

    assert caught.value.value == value
    assert json.dumps(value) not in caught.value.reason


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("to_date(x, 'DD.MM.YYYY')", "1990-12-31"),
        ("to_date(x, 'DD.MM.YYYY')", "31.02.1990"),
        ("to_date(x, 'DD.MM.YYYY')", "00.00.0000"),
        ("to_datetime(x, 'DD.MM.YYYY HH:mm')", "28.11.2026 25:00"),
        ("from_epoch(x, 'ms')", "soon"),
        ("from_epoch(x, 's')", 10**19),
        ("in_zone(x, 'Europe/Berlin')", "28.11.2026"),
        ("in_zone(x, zone)", "2026-11-28T10:15:00"),
        ("to_decimal(x, ',')", "1,234.50"),
        ("to_decimal(x, ',')", "12 EUR"),
        ('lookup(x, `{"Ja": true}`)', "Vielleicht"),
        ("first_name(x)", "x" * 100_001),
    ],
)
def test_a_value_of_another_form_is_not_guessed(expression: str, value: object) -> None:
    with pytest.raises(Unusable):
        call(expression, value, zone="Nowhere/Land")


def test_the_note_names_column_value_and_reason() -> None:
    type_ = record_type(external_id="id", birthday="to_date(b, 'DD.MM.YYYY')")

    columns = RecordMapping(type_).columns({"id": 1, "b": "1990"})

    (note,) = columns.notes
    assert (note.code, note.field, note.value) == ("value.bad_expression", "birthday", "1990")
    assert note.reason == "is not of the form DD.MM.YYYY"


@pytest.mark.parametrize(
    ("expression", "mistake"),
    [
        ("nothing(x)", "unknown function nothing()"),
        ("a || b && nothing(x)", "unknown function nothing()"),
        ("items[?nothing(@)] | [0]", "unknown function nothing()"),
        ("to_date(x)", "to_date() takes 2 arguments, not 1"),
        ("lower(x, y)", "lower() takes 1 arguments, not 2"),
        ("join(x)", "join() takes 2 arguments, not 1"),
        ("to_date(x, 'DD.MM.YY')", "to_date(): a form has YYYY, MM and DD"),
        ("to_date(x, `7`)", "to_date() cannot take 7"),
        ("from_epoch(x, 'h')", "from_epoch(): the unit is one of s, ms, us"),
        ("to_decimal(x, ';')", "to_decimal(): the decimal mark is"),
        ("in_zone(x, 'Berlin')", "in_zone(): no time zone"),
        ("lookup(x, 'Ja')", "lookup() cannot take 'Ja'"),
        ("a[::0", "syntax error"),
    ],
)
def test_a_mistake_in_calling_a_function_is_found_before_any_record(
    expression: str, mistake: str
) -> None:
    assert mistake in expression_mistake(expression)


@pytest.mark.parametrize(
    "expression", ["a[0:2]", "not_null(a, b, c)", "max_by(a, &b)", "{a: lower(b)}"]
)
def test_an_expression_of_jmespath_alone_has_no_mistake(expression: str) -> None:
    assert not expression_mistake(expression)


def test_no_function_of_jmespath_is_replaced() -> None:
    from jmespath.functions import Functions

    assert not set(OWN_FUNCTIONS) & set(Functions.FUNCTION_TABLE)
    assert set(RelayFunctions.FUNCTION_TABLE) == {*OWN_FUNCTIONS, *Functions.FUNCTION_TABLE}
