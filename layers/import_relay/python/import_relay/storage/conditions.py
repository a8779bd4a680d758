"""How DynamoDB says no: failed conditions, and conflicts between transactions."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from import_relay.domain.retrying import WRITE_IN_CONFLICT, tries
from import_relay.storage.aws_errors import code_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_T = TypeVar("_T")


def takes_effect(write: Callable[[], object]) -> bool:
    """Make a single conditional write; False when its condition does not hold."""
    try:
        write()
    except ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True


def failed_conditions(error: ClientError) -> list[bool] | None:
    """Which operations of a cancelled transaction failed on their condition; None if none did."""
    reasons = _reasons(error)
    failed = [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]
    return failed if any(failed) else None


def through_conflicts(call: Callable[[], _T], *, sleep: Callable[[float], None]) -> _T:
    """Make a write again that failed only because another one touched the same item just then.

    Nothing was written in that case, and the SDK does not try it again by itself.
    """
    for _ in tries(WRITE_IN_CONFLICT, sleep):
        try:
            return call()
        except ClientError as error:
            if not _is_conflict(error):
                raise
            conflict = error
    raise conflict


def update(
    client: "DynamoDBClient",
    changes: Mapping[str, Any],
    *,
    sleep: Callable[[float], None],
) -> bool:
    """Update an item that transactions change as well; False when the condition does not hold."""
    return takes_effect(
        lambda: through_conflicts(lambda: client.update_item(**changes), sleep=sleep)
    )


def transact(
    client: "DynamoDBClient",
    operations: Sequence[Any],
    *,
    sleep: Callable[[float], None],
) -> Sequence[bool]:
    """Make all writes of a transaction or none.

    Returns:
        nothing when it took effect; else which of the operations failed on their condition.
    """
    try:
        through_conflicts(
            lambda: client.transact_write_items(TransactItems=operations), sleep=sleep
        )
    except ClientError as error:
        failed = failed_conditions(error)
        if failed is None:
            raise
        return failed
    return ()


def _is_conflict(error: ClientError) -> bool:
    if code_of(error) == "TransactionConflictException":
        return True
    codes = {reason.get("Code") for reason in _reasons(error)}
    return "TransactionConflict" in codes and "ConditionalCheckFailed" not in codes


def _reasons(error: ClientError) -> Sequence[Mapping[str, Any]]:
    if code_of(error) != "TransactionCanceledException":
        return ()
    response: Mapping[str, Any] = error.response
    reasons: Sequence[Mapping[str, Any]] = response.get("CancellationReasons", ())
    return reasons
