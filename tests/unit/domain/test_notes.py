"""Notes: which of them are listed, how they are counted, and what is kept of a value."""

import json
from typing import Any

import pytest

from import_relay.domain.codes import CODES
from import_relay.domain.notes import (
    LEFT_OUT,
    LOST,
    MAX_VALUE,
    Note,
    as_lists,
    as_objects,
    count_notes,
    from_lists,
    left_out_columns,
)

UNUSABLE = Note("value.bad_email", "email", "nobody", "has no @")
REMARK = Note("note.completed_phone", "sms", "0151")
SHARED = Note("note.shared_handle", "whatsapp", "+4915112345678")


@pytest.mark.parametrize(
    ("note", "left_out", "listed"),
    [(UNUSABLE, True, True), (REMARK, False, False), (SHARED, False, True)],
)
def test_a_note_is_listed_if_its_contact_lacks_the_value(
    note: Note, *, left_out: bool, listed: bool
) -> None:
    assert (note.is_left_out, note.is_listed) == (left_out, listed)


def test_the_codes_of_lost_handles_are_explained() -> None:
    assert set(LOST) <= CODES.keys()
    assert any(code.startswith(LEFT_OUT) for code in CODES)


def test_notes_are_counted_by_code_and_field() -> None:
    assert count_notes([UNUSABLE, REMARK, UNUSABLE._replace(value="other")]) == {
        ("value.bad_email", "email"): 2,
        ("note.completed_phone", "sms"): 1,
    }


def test_columns_that_were_left_out_are_named_once_in_their_order() -> None:
    notes = [UNUSABLE._replace(field="sms"), REMARK, UNUSABLE, UNUSABLE]

    assert left_out_columns(notes) == ("sms", "email")


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "text", ["a", 1], {"a": {"b": None}}])
def test_a_note_comes_back_from_json_as_it_was(value: object) -> None:
    notes = [UNUSABLE._replace(value=value)]

    assert from_lists(json.loads(json.dumps(as_lists(notes)))) == notes


@pytest.mark.parametrize("value", ["x" * 501, ["x" * 500], {"a": "x" * 500}, 10**600])
def test_only_the_beginning_of_a_long_value_is_kept(value: object) -> None:
    ((_, _, kept, _),) = as_lists([UNUSABLE._replace(value=value)])

    assert isinstance(kept, str)
    assert len(kept) == MAX_VALUE + 1
    assert kept.endswith("…")


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "kept"),
    [(float("inf"), "(float)"), ({1, 2}, "(set)"), (nested(100_000), "(list)")],
)
def test_a_value_that_json_cannot_hold_is_replaced_by_its_type(value: object, kept: str) -> None:
    assert as_lists([UNUSABLE._replace(value=value)])[0][2] == kept


def test_notes_show_their_values_only_on_request() -> None:
    assert as_objects([UNUSABLE], with_values=True) == [
        {"code": "value.bad_email", "field": "email", "value": "nobody", "reason": "has no @"}
    ]
    assert as_objects([UNUSABLE], with_values=False) == [
        {"code": "value.bad_email", "field": "email"}
    ]
