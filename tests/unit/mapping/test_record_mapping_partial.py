"""What a partial record sets, what it lacks, and which paths its mapping names."""

from dataclasses import replace

import pytest

from import_relay.domain.connections import RecordType
from import_relay.domain.notes import Note
from import_relay.mapping.record_mapping import Columns, RecordMapping
from tests.support.builders import record_type

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


def test_a_column_of_which_a_part_is_missing_is_not_set() -> None:
    columns = partial({"id": 1, "p": {"first": "Jo", "city": "Berlin"}})

    assert columns.values == {"external_id": "1", "city": "Berlin"}
    assert columns.notes == (Note("note.partly_known", "full_name"),)


def test_a_column_of_which_all_parts_are_there_is_set() -> None:
    columns = partial({"id": 1, "p": {"first": "Jo", "last": None}})

    assert columns.values == {"external_id": "1", "full_name": "Jo"}
    assert columns.notes == ()


def test_a_partial_record_does_not_set_columns_that_never_change() -> None:
    assert partial({"id": 1, "p": {}}).values == {"external_id": "1"}


def test_an_emptied_value_clears_its_column_if_the_column_may_be_cleared() -> None:
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
def test_a_partial_record_says_which_of_key_and_version_it_lacks(
    type_: RecordType, record: object, needed: tuple[str, ...]
) -> None:
    assert RecordMapping(type_).needs(record) == needed


@pytest.mark.parametrize(("record", "known"), [({"p": {}}, False), ({"p": {"kind": "a"}}, True)])
def test_a_condition_is_known_if_the_record_holds_all_that_it_names(
    record: object, *, known: bool
) -> None:
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
def test_a_part_of_an_object_is_not_taken_for_the_whole_object(expression: str) -> None:
    type_ = replace(
        record_type(external_id="id", full_name=expression, city="p.city"), clears=("full_name",)
    )
    columns = partial({"id": 1, "p": {"first": "Jo", "city": "Berlin"}}, type_)

    assert columns.values == {"external_id": "1", "city": "Berlin"}


def test_a_fetcher_can_ask_for_a_piped_path() -> None:
    mapping = RecordMapping(record_type(external_id="id", full_name="p | join(' ', [first, last])"))

    assert mapping.paths == {("id",), ("p", "first"), ("p", "last")}


def test_the_paths_of_a_mapping_are_those_that_a_fetcher_has_to_ask_for() -> None:
    type_ = replace(PERSON, version="p.at", when="p.kind == 'a'")

    assert RecordMapping(type_).paths == {
        ("id",),
        *(("p", name) for name in ("first", "last", "email", "city", "at", "kind")),
    }


def test_a_partial_record_clears_nothing_that_it_does_not_mention() -> None:
    type_ = replace(record_type(external_id="id", city="city"), clears=("city",))

    columns = RecordMapping(type_).columns({"id": "1"}, partial=True)

    assert columns.values == {"external_id": "1"}
