"""How DynamoDB says no: conflicts are tried again, failed conditions never are."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.retrying import WRITE_IN_CONFLICT
from import_relay.storage.conditions import (
    failed_conditions,
    takes_effect,
    through_conflicts,
)
from tests.support.clients import client_error

CANCELLED = "TransactionCanceledException"
CONFLICTS = [
    client_error("TransactionConflictException"),
    client_error(CANCELLED, reasons=["TransactionConflict"]),
    client_error(CANCELLED, reasons=["None", "TransactionConflict"]),
]
OTHERS = [
    client_error("ConditionalCheckFailedException"),
    client_error(CANCELLED, reasons=["ConditionalCheckFailed", "None"]),
    client_error(CANCELLED, reasons=["ConditionalCheckFailed", "TransactionConflict"]),
    client_error(CANCELLED, reasons=["ThrottlingError"]),
    client_error(CANCELLED, reasons=["ValidationError"]),
    client_error(CANCELLED),
    client_error("ProvisionedThroughputExceededException"),
    client_error("ValidationException"),
    client_error("IdempotentParameterMismatchException"),
]


def failing(error: ClientError, times: int) -> tuple[Callable[[], str], list[int]]:
    calls: list[int] = []

    def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return "done"

    return call, calls


@pytest.mark.parametrize("error", CONFLICTS)
def test_a_write_that_only_conflicted_is_made_again(error: ClientError) -> None:
    call, calls = failing(error, WRITE_IN_CONFLICT.tries - 1)

    assert through_conflicts(call, sleep=lambda seconds: None) == "done"
    assert len(calls) == WRITE_IN_CONFLICT.tries


@pytest.mark.parametrize("error", CONFLICTS)
def test_a_write_that_conflicts_without_end_is_given_up(error: ClientError) -> None:
    call, calls = failing(error, 99)

    with pytest.raises(ClientError):
        through_conflicts(call, sleep=lambda seconds: None)
    assert len(calls) == WRITE_IN_CONFLICT.tries


@pytest.mark.parametrize("error", OTHERS)
def test_a_failed_condition_and_any_other_error_is_raised_at_once(error: ClientError) -> None:
    call, calls = failing(error, 99)

    with pytest.raises(ClientError) as caught:
        through_conflicts(call, sleep=lambda seconds: None)
    assert caught.value is error
    assert len(calls) == 1


def test_the_pauses_grow_and_stay_short() -> None:
    pauses: list[float] = []
    call, _ = failing(CONFLICTS[0], 99)

    with pytest.raises(ClientError):
        through_conflicts(call, sleep=pauses.append)

    assert len(pauses) == WRITE_IN_CONFLICT.tries - 1
    assert all(0 <= pause <= 0.05 * 2**attempt for attempt, pause in enumerate(pauses))


def test_a_conditional_write_takes_effect_or_not() -> None:
    def refuses() -> None:
        raise client_error("ConditionalCheckFailedException")

    assert takes_effect(dict)
    assert not takes_effect(refuses)


@pytest.mark.parametrize("error", CONFLICTS + OTHERS[1:])
def test_any_other_error_of_a_conditional_write_is_raised(error: ClientError) -> None:
    call, _ = failing(error, 1)

    with pytest.raises(ClientError) as caught:
        takes_effect(call)
    assert caught.value is error


@pytest.mark.parametrize(
    ("reasons", "failed"),
    [
        (["ConditionalCheckFailed"], [True]),
        (["None", "ConditionalCheckFailed"], [False, True]),
        (["ConditionalCheckFailed", "TransactionConflict"], [True, False]),
        (["None", "TransactionConflict"], None),
        ([], None),
        (None, None),
    ],
)
def test_a_cancelled_transaction_says_which_conditions_failed(
    reasons: list[str] | None, failed: list[bool] | None
) -> None:
    assert failed_conditions(client_error(CANCELLED, reasons=reasons)) == failed


def test_an_error_that_is_no_cancelled_transaction_names_no_conditions() -> None:
    assert failed_conditions(client_error("ConditionalCheckFailedException")) is None
