"""The switches for how an import's outcome is shown: counts, the list of failures, the payload."""

import csv
import io
import json

import pytest

from mateo_emulator.imports.results import (
    Counts,
    ListEntry,
    counts_shown,
    entries_shown,
    failed_file,
    list_is_there,
    payload_shown,
)
from mateo_emulator.settings import Behaviour

SECOND = 1_000_000
STORED = Counts(10, 7)
FAILURE: ListEntry = {"code": "23514", "message": "email", "input": {"email": "A@Example.com"}}


def test_counts_are_there_at_once_by_default() -> None:
    assert counts_shown(STORED, 0, 0, Behaviour()) == Counts(10, 7, 3)
    assert counts_shown(Counts(), 0, 0, Behaviour()) == Counts()


def test_late_counts_appear_all_at_once() -> None:
    late = Behaviour(counts="late", counts_delay_s=5)
    assert counts_shown(STORED, 0, 4 * SECOND, late) == Counts()
    assert counts_shown(STORED, 0, 5 * SECOND, late) == Counts(10, 7, 3)


def test_growing_counts_add_up_before_they_are_complete() -> None:
    growing = Behaviour(counts="growing", counts_delay_s=10)
    seen = [counts_shown(STORED, 0, second * SECOND, growing) for second in range(11)]
    assert [one.total_count for one in seen] == list(range(11))
    assert all(one.total_count == one.success_count + one.failed_count for one in seen)  # type: ignore[operator]  # none is None
    assert seen[-1] == Counts(10, 7, 3)


def test_the_count_of_failed_rows_may_stay_null_where_none_failed_or_always() -> None:
    null = Behaviour(failed_count="null_for_none")
    assert counts_shown(Counts(10, 10), 0, 0, null) == Counts(10, 10, None)
    assert counts_shown(STORED, 0, 0, null) == Counts(10, 7, 3)
    assert counts_shown(STORED, 0, 0, Behaviour(failed_count="null")) == Counts(10, 7, None)


def test_counts_may_never_be_shown() -> None:
    assert counts_shown(STORED, 0, 10**6 * SECOND, Behaviour(counts="never")) == Counts()


def test_a_late_list_comes_after_the_counts() -> None:
    late = Behaviour(failed_list_delay_s=60)
    assert not list_is_there(0, 59 * SECOND, late)
    assert list_is_there(0, 60 * SECOND, late)


def test_an_entry_shows_its_row_twice_or_only_its_number() -> None:
    assert entries_shown([(4, FAILURE)], Behaviour()) == [FAILURE]
    twice = entries_shown([(4, FAILURE)], Behaviour(failed_entries="twice"))
    assert [one["input"] for one in twice] == [FAILURE["input"]] * 2
    (number,) = entries_shown([(4, FAILURE)], Behaviour(failed_entries="number"))
    assert number == {"row": 4, "code": "23514", "message": "email"}


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_the_file_of_failed_rows_has_the_form_that_is_set(form: str) -> None:
    text, media_type = failed_file([FAILURE], Behaviour.model_validate({"failed_file": form}))
    match form:
        case "json":
            found = json.loads(text)
        case "ndjson":
            found = [json.loads(line) for line in text.splitlines()]
        case _:
            found = list(csv.DictReader(io.StringIO(text, newline="")))
            found = [{**one, "input": json.loads(one["input"])} for one in found]
    assert found == [FAILURE]
    assert form in media_type


def test_a_normalised_payload_is_what_a_database_would_return() -> None:
    rows = [{"sms": ["+49 1522 1234567"], "email": " Ada@Example.com ", "full_name": "Ada "}]
    assert payload_shown(rows, Behaviour()) == rows
    assert payload_shown(rows, Behaviour(payload="normalised")) == [
        {"email": "ada@example.com", "full_name": "Ada", "id": None, "sms": ["+4915221234567"]}
    ]
