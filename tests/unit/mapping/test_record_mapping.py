"""From a CRM's record to the columns of a row: expressions, types of columns, identifiers."""

import string
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from import_relay.domain.connections import RecordType
from import_relay.domain.errors import RejectedRow
from import_relay.mapping.keys import record_key
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.builders import record_type
from tests.unit.mapping.reading import checking, columns_of, rejection_of, values_of

NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=2)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)


# expressions


def test_an_expression_that_cannot_be_parsed_is_an_error_before_any_record() -> None:
    with pytest.raises(JMESPathError):
        RecordMapping(record_type(external_id="a..b"))


@pytest.mark.parametrize(
    ("expression", "record"),
    [
        ("join(' ', [a, b])", {"a": "Ada", "b": None}),
        ("join(' ', [a, b])", {"a": "Ada", "b": 1}),
        ("join(' ', a)", {"a": "Ada"}),
        ("join(a, [b])", {"a": 1, "b": "Ada"}),
        ("ceil(a)", {"a": float("inf")}),
        ("floor(a)", {"a": float("nan")}),
        ("a[::0]", {"a": [1]}),
        ("avg(a)", {"a": [10**400]}),
        ("nothing(a)", {"a": 1}),
    ],
)
def test_an_expression_that_fails_on_a_record_costs_the_column(
    expression: str, record: dict[str, object]
) -> None:
    found = columns_of({"id": 1, **record}, external_id="id", full_name=expression)

    assert found.values == {"external_id": "1"}
    assert [(note.code, note.field) for note in found.notes] == [
        ("value.bad_expression", "full_name")
    ]


def test_a_record_whose_key_expression_fails_is_rejected() -> None:
    error = rejection_of({"m": "ada@example.com"}, external_id="join('-', [a])", email="m")

    assert (error.code, error.field) == ("row.bad_mapping", "external_id")


# what is missing


@pytest.mark.parametrize("record", [{}, {"email": None}, {"email": ""}, {"email": "  "}])
def test_a_missing_value_leaves_the_column_untouched(record: dict[str, object]) -> None:
    assert values_of(record, email="email", city="city") == {}


@pytest.mark.parametrize("record", [{}, {"email": None}, {"email": ""}, {"email": "  "}])
def test_a_missing_value_of_a_clearing_column_clears_it(record: dict[str, object]) -> None:
    clearing = replace(record_type(email="email"), clears=("email",))

    assert values_of(record, clearing) == {"email": None}


def test_zero_and_false_are_values() -> None:
    record = {"orders": 0, "vip": False}

    assert values_of(record, orders="orders", vip="vip") == record


@pytest.mark.parametrize("record", [None, 1, "text", [], [{"id": 1}], True])
def test_a_record_that_is_no_object_is_rejected(record: object) -> None:
    assert rejection_of(record, external_id="id").code == "row.not_an_object"


# types of columns


@pytest.mark.parametrize(
    ("value", "sent"),
    [("12", "12"), (" 12\n", "12"), (12, "12"), (12345678901234567890, "12345678901234567890")],
)
@pytest.mark.parametrize(
    "column", ["external_id", "secondary_external_id", "contact_external_id", "instagram"]
)
def test_identifiers_are_texts_and_keep_every_digit(column: str, value: object, sent: str) -> None:
    assert values_of({"x": value}, record_type(**{column: "x"})) == {column: sent}


@pytest.mark.parametrize("value", [True, False, 1.5, 7.0, ["a"], {"a": 1}])
@pytest.mark.parametrize("column", ["external_id", "secondary_external_id", "id"])
def test_a_record_whose_key_is_unusable_is_rejected_and_not_taken_for_another(
    column: str, value: object
) -> None:
    type_ = record_type(email="m", **{column: "x"})

    error = rejection_of({"x": value, "m": "ada@example.com"}, type_)

    assert (error.code, error.field, error.value) == ("row.bad_value", column, value)


def test_a_second_id_that_is_unusable_is_left_out_beside_the_first() -> None:
    found = columns_of({"id": 1, "x": 1.5}, external_id="id", secondary_external_id="x")

    assert found.values == {"external_id": "1"}
    assert [note.field for note in found.notes] == ["secondary_external_id"]


@pytest.mark.parametrize("value", ["text", 1, 1.5, True, ["a", "b"]])
def test_custom_fields_pass_as_they_are(value: object) -> None:
    assert values_of({"x": value}, my_field="x") == {"my_field": value}


@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], [{"a": 1}], float("nan")])
def test_a_custom_field_takes_no_object_no_nested_list_and_no_nan(value: object) -> None:
    found = columns_of({"id": 1, "x": value}, external_id="id", my_field="x")

    assert found.values == {"external_id": "1"}
    assert [(note.code, note.field) for note in found.notes] == [("value.bad_type", "my_field")]


def test_a_marketing_channel_is_a_flat_column() -> None:
    assert values_of({"n": "accepted"}, newsletter="n") == {"newsletter": "accepted"}


# dates and datetimes


def test_a_naive_datetime_is_sent_as_utc_and_an_offset_is_kept() -> None:
    type_ = replace(record_type(seen="a", left="b"), datetimes=("seen", "left"))
    record = {"a": "2026-11-21 09:30:00", "b": "2026-11-21T09:30:00+01:00"}

    assert values_of(record, type_) == {
        "seen": "2026-11-21T09:30:00Z",
        "left": "2026-11-21T09:30:00+01:00",
    }


@pytest.mark.parametrize("column", ["start_time", "end_time", "confirmed_at", "cancelled_at"])
def test_the_documented_datetimes_are_known(column: str) -> None:
    appointment = RecordType("appointment", {column: "at"})

    assert values_of({"at": "2026-11-21T09:30:00"}, appointment) == {column: "2026-11-21T09:30:00Z"}


def test_a_birthday_is_a_date() -> None:
    assert values_of({"b": "1990-05-15T00:00:00Z"}, birthday="b") == {"birthday": "1990-05-15"}


def test_a_column_that_is_not_named_as_datetime_is_not_touched() -> None:
    assert values_of({"x": "2026-11-21T09:30:00"}, note="x") == {"note": "2026-11-21T09:30:00"}


@pytest.mark.parametrize("column", ["birthday", "seen"])
@pytest.mark.parametrize("value", ["15.05.1990", "soon", 1763717400, True])
def test_an_unreadable_date_or_datetime_is_left_out_with_field_and_value(
    column: str, value: object
) -> None:
    type_ = record_type(external_id="id", **{column: "x"})
    found = columns_of({"id": 1, "x": value}, replace(type_, datetimes=("seen",)))

    assert found.values == {"external_id": "1"}
    (note,) = found.notes
    assert note.code in ("value.bad_date", "value.bad_datetime")
    assert (note.field, note.value) == (column, value)
    assert str(value) not in note.reason


def test_an_empty_datetime_leaves_the_column_untouched() -> None:
    type_ = replace(record_type(seen="x"), datetimes=("seen",))

    assert values_of({"x": ""}, type_) == {}


# which record, which version


def test_the_version_comes_from_its_expression() -> None:
    mapping = RecordMapping(replace(record_type(external_id="id"), version="meta.at"))

    assert mapping.version({"meta": {"at": "1970-01-01T00:00:01Z"}}) == 1_000_000
    assert mapping.version({"meta": {}}) is None


def test_without_an_expression_a_record_has_no_version() -> None:
    assert RecordMapping(record_type(external_id="id")).version({"id": 1}) is None


@pytest.mark.parametrize("value", ["newest", True, [], 2**70])
def test_a_version_that_orders_nothing_is_rejected(value: object) -> None:
    mapping = RecordMapping(replace(record_type(external_id="id"), version="v"))

    with pytest.raises(RejectedRow) as caught:
        mapping.version({"v": value})

    assert (caught.value.code, caught.value.value) == ("row.bad_version", value)


@pytest.mark.parametrize(
    ("when", "record", "applies"),
    [
        (None, {}, True),
        ("type == 'customer'", {"type": "customer"}, True),
        ("type == 'customer'", {"type": "supplier"}, False),
        ("type", {"type": "customer"}, False),  # not the value true
        ("contains(tags, 'a')", {}, None),
        ("ceil(a) == `1`", {"a": float("inf")}, None),
    ],
)
def test_a_record_type_applies_where_its_condition_is_true(
    when: str | None, record: dict[str, object], applies: bool | None
) -> None:
    mapping = RecordMapping(replace(record_type(external_id="id"), when=when))

    assert mapping.condition(record) is applies


@given(VALUES)
def test_a_record_is_mapped_or_rejected_and_nothing_else_fails(record: Any) -> None:
    type_ = replace(
        checking("DE", external_id="a", whatsapp="b", birthday="c", seen="d", note="e || f.g"),
        datetimes=("seen",),
        version="a",
    )
    mapping = RecordMapping(type_)

    with suppress(RejectedRow):
        record_key("contact_details", mapping.columns(record).values)
        mapping.version(record)


# bounds


@pytest.mark.parametrize("column", ["whatsapp", "sms", "tags"])
def test_a_column_of_far_too_many_values_is_left_out(column: str) -> None:
    type_ = record_type(external_id="id", **{column: "x"})

    found = columns_of({"id": 1, "x": ["1"] * 1_001}, type_)

    assert found.values == {"external_id": "1"}
    assert [(note.code, note.field, note.value) for note in found.notes] == [
        ("value.too_many_values", column, None)
    ]
