"""What names a person in a row and in a record, spelled in one way; nothing else is a handle."""

import pytest

from import_relay.domain.erased_handles import (
    ErasedHandles,
    handle,
    handles_in_record,
    handles_in_row,
)


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


@pytest.mark.parametrize("text", ["0171 2345678", "5234567", "+1234567"])
def test_a_short_number_is_one_only_with_a_sign_before_it(text: str) -> None:
    assert bool(list(handles_in_record({"x": text}))) is text.startswith(("0", "+"))


@pytest.mark.parametrize("value", [4711, "4711", 4711.0, " 4711 "])
def test_an_id_is_the_same_as_a_number_and_as_a_text(value: object) -> None:
    found = handles_in_row("contact_details", {"external_id": value})
    assert list(found) == ["external_id:4711"]


def test_a_deal_names_its_contact_and_not_itself() -> None:
    columns = {"external_id": "D-1", "contact_external_id": 4711, "name": "0171 2345678"}
    assert list(handles_in_row("deal_details", columns)) == ["external_id:4711"]


def test_a_national_number_names_whatever_it_may_mean() -> None:
    found = handles_in_row(
        "contact_details", {"whatsapp": ["0171 2345678"]}, lambda _: ["+491712345678"]
    )
    assert list(found) == ["phone:1712345678", handle("phone", "+49 171 2345678")]


def test_an_email_is_found_anywhere_and_in_any_case() -> None:
    record = {"a": [{"b": "mailto:Ada@Example.com"}], "c": None, "d": True}
    assert list(handles_in_record(record)) == ["email:ada@example.com"]


def erased(*handles: str, at: int = 1_000) -> ErasedHandles:
    nobody = ErasedHandles(b"key")
    return ErasedHandles(b"key", {nobody.digest(one): at for one in handles})


@pytest.mark.parametrize(("received_at", "covered"), [(999, True), (1_000, True), (1_001, False)])
def test_what_was_received_before_the_erasure_is_covered(
    received_at: int, *, covered: bool
) -> None:
    assert erased("email:a@b").covers(iter(["id:1", "email:a@b"]), received_at) is covered


def test_nobody_else_is_covered() -> None:
    assert not erased("email:a@b").covers(iter(["email:b@a", "phone:1"]), 0)
    assert not ErasedHandles().covers(iter(["email:a@b"]), 0)


def test_without_the_key_nobody_is_recognised() -> None:
    assert ErasedHandles(b"one").digest("email:a@b") != ErasedHandles(b"two").digest("email:a@b")
    assert "a@b" not in ErasedHandles(b"one").digest("email:a@b")


def test_half_a_surrogate_pair_has_a_digest() -> None:
    assert ErasedHandles(b"key").digest("email:\ud800")


def test_a_blank_value_is_nobody_s_handle() -> None:
    row = {"external_id": "  ", "email": " ", "whatsapp": ["n/a", ""], "instagram": None}
    assert list(handles_in_row("contact_details", row)) == []
    assert list(handles_in_row("deal_details", {"contact_external_id": " "})) == []
