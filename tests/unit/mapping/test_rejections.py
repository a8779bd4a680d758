"""When an unusable value costs the whole record, and not only its column."""

import pytest

from import_relay.domain.codes import CODES
from import_relay.domain.notes import Note, RejectedRecord
from import_relay.mapping.rejections import NEEDED_COLUMNS, check_key, check_required, rejection

BAD_ID = Note("value.bad_type", "external_id", 1.5)
BAD_EMAIL = Note("value.bad_email", "email", "nobody", "has no @")


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("value.")])
def test_each_left_out_value_has_a_code_for_the_rejection(code: str) -> None:
    found = rejection(Note(code, "email", "x", "why"), [BAD_EMAIL])

    assert found.code in CODES
    assert (found.field, found.value, found.notes) == ("email", "x", (BAD_EMAIL,))


def test_a_record_without_notes_is_not_rejected() -> None:
    check_key("contact", {}, [])


def test_an_unusable_id_rejects_the_record_although_it_has_a_second_id() -> None:
    with pytest.raises(RejectedRecord) as caught:
        check_key("contact", {"secondary_external_id": "8"}, [BAD_ID])

    assert (caught.value.code, caught.value.field) == ("row.bad_value", "external_id")


def test_an_unusable_id_behind_a_usable_one_is_left_out() -> None:
    check_key("contact", {"external_id": "7"}, [BAD_ID._replace(field="secondary_external_id")])


def test_a_remark_about_an_id_rejects_nothing() -> None:
    check_key("contact", {}, [Note("note.partly_known", "external_id")])


@pytest.mark.parametrize(
    ("type_", "column"),
    [(name, column) for name, columns in NEEDED_COLUMNS.items() for column in columns],
)
def test_a_row_that_would_mean_something_else_is_rejected(type_: str, column: str) -> None:
    with pytest.raises(RejectedRecord):
        check_key(type_, {"external_id": "7"}, [BAD_ID._replace(field=column)])


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ({"email": "a@example.com"}, ["email"]),
        ({}, ["city"]),  # a partial record said nothing of it
    ],
)
def test_a_required_column_has_a_value_or_was_not_read(
    values: dict[str, object], read: list[str]
) -> None:
    check_required(["email"], read, values, [])


def test_a_required_column_without_a_value_rejects_with_its_note() -> None:
    with pytest.raises(RejectedRecord) as caught:
        check_required(["email"], ["email"], {"email": None}, [BAD_EMAIL])

    error = caught.value
    assert (error.code, error.field, error.value) == ("row.required", "email", "nobody")
    assert error.notes == (BAD_EMAIL,)
