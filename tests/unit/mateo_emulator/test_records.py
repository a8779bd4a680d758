"""What a row may hold: phones, datetimes, fields, identifiers."""

from __future__ import annotations

import pytest

from mateo_emulator.records.contacts import ContactRow, read_contact
from mateo_emulator.records.dates import parse_row_datetime, read_date, read_datetime
from mateo_emulator.records.deals_and_appointments import read_engagement
from mateo_emulator.records.failure import RowFailure
from mateo_emulator.records.fields import FieldRules, merged
from mateo_emulator.records.phones import first_valid, read_country_codes
from mateo_emulator.settings import Behaviour, Entity


def contact(behaviour: Behaviour | None = None, **row: object) -> ContactRow:
    chosen = behaviour or Behaviour()
    return read_contact(row, FieldRules.of("contact", chosen), chosen)


def failure(behaviour: Behaviour | None = None, **row: object) -> str:
    with pytest.raises(RowFailure) as caught:
        contact(behaviour, **row)
    return caught.value.code


@pytest.mark.parametrize(
    ("options", "regions", "number"),
    [
        ("+4915112345678", [], "+4915112345678"),
        ("0151 1234 5678", ["DE"], "+4915112345678"),
        ("0151 1234 5678", [], None),
        ("020 7946 0958", ["US", "GB"], "+442079460958"),
        (["nonsense", "+4915112345678"], [], "+4915112345678"),
        (["+1", "+12015550123", "+4915112345678"], [], "+12015550123"),
        (["+49 30 23125001", "+4915112345678"], ["DE", "AT"], "+493023125001"),
        ([], ["DE"], None),
        ([None, 5], ["DE"], None),
        (4915112345678, ["DE"], None),
    ],
)
def test_the_first_valid_number_wins(
    options: object, regions: list[str], number: str | None
) -> None:
    assert first_valid(options, regions) == number


def test_of_the_documented_examples_only_the_first_is_a_valid_number() -> None:
    assert first_valid(["+493813901", "+18494383"], ["DE", "AT"]) == "+493813901"
    assert first_valid(["+18494383"], ["DE", "AT"]) is None


@pytest.mark.parametrize(
    ("value", "codes"), [(None, []), ("de", ["DE"]), (["DE", " at "], ["DE", "AT"])]
)
def test_country_codes_are_a_list_or_a_single_code(value: object, codes: list[str]) -> None:
    assert read_country_codes(value) == codes


def test_country_codes_of_another_type_fail_the_row() -> None:
    assert failure(whatsapp="+4915112345678", country_codes=49) == "22P02"


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("2024-03-15T14:30:00+01:00", "2024-03-15T13:30:00+00:00"),
        ("2024-03-15T14:30:00Z", "2024-03-15T14:30:00+00:00"),
        ("2024-03-15T14:30:00", "2024-03-15T14:30:00+00:00"),
        ("2024-03-15 14:30", "2024-03-15T14:30:00+00:00"),
        ("2024-03-15T14:30:00.5-0330", "2024-03-15T18:00:00.500000+00:00"),
        ("2024-03-15", "2024-03-15T00:00:00+00:00"),
    ],
)
def test_a_datetime_is_a_time_and_utc_without_a_zone(text: str, timestamp: str) -> None:
    assert read_datetime(text) == timestamp


@pytest.mark.parametrize(
    "value",
    ["15.03.2024", "2024-02-30T00:00:00Z", "2024-03-15T25:00:00Z", "soon", "", 1710513000, None,
     "0001-01-01T00:00:00+12:00"],
)  # fmt: skip
def test_an_unreadable_datetime_fails_the_row(value: object) -> None:
    with pytest.raises(RowFailure) as caught:
        read_datetime(value)
    assert caught.value.code == "22007"


def test_a_birthday_may_be_a_date_or_a_datetime() -> None:
    assert read_date("1990-05-15") == read_date("1990-05-15T00:00:00Z") == "1990-05-15"


def test_parse_datetime_returns_none_for_what_it_cannot_read() -> None:
    assert parse_row_datetime("2024-W10-5") is None


def test_handles_are_normalised() -> None:
    row = contact(email=" Anna@Example.COM ", whatsapp="+49 151 12345678")
    assert row.handles == {"email": "anna@example.com", "whatsapp": "+4915112345678"}


def test_null_removes_a_handle_and_a_missing_one_is_untouched() -> None:
    assert contact(external_id="1", email=None).handles == {"email": None}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"full_name": "Nobody"}, "23514"),
        ({"email": None}, "23514"),
        ({"email": "not an address"}, "23514"),
        ({"email": ""}, "22P02"),
        ({"external_id": ""}, "23514"),
        ({"external_id": ["1"]}, "22P02"),
        ({"whatsapp": "12"}, "23514"),
        ({"external_id": "1", "birthday": "15.5.1990"}, "22007"),
        ({"external_id": "1", "last_contacted_at": "yesterday"}, "22007"),
        ({"external_id": "1", "is_blocked": "perhaps"}, "22P02"),
        ({"external_id": "1", "full_name": {"first": "A"}}, "22P02"),
        ({"external_id": "1", "my_key": "value"}, "42703"),
        ({"external_id": "1", "organisation_id": "x"}, "428C9"),
    ],
)
def test_each_mistake_in_a_contact_has_its_code(row: dict[str, object], code: str) -> None:
    assert failure(None, **row) == code


def test_a_row_without_a_valid_phone_can_be_kept_without_it() -> None:
    row = contact(Behaviour(no_valid_phone="drop"), external_id="1", whatsapp=["12"])
    assert row.handles == {}


def test_unknown_keys_are_kept_where_custom_fields_are_not_strict() -> None:
    lenient = Behaviour(custom_fields_strict=False)
    row: dict[str, object] = {"external_id": "1", "my_key": "value"}
    assert contact(lenient, **row).fields == {"my_key": "value"}
    assert failure(lenient, external_id="1", my_key={"nested": 1}) == "22P02"


@pytest.mark.parametrize(
    ("kind", "good", "stored", "bad"),
    [
        ("string", 7, "7", ["a"]),
        ("datetime", "2024-01-01T00:00:00", "2024-01-01T00:00:00+00:00", "soon"),
        ("boolean", "true", True, "maybe"),
        ("number", "1.5", 1.5, "many"),
        ("date", "2024-01-01", "2024-01-01", "1.1.2024"),
        ("string_list", ["a", "b"], ["a", "b"], "a"),
    ],
)
def test_a_defined_custom_field_is_checked(
    kind: str, good: object, stored: object, bad: object
) -> None:
    behaviour = Behaviour.model_validate({"custom_fields": {"contact": {"mine": kind}}})
    assert contact(behaviour, external_id="1", mine=good).fields == {"mine": stored}
    assert failure(behaviour, external_id="1", mine=bad) in ("22P02", "22007")


@pytest.mark.parametrize(
    ("value", "stored"),
    [("yes", True), ("1", True), (" ON ", True), (1, True), ("of", False), ("n", False),
     (0, False)],
)  # fmt: skip
def test_a_boolean_takes_the_words_of_postgresql(value: object, stored: bool) -> None:
    assert contact(external_id="1", is_blocked=value).fields == {"is_blocked": stored}


@pytest.mark.parametrize("value", ["o", "ja", "", 2, 1.0, [True]])
def test_a_boolean_takes_nothing_else(value: object) -> None:
    assert failure(None, external_id="1", is_blocked=value) == "22P02"


NUMBER = Behaviour(custom_fields={"contact": {"score": "number"}})


@pytest.mark.parametrize(
    ("value", "stored"),
    [(" 12 ", 12), (".5", 0.5), ("5.", 5), ("1e3", 1000), (2.5, 2.5), ("NaN", "NaN"),
     ("-inf", "-Infinity")],
)  # fmt: skip
def test_a_number_takes_the_forms_of_postgresql(value: object, stored: object) -> None:
    assert contact(NUMBER, external_id="1", score=value).fields == {"score": stored}


@pytest.mark.parametrize(
    ("value", "code"),
    [("1_000", "22P02"), ("\u0663", "22P02"), ("0x1F", "22P02"), ("1,5", "22P02"),
     ("", "22P02"), ("\u00a01", "22P02"), (True, "22P02"), ("1e999999", "22003")],
)  # fmt: skip
def test_a_number_takes_nothing_else(value: object, code: str) -> None:
    assert failure(NUMBER, external_id="1", score=value) == code


def test_a_marketing_channel_takes_only_its_three_answers() -> None:
    behaviour = Behaviour(marketing_channels=["newsletter"])
    row = contact(behaviour, external_id="1", newsletter="accepted")
    assert row.fields == {"newsletter": "accepted"}
    assert failure(behaviour, external_id="1", newsletter="yes") == "22P02"


def test_null_clears_a_field_and_a_missing_key_leaves_it() -> None:
    assert merged({"city": "Berlin", "country": "DE"}, {"city": None}) == {"country": "DE"}


@pytest.mark.parametrize("entity", ["deal", "appointment"])
def test_deals_and_appointments_read_ids_contact_and_fields_apart(entity: Entity) -> None:
    row = read_engagement(
        {"external_id": "D1", "contact_external_id": "1", "name": "Order"},
        FieldRules.of(entity, Behaviour()),
    )
    assert row.identifiers == {"external_id": "D1"}
    assert row.contact == {"contact_external_id": "1"}
    assert row.fields == {"name": "Order"}
