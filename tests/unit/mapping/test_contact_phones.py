"""The phone columns of a contact: one number each or a note, and the countries that decide."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from import_relay.domain.connections import RecordType
from import_relay.domain.notes import Note
from import_relay.mapping.record_mapping import Columns, RecordMapping

FIELDS = {
    "external_id": "id",
    "full_name": "name",
    "email": "mail",
    "whatsapp": "phone",
    "country_codes": "country",
}
DACH = RecordType("contact", FIELDS, country_codes=("DE", "AT", "CH"))
GERMAN = replace(DACH, country_codes=("DE",))


def columns(
    record: Mapping[str, object], type_: RecordType = DACH, *, partial: bool = False
) -> Columns:
    whole = {"id": 1, "mail": "ada@example.com", **record}
    return RecordMapping(type_).columns(dict(record) if partial else whole, partial=partial)


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("AT", "+436641234503"),
        ("Austria", "+436641234503"),
        ("Österreich", "+436641234503"),
        (["AT"], "+436641234503"),
        ("DE", None),  # a German landline, but an Austrian mobile
        (None, None),
        ("", None),
        ([], None),
    ],
)
def test_the_country_of_the_record_decides_and_is_not_sent(country: object, number: object) -> None:
    found = columns({"phone": "0664 1234503", "country": country})

    assert found.values.get("whatsapp") == number
    assert "country_codes" not in found.values


def test_the_country_of_the_address_decides_if_no_other_is_mapped_and_is_sent() -> None:
    type_ = replace(DACH, fields={"external_id": "id", "whatsapp": "phone", "country": "land"})

    assert columns({"phone": "0664 1234503", "land": "Austria"}, type_).values == {
        "external_id": "1",
        "whatsapp": "+436641234503",
        "country": "Austria",
    }


def test_a_country_without_numbers_is_no_column_of_the_row() -> None:
    assert "country_codes" not in columns({"country": "AT"}).values


def test_an_ambiguous_number_is_left_out_with_its_countries() -> None:
    found = columns({"phone": "0664 1234503"})

    assert "whatsapp" not in found.values
    assert found.notes == (
        Note(
            "value.ambiguous_phone",
            "whatsapp",
            ["0664 1234503"],
            "reads as 2 numbers, of AT, DE",
        ),
    )


@pytest.mark.parametrize(
    ("phones", "codes"),
    [
        ("+4915112345678", []),
        ("0151 12345678", ["note.completed_phone"]),
        (4915112345678, ["note.completed_phone"]),
        (["+4915112345678", "0664 1234503"], []),
        (["12", "0151 12345678"], ["note.unusable_phone", "note.completed_phone"]),
        (["12", "13"], ["value.no_valid_phone", "note.unusable_phone"]),
        (4915112345678.0, ["value.no_valid_phone"]),
        (True, ["value.no_valid_phone"]),
        ({"number": "0151 12345678"}, ["value.no_valid_phone"]),
        ([None, "", " "], []),
        ([["0151 12345678"], "0151 12345678"], ["note.completed_phone"]),
    ],
)
def test_every_number_that_was_not_international_is_counted(
    phones: object, codes: list[str]
) -> None:
    assert [note.code for note in columns({"phone": phones}, GERMAN).notes] == codes


def test_numbers_before_the_number_that_is_sent_are_counted() -> None:
    found = columns({"phone": ["0664 1234503", "12", "+493023125001"]})

    assert found.values["whatsapp"] == "+493023125001"
    assert [note.code for note in found.notes] == ["note.ambiguous_phone", "note.unusable_phone"]


def test_only_mobiles_of_the_connections_country_are_sent_for_an_unknown_country() -> None:
    abroad = {"phone": "0664 1234503", "country": "Musterland"}
    mobile = {"phone": "0151 12345678", "country": "Musterland"}
    unknown = Note("note.unknown_country", "country_codes", ["Musterland"])

    assert "whatsapp" not in columns(abroad, GERMAN).values
    assert columns(abroad, GERMAN).notes[0] == unknown
    assert columns(mobile, GERMAN).values["whatsapp"] == "+4915112345678"


@pytest.mark.parametrize(
    ("phone", "misses", "number"),
    [
        ("0664 1234503", True, None),
        ("0151 12345678", True, "+4915112345678"),
        ("+43 664 1234503", False, "+436641234503"),
    ],
)
def test_a_partial_change_without_the_country_sends_only_what_is_certain(
    phone: str, misses: bool, number: object
) -> None:
    record: Mapping[str, object] = {"id": 1, "phone": phone, "name": "Ada"}

    assert RecordMapping(GERMAN).misses_country(dict(record)) is misses
    assert columns(record, GERMAN, partial=True).values.get("whatsapp") == number


def test_a_partial_change_with_the_country_misses_nothing() -> None:
    record: Mapping[str, object] = {"id": 1, "phone": "0664 1234503", "country": "AT"}

    assert not RecordMapping(GERMAN).misses_country(dict(record))
    assert columns(record, GERMAN, partial=True).values["whatsapp"] == "+436641234503"


def test_a_connection_that_maps_no_country_misses_none() -> None:
    type_ = replace(GERMAN, fields={"external_id": "id", "whatsapp": "phone"})

    assert not RecordMapping(type_).misses_country({"id": 1, "phone": "0431 12345"})
    found = columns({"id": 1, "phone": "0431 12345"}, type_, partial=True)
    assert found.values["whatsapp"] == "+4943112345"


def test_a_connections_choices_for_doubtful_numbers_hold() -> None:
    record = {"phone": "0664 1234503"}
    lost: Mapping[str, object] = {"phone": 15112345678}

    assert "whatsapp" not in columns(record).values
    mobile = replace(DACH, ambiguous_phones="prefer_mobile")
    assert columns(record, mobile).values["whatsapp"] == "+436641234503"
    first = replace(DACH, ambiguous_phones="first_country")
    assert columns(record, first).values["whatsapp"] == "+496641234503"
    restoring = replace(GERMAN, restore_leading_zero=True)
    assert columns(lost, restoring).values["whatsapp"] == "+4915112345678"
    assert "whatsapp" not in columns(lost, GERMAN).values


def test_unchecked_numbers_are_sent_with_the_records_own_country_if_it_has_one() -> None:
    type_ = replace(DACH, phones="pass")

    own = columns({"phone": "0664 1234503", "country": "Österreich"}, type_).values
    assert (own["whatsapp"], own["country_codes"]) == (["0664 1234503"], ["AT"])
    none = columns({"phone": [4915112345678, 1.5]}, type_).values
    assert (none["whatsapp"], none["country_codes"]) == (["4915112345678"], ["DE", "AT", "CH"])
    unusable = columns({"phone": 1.5}, type_)
    assert "whatsapp" not in unusable.values
    assert [note.code for note in unusable.notes] == ["value.no_valid_phone"]


def test_a_number_that_was_left_out_is_not_cleared() -> None:
    type_ = replace(DACH, clears=("whatsapp", "country_codes"))

    assert columns({"phone": "12"}, type_).values.keys() == {"external_id", "email"}
    assert columns({"phone": None}, type_).values["whatsapp"] is None
