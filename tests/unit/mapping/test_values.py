"""Which value a column sends, and why it leaves another one out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.domain.connections import (
    RECORD_TYPES,
    VALUE_TYPES,
    RecordType,
    RecordTypeName,
)
from import_relay.domain.errors import RejectedRow
from import_relay.mapping.columns import DOCUMENTED
from import_relay.mapping.keys import record_key
from import_relay.mapping.record_mapping import Columns, RecordMapping
from mateo_emulator.records.contacts import read_contact
from mateo_emulator.records.deals_and_appointments import read_engagement
from mateo_emulator.records.failure import RowFailure
from mateo_emulator.records.fields import FieldRules, read_number, read_row_boolean
from mateo_emulator.settings import Behaviour, FieldKind

FIELD_KINDS: dict[str, FieldKind] = {
    "text": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "list": "string_list",
}
"""Type of a custom field in connections.toml → its kind in the emulator."""
RULES = FieldRules.of("contact", Behaviour())


def read(column: str, value: object, **settings: object) -> Columns:
    """The columns of a contact that has an external id and, in this column, the value."""
    type_ = RecordType("contact", {"external_id": "id", column: "x"})
    mapping = RecordMapping(replace(type_, **settings))  # type: ignore[arg-type]
    return mapping.columns({"id": 1, "x": value})


def sent(column: str, value: object, **settings: object) -> object:
    """The value that the column sends without a note."""
    found = read(column, value, **settings)
    assert not found.notes
    return found.values.get(column)


def note_of(column: str, value: object, **settings: object) -> tuple[str, str]:
    """Code and reason of the note that a value was left out."""
    found = read(column, value, **settings)
    assert found.values == {"external_id": "1"}
    (note,) = found.notes
    assert (note.field, note.is_left_out) == (column, True)
    return note.code, note.reason


# e-mail


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        (" ada@example.com\u200b", "ada@example.com"),
        ("\ufeffada@exam\u200bple.com", "ada@example.com"),
        (["ada@example.com"], "ada@example.com"),
        (["", None, "ada@example.com"], "ada@example.com"),
        ("Ada.O'Neil+x@sub.example.co", "Ada.O'Neil+x@sub.example.co"),
        ("jürgen@müller.example", "jürgen@müller.example"),
        ("'ada@example.com'", "ada@example.com"),
    ],
)
def test_a_single_address_is_sent(value: object, address: str) -> None:
    assert sent("email", value) == address


@pytest.mark.parametrize(
    "value",
    [
        "keine",
        "a@x.example; b@x.example",
        "a@x.example,b@x.example",
        "a@x.example b@x.example",
        "a@x.example;",
        "'",
        "''",
        "mailto:",
        "mailto:ada@example.com",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "ada@localhost",
        "ada@example.",
        "@example.com",
        "ada@@example.com",
        "n/a",
        "-",
        f"{'a' * 250}@example.com",
        ["a@x.example", "b@x.example"],
        {"address": "ada@example.com"},
        7,
        True,
        1.5,
    ],
)
def test_a_value_that_is_not_a_single_address_is_left_out(value: object) -> None:
    code, _ = note_of("email", value)

    assert code in ("value.bad_email", "value.bad_type")


@given(st.emails() | st.text("ab@.;, \u200b<>", max_size=12))
def test_no_address_is_sent_that_mateo_would_refuse(address: str) -> None:
    values = read("email", address).values
    read_contact(values, RULES, Behaviour())


# answers and users


@pytest.mark.parametrize(
    ("value", "answer"),
    [("accepted", "accepted"), (" Declined", "declined"), ("REQUESTED", "requested"), ("", None)],
)
def test_the_answer_to_a_marketing_channel_is_one_of_mateos_words(
    value: object, answer: object
) -> None:
    assert sent("newsletter", value, marketing_channels=("newsletter",)) == answer


@pytest.mark.parametrize("value", ["yes", "ja", True, False, 1, {"a": 1}, ["accepted", "declined"]])
def test_another_answer_is_left_out_since_mateo_would_refuse_the_row(value: object) -> None:
    code, _ = note_of("newsletter", value, marketing_channels=("newsletter",))

    assert code == "value.bad_type"


@pytest.mark.parametrize("value", ["4711", 4711, "Ada Example", "0b4f7c0e8f0d4c8e9a3c1f2e3d4c5b6a"])
def test_an_assignee_that_is_no_user_of_mateo_is_left_out(value: object) -> None:
    user = "0b4f7c0e-8f0d-4c8e-9a3c-1f2e3d4c5b6a"
    fields = {"external_id": "id", "assignee_id": "owner", "contact_external_id": "c"}
    mapping = RecordMapping(RecordType("deal", fields))
    found = mapping.columns({"id": 1, "c": 2, "owner": value})
    assert found.values == {"external_id": "1", "contact_external_id": "2"}
    assert [(note.code, note.field) for note in found.notes] == [("value.bad_type", "assignee_id")]
    assert mapping.columns({"id": 1, "owner": user}).values["assignee_id"] == user


@pytest.mark.parametrize("column", ["country", "email_transactional_opt_in"])
@pytest.mark.parametrize("value", [True, 1.5, ["a", "b"], {"a": 1}])
def test_every_documented_text_takes_texts_only(column: str, value: object) -> None:
    assert note_of(column, value)[0] == "value.bad_type"


# texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  Ada  ", "Ada"),
        ("\u00a0Ada\u3000\u200b", "Ada"),
        ("Jose\u0301", "Jos\u00e9"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        (["Ada"], "Ada"),
        (10115, 10115),
        ("\u0646\u200c\u0646", "\u0646\u200c\u0646"),
    ],
)
def test_a_text_is_trimmed_and_composed_and_keeps_what_stands_within(
    value: object, text: object
) -> None:
    assert sent("full_name", value) == text


@pytest.mark.parametrize("value", [True, 1.5, ["a", "b"], {"a": 1}, float("inf")])
def test_a_value_that_is_no_text_is_left_out(value: object) -> None:
    assert note_of("full_name", value)[0] == "value.bad_type"


@pytest.mark.parametrize("column", ["full_name", "email", "instagram", "my_field", "birthday"])
@pytest.mark.parametrize("value", ["a\0b", "a\ud800"])
def test_a_text_that_no_database_stores_costs_its_column(column: str, value: str) -> None:
    assert note_of(column, value)[0] == "value.bad_text"


@pytest.mark.parametrize("value", ["\u200b12\ufeff", "1\u200b2", "\u202a12\u202c"])
@pytest.mark.parametrize("column", ["instagram", "secondary_external_id"])
def test_ids_and_handles_lose_invisible_characters(column: str, value: str) -> None:
    assert sent(column, value) == "12"


# types


@pytest.mark.parametrize("value", [True, False, "true", "F", "t", ["false"]])
def test_a_boolean_is_what_mateo_reads(value: object) -> None:
    alone = value[0] if isinstance(value, list) else value

    assert sent("is_blocked", value) == read_row_boolean("is_blocked", alone)


@pytest.mark.parametrize("value", [1, 0, "yes", "Ja", 1.0, [True, False]])
def test_a_value_that_is_no_boolean_is_left_out(value: object) -> None:
    code, reason = note_of("is_blocked", value)

    assert code == "value.bad_type"
    assert "Ja" not in reason


@pytest.mark.parametrize("value", [1, 1.5, "12", "-1.50", "007", ["3"], "123456789012"])
def test_a_number_is_what_mateo_reads(value: object) -> None:
    alone = value[0] if isinstance(value, list) else value

    assert sent("score", value, types={"score": "number"}) == read_number("score", alone)


@pytest.mark.parametrize("value", ["1.234,50", "1_000", "1e5", "nan", "many", True, [1, 2], {}])
def test_a_value_that_is_no_number_is_left_out(value: object) -> None:
    assert note_of("score", value, types={"score": "number"})[0] == "value.bad_type"


@pytest.mark.parametrize(("value", "texts"), [("a", ["a"]), (["a", " ", "b "], ["a", "b"])])
def test_a_list_holds_texts(value: object, texts: list[str]) -> None:
    assert sent("tags", value, types={"tags": "list"}) == texts


@pytest.mark.parametrize("value", [[1, "a"], [["a"]], 7])
def test_a_list_of_something_else_is_left_out(value: object) -> None:
    assert note_of("tags", value, types={"tags": "list"})[0] == "value.bad_type"


@pytest.mark.parametrize("type_", VALUE_TYPES)
@pytest.mark.parametrize("value", [{"a": 1}, {}, [{"a": 1}], [[["a"]]], float("nan")])
def test_no_declared_type_takes_an_object(type_: str, value: object) -> None:
    assert note_of("own", value, types={"own": type_})[0].startswith("value.bad_")


TEXTS = (
    st.text()
    | st.from_regex(r"[ '+\-0-9.TZ:,;@a-z]{0,30}", fullmatch=True)
    | st.datetimes().map(str)
    | st.emails()
    | st.sampled_from(["true", "accepted", "0b4f7c0e-8f0d-4c8e-9a3c-1f2e3d4c5b6a", "0151 12345678"])
)
KEYS = st.sampled_from(["date", "dateTime", "timeZone", "other"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2),
    ),
    st.data(),
    st.sampled_from(VALUE_TYPES),
)
@pytest.mark.parametrize("name", RECORD_TYPES)
def test_mateo_takes_whatever_is_sent(
    name: RecordTypeName, value: object, data: st.DataObject, type_: str
) -> None:
    column = data.draw(st.sampled_from([*sorted(DOCUMENTED[name]), "own"]))
    fields = {"external_id": "id", column: "x"}
    mapping = RecordMapping(RecordType(name, fields, types={"own": type_}))
    try:
        values = mapping.columns({"id": 1, "x": value}).values
        record_key(mapping.options.type, values)
    except RejectedRow:
        return
    behaviour = Behaviour(custom_fields={name: {"own": FIELD_KINDS[type_]}})
    rules = FieldRules.of(name, behaviour)
    try:
        if name == "contact":
            read_contact(values, rules, behaviour)
        else:
            read_engagement(values, rules)
    except RowFailure as failure:
        pytest.fail(f"{values!r}: {failure}")


def test_an_object_that_holds_a_date_is_sent_as_that_date() -> None:
    assert sent("seen", {"date": "2026-12-01"}, datetimes=("seen",)) == "2026-12-01T00:00:00Z"
    assert sent("birthday", {"date": "1990-05-14"}) == "1990-05-14"
