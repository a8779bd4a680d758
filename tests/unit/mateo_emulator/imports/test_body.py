"""What the body of a POST may be."""

from __future__ import annotations

import json

import pytest

from mateo_emulator.errors import ApiError
from mateo_emulator.imports.body import read_import
from mateo_emulator.settings import Behaviour

BODY = {"type": "deal_details", "payload": [{"external_id": "D-1"}, "text", None]}


def refused(body: dict[str, object]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read_import(json.dumps(body).encode(), Behaviour())
    return caught.value


def test_rows_of_any_kind_are_kept_as_they_were_sent() -> None:
    read = read_import(json.dumps(BODY).encode(), Behaviour())
    assert json.loads(read.payload) == read.rows == BODY["payload"]


@pytest.mark.parametrize("payload", [None, {}, []])
def test_an_import_may_have_no_rows(payload: object) -> None:
    assert read_import(json.dumps({**BODY, "payload": payload}).encode(), Behaviour()).rows == []


def test_an_unknown_key_is_named_even_if_no_answer_can_carry_it() -> None:
    error = refused({**BODY, "\ud800": 1})
    assert (error.code, "'?'" in error.message) == ("PGRST204", True)
    assert b"PGRST204" in bytes(error.response().body)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("allow_deal_reassignment", "perhaps", "22P02"),
        ("allow_appointment_reassignment", 7, "22P02"),
        ("contact_list_id", 7, "22P02"),
        ("contact_list_id", [], "22P02"),
        ("type", ["deal_details"], "22P02"),
        ("type", None, "23502"),
        ("payload", "rows", "23514"),
        ("payload", {"external_id": "D-1"}, "23514"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(key: str, value: object, code: str) -> None:
    assert refused({**BODY, key: value}).code == code


@pytest.mark.parametrize("text", ["true", "t", "on", "1"])
def test_a_flag_may_be_a_text_that_postgresql_reads(text: str) -> None:
    body = json.dumps({**BODY, "allow_deal_reassignment": text}).encode()
    assert read_import(body, Behaviour()).allow_deal_reassignment is True
