"""An error is named without its text: its type, its place, and what AWS called it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.queue_messages import parse_message
from import_relay.domain.reasons import Unexpected, place_of, reason_of
from import_relay.telemetry.outcome_log import without_payload

PERSONAL = "ada@example.com"


def refused(code: object = "ThrottlingException", operation: str = "PutItem") -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": f"no {PERSONAL}"}}
    return ClientError(answer, operation)


def caught(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except type(error) as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused(), "ClientError: ThrottlingException in PutItem"),
        (
            refused("AccessDenied", "SendMessageBatch"),
            "ClientError: AccessDenied in SendMessageBatch",
        ),
        (refused(f"no {PERSONAL}"), "ClientError: unnamed in PutItem"),
        (refused(None), "ClientError: unnamed in PutItem"),
        (EndpointConnectionError(endpoint_url=PERSONAL), "EndpointConnectionError"),
        (ValueError(PERSONAL), "ValueError"),
        (StoreUnavailable("S3"), "store.unavailable: S3"),
        (StoreUnavailable(), "store.unavailable"),
        (
            caught(StoreUnavailable("no token"), refused()),
            "store.unavailable: no token: ThrottlingException in PutItem",
        ),
        (
            caught(StoreUnavailable("ThrottlingException in PutItem"), refused()),
            "store.unavailable: ThrottlingException in PutItem",
        ),
        (caught(ValueError(PERSONAL), refused()), "ValueError: ThrottlingException in PutItem"),
    ],
)
def test_an_error_is_named_by_what_aws_called_it_and_never_by_its_text(
    error: BaseException, expected: str
) -> None:
    assert reason_of(error) == expected
    assert place_of(error).startswith(f"{expected} at ")


def test_errors_that_cause_each_other_are_named_without_an_endless_loop() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one

    assert reason_of(one) == "ValueError"


def test_a_handlers_own_errors_pass_and_all_others_lose_their_text() -> None:
    @without_payload
    def handler(event: dict[str, Any], context: object) -> None:
        raise event["error"]

    with pytest.raises(Unexpected) as found:
        handler({"error": KeyError(PERSONAL)}, None)
    shown = found.value
    assert str(shown).startswith("KeyError at test_reasons.py:")
    assert shown.__cause__ is None
    assert shown.__context__ is None
    with pytest.raises(StoreUnavailable):
        handler({"error": StoreUnavailable("S3")}, None)


def test_a_handler_without_an_error_answers_as_before() -> None:
    assert without_payload(lambda event, context: (event, context))({"a": 1}, "c") == (
        {"a": 1},
        "c",
    )


def test_the_place_is_the_innermost_line_of_the_relays_own_code() -> None:
    with pytest.raises(json.JSONDecodeError) as found:
        parse_message("m1", "no JSON")
    assert place_of(found.value).startswith("JSONDecodeError at queue_messages.py:")
