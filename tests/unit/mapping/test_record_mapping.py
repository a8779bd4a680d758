"""From a CRM's record to the columns of a row: expressions, types of columns, identifiers."""

import string
from contextlib import suppress
from dataclasses import replace
from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from import_relay.domain.connections import RecordType
from import_relay.domain.errors import RejectedRow
from import_relay.domain.notes import Note
from import_relay.mapping.expressions import compile_expression
from import_relay.mapping.keys import MAX_KEY, record_key
from import_relay.mapping.mapping_mistakes import mapping_mistakes
from import_relay.mapping.record_mapping import Columns, RecordMapping
from tests.support.builders import connections, record_type

NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=2)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)


def columns_of(record: object, type_: RecordType | None = None, **fields: str) -> Columns:
    return RecordMapping(type_ or record_type(**fields)).columns(record)


def values_of(record: object, type_: RecordType | None = None, **fields: str) -> dict[str, object]:
    return columns_of(record, type_, **fields).values


def rejection_of(record: object, type_: RecordType | None = None, **fields: str) -> RejectedRow:
    with pytest.raises(RejectedRow) as caught:
        columns_of(record, type_, **fields)
    return caught.value


# expressions


@given(VALUES, st.lists(NAMES, min_size=1, max_size=4))
def test_a_plain_path_finds_what_jmespath_finds(record: Any, path: list[str]) -> None:
    expression = ".".join(path)

    assert compile_expression(expression)(record) == jmespath.search(expression, record)


@given(VALUES)
@pytest.mark.parametrize("expression", ['"a b"', '"a.b"', 'a."b c".d', "a.b || c", "a[0].b", "@"])
def test_any_other_expression_finds_what_jmespath_finds(expression: str, record: Any) -> None:
    assert compile_expression(expression)(record) == jmespath.search(expression, record)


def test_a_quoted_name_with_a_dot_is_one_name() -> None:
    record = {"a.b": 1, "a": {"b": 2}}

    assert compile_expression('"a.b"')(record) == 1
    assert compile_expression("a.b")(record) == 2


def test_an_expression_that_does_not_parse_is_an_error_before_any_record() -> None:
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


def test_an_expression_of_the_key_that_fails_rejects_the_record() -> None:
    error = rejection_of({"m": "ada@example.com"}, external_id="join('-', [a])", email="m")

    assert (error.code, error.field) == ("row.bad_mapping", "external_id")


# what is missing


@pytest.mark.parametrize("record", [{}, {"email": None}])
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
def test_a_custom_field_holds_no_objects(value: object) -> None:
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


# phones


def checking(*countries: str, **fields: str) -> RecordType:
    return replace(record_type(**fields), country_codes=countries)


def test_the_first_valid_number_of_a_list_is_sent() -> None:
    type_ = checking("DE", whatsapp="phones")

    assert values_of({"phones": ["12", None, "", "0151 12345678"]}, type_) == {
        "whatsapp": "+4915112345678"
    }


def test_a_number_may_be_a_number() -> None:
    assert values_of({"p": 4915112345678}, checking("DE", sms="p")) == {"sms": "+4915112345678"}


def test_an_invalid_number_beside_another_handle_is_left_out_with_a_note() -> None:
    found = columns_of({"p": "12", "m": "ada@example.com"}, checking("DE", whatsapp="p", email="m"))

    assert found.values == {"email": "ada@example.com"}
    assert found.notes == (Note("value.no_valid_phone", "whatsapp", ["12"]),)


def test_an_invalid_number_beside_a_valid_one_is_left_out_with_a_note() -> None:
    found = columns_of({"a": "12", "b": "0151 12345678"}, checking("DE", whatsapp="a", sms="b"))

    assert found.values == {"sms": "+4915112345678"}
    assert found.notes == (
        Note("value.no_valid_phone", "whatsapp", ["12"]),
        Note("note.completed_phone", "sms"),
    )


def test_no_valid_number_and_nothing_else_that_identifies_is_rejected() -> None:
    error = rejection_of({"p": ["12", "13"]}, checking("DE", whatsapp="p"))

    assert error.code == "row.no_valid_phone"
    assert (error.field, error.value) == ("whatsapp", ["12", "13"])


def test_no_valid_number_beside_an_external_id_is_left_out() -> None:
    found = columns_of({"id": 1, "p": "12"}, checking("DE", external_id="id", whatsapp="p"))

    assert found.values == {"external_id": "1"}
    assert [note.field for note in found.notes] == ["whatsapp"]


def test_no_number_at_all_is_no_reason_to_reject() -> None:
    type_ = checking("DE", external_id="id", whatsapp="p")

    assert values_of({"id": 1, "p": []}, type_) == {"external_id": "1"}
    assert values_of({"id": 1, "p": [None, " "]}, type_) == {"external_id": "1"}


def test_numbers_that_pass_unchecked_stay_a_list_with_the_countries_that_help_to_read_it() -> None:
    type_ = replace(checking("DE", "AT", whatsapp="p"), phones="pass")

    assert values_of({"p": ["12", " 0151 12345678"]}, type_) == {
        "whatsapp": ["12", "0151 12345678"],
        "country_codes": ["DE", "AT"],
    }


def test_countries_are_sent_only_beside_numbers() -> None:
    type_ = replace(checking("DE", external_id="id", whatsapp="p"), phones="pass")

    assert values_of({"id": 1}, type_) == {"external_id": "1"}


def test_a_cleared_number_is_no_invalid_number() -> None:
    type_ = replace(checking("DE", external_id="id", whatsapp="p"), clears=("whatsapp",))

    assert values_of({"id": 1}, type_) == {"external_id": "1", "whatsapp": None}


def test_a_deal_has_no_phones_to_check() -> None:
    deal = RecordType("deal", {"external_id": "id", "whatsapp": "p"})

    assert values_of({"id": 1, "p": "12"}, deal) == {"external_id": "1", "whatsapp": "12"}


# which record, which version


def test_the_external_id_identifies_before_any_handle() -> None:
    columns = {"email": "ada@example.com", "external_id": "7", "secondary_external_id": "8"}

    assert record_key("contact_details", columns) == "contact_details#external_id:7"


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"secondary_external_id": "8", "email": "a@example.com"}, "secondary_external_id:8"),
        ({"email": "Ada@Example.com", "sms": "+4915112345678"}, "email:ada@example.com"),
        ({"whatsapp": ["+4915112345678", "12"]}, "whatsapp:+4915112345678"),
        ({"external_id": None, "instagram": "Ada"}, "instagram:ada"),
    ],
)
def test_without_an_external_id_the_first_handle_identifies_whatever_its_case(
    columns: dict[str, object], key: str
) -> None:
    assert record_key("contact_details", columns) == f"contact_details#{key}"


@pytest.mark.parametrize("columns", [{}, {"external_id": None}, {"full_name": "Ada Example"}])
def test_a_row_without_any_identifier_is_rejected(columns: dict[str, object]) -> None:
    with pytest.raises(RejectedRow, match=r"row\.no_identifier"):
        record_key("contact_details", columns)


@pytest.mark.parametrize("type_", ["deal_details", "appointment_details"])
def test_a_handle_identifies_no_deal_and_no_appointment(type_: str) -> None:
    with pytest.raises(RejectedRow, match=r"row\.no_identifier"):
        record_key(type_, {"email": "ada@example.com"})


def test_a_very_long_identifier_fits_a_key_of_dynamodb_and_stays_distinct() -> None:
    keys = {record_key("deal_details", {"external_id": "x" * 5_000 + end}) for end in "ab"}

    assert len(keys) == 2
    assert all(len(key) < MAX_KEY for key in keys)
    longest = record_key("deal_details", {"external_id": "\N{GRINNING FACE}" * MAX_KEY})
    assert len(longest.encode()) < 2_048


def test_half_a_surrogate_pair_in_an_identifier_is_no_reason_to_fail_here() -> None:
    assert record_key("deal_details", {"external_id": "\ud800"}).endswith(":\ud800")


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
        ("type", {"type": "customer"}, False),  # true, not merely something
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
def test_no_record_makes_mapping_fail_otherwise_than_by_a_rejection(record: Any) -> None:
    type_ = replace(
        checking("DE", external_id="a", whatsapp="b", birthday="c", seen="d", note="e || f.g"),
        datetimes=("seen",),
        version="a",
    )
    mapping = RecordMapping(type_)

    with suppress(RejectedRow):
        record_key("contact_details", mapping.columns(record).values)
        mapping.version(record)


# mistakes that `make check` finds


def mistakes_in(text: str, type_: str = "contact") -> list[tuple[str, str]]:
    (connection,) = connections(f'[erp]\nkind = "json"\n[erp.{type_}]\n{text}').values()
    return list(mapping_mistakes(connection))


def test_a_right_mapping_has_no_mistakes() -> None:
    assert not mistakes_in(
        "country_codes = ['DE']\n[erp.contact.fields]\nexternal_id = 'to_string(a)'"
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[erp.contact.fields]\nexternal_id = 'id'\nemail = 'a..b'", "contact.fields.email"),
        ("version = 'a['\n[erp.contact.fields]\nexternal_id = 'id'", "contact.version"),
        ("when = '=='\n[erp.contact.fields]\nexternal_id = 'id'", "contact.when"),
        ("[erp.contact.fields]\nexternal_id = 'nothing(id)'", "contact.fields.external_id"),
        ("[erp.contact.fields]\nexternal_id = 'to_string()'", "contact.fields.external_id"),
        ("[erp.contact.fields]\nfull_name = 'name'", "contact.fields"),
        ("clears = ['city']\n[erp.contact.fields]\nexternal_id = 'id'", "contact.clears"),
        ("datetimes = ['seen']\n[erp.contact.fields]\nexternal_id = 'id'", "contact.datetimes"),
        (
            "country_codes = ['UK']\n[erp.contact.fields]\nexternal_id = 'id'",
            "contact.country_codes",
        ),
    ],
)
def test_each_mistake_in_a_mapping_is_found_and_names_its_key(text: str, key: str) -> None:
    assert [found for found, _ in mistakes_in(text)] == [key]


def test_a_deal_that_maps_only_a_handle_can_never_be_imported() -> None:
    assert [key for key, _ in mistakes_in("[erp.deal.fields]\nemail = 'm'", "deal")] == [
        "deal.fields"
    ]


def test_an_empty_text_leaves_a_column_as_it_is_unless_it_clears() -> None:
    type_ = record_type(external_id="id", city="city")

    assert values_of({"id": "1", "city": ""}, type_) == {"external_id": "1"}
    assert values_of({"id": "1", "city": ""}, replace(type_, clears=("city",))) == {
        "external_id": "1",
        "city": None,
    }


PERSON = record_type(
    external_id="id",
    full_name="join(' ', [p.first, p.last][?@])",
    email="p.email",
    city="p.city",
    source="'crm'",
    crm_number="id",
)


BY_TWO_IDS = record_type(external_id="id", secondary_external_id="p.number", email="p.email")
BY_HANDLE = record_type(email="p.email", whatsapp="p.phone", full_name="p.first")


def partial(record: object, type_: RecordType = PERSON) -> Columns:
    return RecordMapping(type_).columns(record, partial=True)


def test_a_partial_record_sets_the_columns_that_it_holds_as_a_whole() -> None:
    assert partial({"id": 1, "p": {"email": "jo@example.com"}}).values == {
        "external_id": "1",
        "email": "jo@example.com",
    }


def test_half_of_what_a_column_is_made_of_does_not_overwrite_it() -> None:
    columns = partial({"id": 1, "p": {"first": "Jo", "city": "Berlin"}})

    assert columns.values == {"external_id": "1", "city": "Berlin"}
    assert columns.notes == (Note("note.partly_known", "full_name"),)


def test_both_halves_make_the_whole() -> None:
    columns = partial({"id": 1, "p": {"first": "Jo", "last": None}})

    assert columns.values == {"external_id": "1", "full_name": "Jo"}
    assert columns.notes == ()


def test_a_partial_record_says_nothing_by_what_never_changes() -> None:
    assert partial({"id": 1, "p": {}}).values == {"external_id": "1"}


def test_what_was_emptied_is_cleared_if_the_column_may_be() -> None:
    type_ = replace(PERSON, clears=("email",))

    assert partial({"id": 1, "p": {"email": None}}, type_).values["email"] is None
    assert partial({"id": 1, "p": {"email": ""}}, type_).values["email"] is None
    assert "email" not in partial({"id": 1, "p": {"city": "X"}}, type_).values


@pytest.mark.parametrize(
    ("type_", "record", "needed"),
    [
        (PERSON, {"id": 1, "p": {"email": "x"}}, ()),
        (PERSON, {"p": {"email": "x"}}, ("external_id",)),
        (BY_TWO_IDS, {"id": 1, "p": {"email": "x"}}, ()),
        (BY_TWO_IDS, {"p": {"number": 7}}, ("external_id",)),
        (BY_TWO_IDS, {"id": None, "p": {"email": "x"}}, ("secondary_external_id",)),
        (BY_HANDLE, {"p": {"email": "x", "first": "Jo"}}, ()),
        (BY_HANDLE, {"p": {"first": "Jo"}}, ("email",)),
        (BY_HANDLE, {"p": {"phone": "+4915112345678"}}, ("email",)),
        (BY_HANDLE, {"p": {"email": None, "phone": "+4915112345678"}}, ()),
        (replace(PERSON, version="p.at"), {"id": 1, "p": {"email": "x"}}, ("version",)),
    ],
)
def test_nothing_is_imported_without_identity_and_order(
    type_: RecordType, record: object, needed: tuple[str, ...]
) -> None:
    assert RecordMapping(type_).needs(record) == needed


@pytest.mark.parametrize(("record", "known"), [({"p": {}}, False), ({"p": {"kind": "a"}}, True)])
def test_a_condition_is_known_if_all_that_it_names_is_there(record: object, *, known: bool) -> None:
    mapping = RecordMapping(replace(PERSON, when="p.kind == 'a'"))

    assert mapping.knows_condition(record) is known


def test_a_second_id_is_a_column_like_any_other() -> None:
    mapping = RecordMapping(BY_TWO_IDS)
    columns = mapping.columns({"id": 1, "p": {"number": 7}}, partial=True)

    assert columns.values == {"external_id": "1", "secondary_external_id": "7"}
    assert mapping.sets_anything(columns.values)


def test_an_address_that_is_the_id_as_well_is_sent() -> None:
    type_ = record_type(external_id="email", email="email", city="city")

    assert partial({"email": "jo@example.com", "city": "Berlin"}, type_).values == {
        "external_id": "jo@example.com",
        "email": "jo@example.com",
        "city": "Berlin",
    }


def test_a_bad_number_of_a_partial_record_does_not_cost_the_rest() -> None:
    type_ = record_type(external_id="id", whatsapp="phone", city="city")
    columns = partial({"id": 1, "phone": "ext 5", "city": "Berlin"}, type_)

    assert columns.values == {"external_id": "1", "city": "Berlin"}
    assert columns.notes == (Note("value.no_valid_phone", "whatsapp", ["ext 5"]),)


@pytest.mark.parametrize(
    "expression",
    ["p | join(' ', [first, last][?@])", "join(' ', values(p))", "p.* | [0]", "(p || q).first"],
)
def test_half_an_object_is_not_the_whole_however_it_is_written(expression: str) -> None:
    type_ = replace(
        record_type(external_id="id", full_name=expression, city="p.city"), clears=("full_name",)
    )
    columns = partial({"id": 1, "p": {"first": "Jo", "city": "Berlin"}}, type_)

    assert columns.values == {"external_id": "1", "city": "Berlin"}


def test_a_piped_path_is_one_that_a_reader_can_ask_for() -> None:
    mapping = RecordMapping(record_type(external_id="id", full_name="p | join(' ', [first, last])"))

    assert mapping.paths == {("id",), ("p", "first"), ("p", "last")}


def test_the_paths_of_a_mapping_are_what_a_reader_has_to_ask_for() -> None:
    type_ = replace(PERSON, version="p.at", when="p.kind == 'a'")

    assert RecordMapping(type_).paths == {
        ("id",),
        *(("p", name) for name in ("first", "last", "email", "city", "at", "kind")),
    }


def test_a_partial_record_clears_nothing_that_it_does_not_mention() -> None:
    type_ = replace(record_type(external_id="id", city="city"), clears=("city",))

    columns = RecordMapping(type_).columns({"id": "1"}, partial=True)

    assert columns.values == {"external_id": "1"}


# bounds


@pytest.mark.parametrize("column", ["whatsapp", "sms", "tags"])
def test_a_column_of_far_too_many_values_is_left_out(column: str) -> None:
    type_ = record_type(external_id="id", **{column: "x"})

    found = columns_of({"id": 1, "x": ["1"] * 1_001}, type_)

    assert found.values == {"external_id": "1"}
    assert [(note.code, note.field, note.value) for note in found.notes] == [
        ("value.too_many_values", column, None)
    ]


def test_a_hundred_numbers_are_tried() -> None:
    record = {"id": 1, "phones": ["1"] * 99 + ["+4915112345678"]}

    assert values_of(record, external_id="id", sms="phones")["sms"] == "+4915112345678"


APPOINTMENT = RecordType(
    "appointment",
    {"external_id": "id", "start_time": "starts", "end_time": "ends", "cancelled_at": "off"},
)


@pytest.mark.parametrize(
    "day",
    [
        "2026-12-01",
        "20261201",
        " 2026-12-01\u200b",
        ["2026-12-01"],
        {"dateTime": "2026-12-01", "timeZone": "Europe/Berlin"},
        {"date": "2026-12-01"},
        {"date": "2026-12-01", "timeZone": "Europe/Berlin"},
        {"date": "2026-12-01", "dateTime": None, "timeZone": ""},
    ],
)
def test_a_date_is_no_time_and_takes_the_time_that_the_appointment_had(day: object) -> None:
    columns = RecordMapping(APPOINTMENT).columns({"id": 1, "starts": day, "ends": day})
    assert columns.values == {"external_id": "1", "start_time": None, "end_time": None}
    assert {(note.code, note.field) for note in columns.notes} == {
        ("note.whole_day", "start_time"),
        ("note.whole_day", "end_time"),
    }


@pytest.mark.parametrize(
    ("start", "given"),
    [
        ("to_datetime(starts, 'DD.MM.YYYY')", "01.12.2026"),
        ("in_zone(starts, zone)", "2026-12-01"),
        ("in_zone(to_datetime(starts, 'DD.MM.YYYY'), zone)", "01.12.2026"),
    ],
)
def test_a_date_stays_one_whatever_reads_it(start: str, given: str) -> None:
    mapping = RecordMapping(replace(APPOINTMENT, fields={"external_id": "id", "start_time": start}))
    columns = mapping.columns({"id": 1, "starts": given, "zone": "Europe/Berlin"})
    assert columns.values == {"external_id": "1", "start_time": None}
    assert columns.notes[0].code == "note.whole_day"


NO_TIMES = ({"dateTime": None, "timeZone": "UTC"}, {"date": None}, {"date": "", "dateTime": " "})


@pytest.mark.parametrize("nothing", NO_TIMES)
def test_an_object_without_a_time_says_nothing(nothing: object) -> None:
    columns = RecordMapping(APPOINTMENT).columns({"id": 1, "starts": nothing, "off": nothing})
    assert columns == ({"external_id": "1"}, ())


def test_a_date_that_is_none_still_rejects_the_appointment() -> None:
    with pytest.raises(RejectedRow) as caught:
        RecordMapping(APPOINTMENT).columns({"id": 1, "starts": "0001-01-01"})
    assert (caught.value.code, caught.value.field) == ("row.bad_datetime", "start_time")


def test_an_appointment_whose_time_is_required_is_rejected_for_a_date() -> None:
    mapping = RecordMapping(replace(APPOINTMENT, required=("start_time",)))
    with pytest.raises(RejectedRow) as caught:
        mapping.columns({"id": 1, "starts": "2026-12-01"})
    assert caught.value.code == "row.required"


def test_a_date_tells_when_an_appointment_was_cancelled() -> None:
    columns = RecordMapping(APPOINTMENT).columns({"id": 1, "off": "2026-12-01"})
    assert (columns.values["cancelled_at"], columns.notes) == ("2026-12-01T00:00:00Z", ())
