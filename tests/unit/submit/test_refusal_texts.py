"""What is shown of Mateo's codes and messages holds no value of a record."""

import json

import pytest

from import_relay.submit.refusal_texts import (
    MAX_MESSAGE_LENGTH,
    shown_answer,
    shown_code,
    shown_message,
    without_values,
)

PERSON = ("Ada", "ada@example.com", "4915112345678", "1990")


@pytest.mark.parametrize(
    "message",
    [
        'duplicate key: "Ada"',
        "duplicate key: 'Ada",
        "Key (email)=(ada@example.com) already exists.",
        "Failing row contains (7, Ada, 1990-05-15",
        "no such contact ada@example.com",
        "bad phone +4915112345678",
        'invalid payload [{"name": "Ada"}]',
        "unexpected {Ada",
    ],
)
def test_no_value_is_shown(message: str) -> None:
    shown = shown_message("23505", message, [])

    assert not any(value in shown for value in PERSON)
    assert "…" in shown


def test_a_name_that_mateo_does_not_quote_is_not_shown() -> None:
    rows = [b'{"full_name": "Ada von Musterfrau", "tags": ["Ost", {"a": "vip"}]}', b"{}"]
    message = "the contact ADA von musterfrau (VIP) of Ost has no valid full_name"

    shown = without_values("P0001", message, rows)

    assert shown == "the contact … … … (…) of … has no valid full_name"
    assert without_values("42703", message, rows) == message


@pytest.mark.parametrize(
    ("value", "message", "shown"),
    [
        ("Müller", "the contact of Müllers has no email", "the contact of … has no email"),
        ("Mu\u0308ller", "Müller is no contact", "… is no contact"),
        ("Straße", "in STRASSE", "in …"),
        ("Anna", "Annas Annabel", "… …"),
        ("Ida", "Ida Idaho", "… Idaho"),
        ("Ada May Field", "ada may field is too long", "… … field is too long"),
        (
            "Dr. Anna Maria von der Leyen",
            "contact anna Maria von der leyen is blocked",
            "contact … … … … … is blocked",
        ),
        (
            "Her sister Ada asked for a call back",
            "value too long: Her sister Ad",
            "value too long: … … Ad",
        ),
    ],
)
def test_a_value_is_recognised_in_other_forms(value: str, message: str, shown: str) -> None:
    rows = [json.dumps({"any": [value]}).encode()]

    assert without_values("P0001", message, rows) == shown


@pytest.mark.parametrize(
    "value",
    [
        "In the field of sales it is not allowed to deal with a null value: contact her boss",
        "Deal",
        "contact the",
        "Not allowed",
        "ab",
    ],
)
@pytest.mark.parametrize(
    "message",
    [
        "null value in the field contact of the deal is not allowed",
        "duplicate key value violates unique constraint",
        "invalid input syntax for type timestamp",
        "full_name and external_id of a deal must not be empty",
        "the payload has more rows than the limit of imports",
    ],
)
def test_words_of_mateo_stay_whatever_a_row_holds(value: str, message: str) -> None:
    rows = [json.dumps({"note": value}).encode()]

    assert without_values("P0001", message, rows) == message


@pytest.mark.parametrize("code", ["42703", "PGRST204"])
def test_a_message_about_the_schema_names_its_columns(code: str) -> None:
    message = 'column "vip" of relation "contacts" does not exist'

    assert shown_message(code, message, []) == message


def test_a_message_is_one_short_line() -> None:
    shown = shown_message("PGRST204", "no\n such \t column " + "x" * 500, [])

    assert shown.startswith("no such column x")
    assert len(shown) == MAX_MESSAGE_LENGTH


@pytest.mark.parametrize(
    ("code", "shown"), [("23505", "23505"), ("PGRST204", "PGRST204"), ("", ""), ("a b", "")]
)
def test_a_code_is_shown_if_it_is_one(code: str, shown: str) -> None:
    assert shown_code(code) == shown
    assert shown_code("ada@example.com") == ""


def test_an_answer_is_shown_in_one_line() -> None:
    assert shown_answer(400, "PGRST204", "no column 'vip'", []) == (
        "Mateo answered 400 PGRST204: no column 'vip'"
    )
    assert shown_answer(400, "", "bad value 'Ada'", []) == "Mateo answered 400: bad value …"
