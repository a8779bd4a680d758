"""Handles name a person in a row or in a record, spelled in one way; nothing else is a handle."""

from functools import partial

import pytest

from import_relay.domain.erased_handles import (
    ErasedHandles,
    handle,
    handles_in_record,
    handles_in_row,
)
from import_relay.mapping.phone_spellings import numbers_meant


@pytest.mark.parametrize(
    "text",
    ["4711471", "20261121", "2026-11-21", "2026-11-21 10:30", "21.11.2026", "12345678901234567890",
     "K-4711471", "1.234.567", "10115 Berlin", "", "+49"],
)  # fmt: skip
def test_a_number_of_something_else_is_no_phone_number(text: str) -> None:
    assert list(handles_in_record({"number": text})) == []


@pytest.mark.parametrize(
    "value",
    ["+49 171 2345678", "0049 (171) 2345678", "tel:+49-171-2345678", "491712345678", 491712345678],
)
def test_a_phone_number_is_one_handle_however_it_is_written(value: object) -> None:
    assert list(handles_in_record([{"x": value}])) == ["phone:491712345678"]


@pytest.mark.parametrize("text", ["01234567", "5234567", "+1234567"])
def test_a_short_number_is_a_phone_number_only_after_a_plus_or_a_zero(text: str) -> None:
    assert bool(list(handles_in_record({"x": text}))) is text.startswith(("0", "+"))


@pytest.mark.parametrize("value", [4711, "4711", 4711.0, " 4711 "])
def test_an_id_is_the_same_as_a_number_and_as_a_text(value: object) -> None:
    found = handles_in_row("contact_details", {"external_id": value})
    assert list(found) == ["external_id:4711"]


def test_a_deal_names_its_contact_and_not_itself() -> None:
    columns = {"external_id": "D-1", "contact_external_id": 4711, "name": "0171 2345678"}
    assert list(handles_in_row("deal_details", columns)) == ["external_id:4711"]


def test_a_national_number_names_each_number_that_it_may_mean() -> None:
    found = handles_in_row(
        "contact_details", {"whatsapp": ["0171 2345678"]}, lambda _: ["+491712345678"]
    )
    assert list(found) == ["phone:1712345678", handle("phone", "+49 171 2345678")]


def test_an_email_is_found_anywhere_and_in_any_case() -> None:
    record = {"a": [{"b": "mailto:Ada@Example.com"}], "c": None, "d": True}
    assert list(handles_in_record(record)) == ["email:ada@example.com"]


@pytest.mark.parametrize(
    "text",
    [
        "Ada <Ada@example.com>",
        "'ada@example.com'",
        "mailto:ada@example.com?subject=Hello",
        "bob@example.com; ada@example.com",
        "'mailto:Ada@Example.com'",
    ],
)
def test_an_email_is_found_whatever_stands_around_it(text: str) -> None:
    assert "email:ada@example.com" in handles_in_record({"a": text})


def test_a_note_that_mentions_an_email_names_nobody() -> None:
    assert "email:ada@example.com" not in handles_in_record("met Ada, ada@example.com, twice")


def test_an_apostrophe_may_be_part_of_an_email() -> None:
    assert "email:o'neil@example.com" in handles_in_record("O'Neil@example.com")


@pytest.mark.parametrize(
    "text",
    [
        "Tel.: 0171 2345678",
        "https://wa.me/491712345678",
        "491712345678@s.whatsapp.net",
        "0171 2345678 (privat)",
    ],
)
def test_a_number_is_found_however_it_is_labelled(text: str) -> None:
    numbers_of = partial(numbers_meant, countries=["DE"])

    assert handle("phone", "+491712345678") in handles_in_record([text], numbers_of)


@pytest.mark.parametrize("text", ["2026-11-21 10:00", "2026-11-21T10:00:00Z", "Room 12", 4711])
def test_a_time_and_a_short_number_name_nobody(text: object) -> None:
    asked: list[str] = []

    def numbers_of(one: str) -> list[str]:
        asked.append(one)
        return []

    assert list(handles_in_record(text, numbers_of)) == []
    assert asked == []


def erased(*handles: str, at: int = 1_000) -> ErasedHandles:
    digest = ErasedHandles(b"key").digest
    return ErasedHandles(b"key", {digest(one): at for one in handles})


@pytest.mark.parametrize(("received_at", "covered"), [(999, True), (1_000, True), (1_001, False)])
def test_items_received_before_the_erasure_are_covered(received_at: int, *, covered: bool) -> None:
    assert erased("email:a@b").covers(iter(["id:1", "email:a@b"]), received_at) is covered


def test_nobody_else_is_covered() -> None:
    assert not erased("email:a@b").covers(iter(["email:b@a", "phone:1"]), 0)
    assert not ErasedHandles().covers(iter(["email:a@b"]), 0)


def test_without_the_key_nobody_is_recognised() -> None:
    assert ErasedHandles(b"one").digest("email:a@b") != ErasedHandles(b"two").digest("email:a@b")
    assert "a@b" not in ErasedHandles(b"one").digest("email:a@b")


def test_half_a_surrogate_pair_has_a_digest() -> None:
    assert ErasedHandles(b"key").digest("email:\ud800")


def test_a_blank_value_is_no_handle() -> None:
    row = {"external_id": "  ", "email": " ", "whatsapp": ["n/a", ""], "instagram": None}
    assert list(handles_in_row("contact_details", row)) == []
    assert list(handles_in_row("deal_details", {"contact_external_id": " "})) == []
