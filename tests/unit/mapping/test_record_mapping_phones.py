"""Phone columns among the others: what an unusable number costs the row."""

from dataclasses import replace

from import_relay.domain.connections import RecordType
from import_relay.domain.notes import Note
from tests.unit.mapping.reading import checking, columns_of, rejection_of, values_of


def test_the_first_valid_number_of_a_list_is_sent() -> None:
    type_ = checking("DE", whatsapp="phones")

    assert values_of({"phones": ["12", None, "", "0151 12345678"]}, type_) == {
        "whatsapp": "+4915112345678"
    }


def test_a_phone_number_may_be_a_number_of_json() -> None:
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


def test_a_record_without_a_valid_number_or_another_identifier_is_rejected() -> None:
    error = rejection_of({"p": ["12", "13"]}, checking("DE", whatsapp="p"))

    assert error.code == "row.no_valid_phone"
    assert (error.field, error.value) == ("whatsapp", ["12", "13"])


def test_no_valid_number_beside_an_external_id_is_left_out() -> None:
    found = columns_of({"id": 1, "p": "12"}, checking("DE", external_id="id", whatsapp="p"))

    assert found.values == {"external_id": "1"}
    assert [note.field for note in found.notes] == ["whatsapp"]


def test_a_record_without_any_number_is_not_rejected() -> None:
    type_ = checking("DE", external_id="id", whatsapp="p")

    assert values_of({"id": 1, "p": []}, type_) == {"external_id": "1"}
    assert values_of({"id": 1, "p": [None, " "]}, type_) == {"external_id": "1"}


def test_unchecked_numbers_are_sent_as_a_list_beside_the_connections_countries() -> None:
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


def test_a_hundred_numbers_are_tried() -> None:
    record = {"id": 1, "phones": ["1"] * 99 + ["+4915112345678"]}

    assert values_of(record, external_id="id", sms="phones")["sms"] == "+4915112345678"
