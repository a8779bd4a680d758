"""Messages in calls of SendMessageBatch, as many to a call as SQS allows; for both senders."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

MESSAGES_PER_CALL = 10
"""Messages of one SendMessageBatch (AWS: quotas of messages)."""
BYTES_PER_CALL = 1_048_576
"""UTF-8 bytes of all messages of one SendMessageBatch (AWS: quotas of messages)."""
_T = TypeVar("_T")


def calls(messages: Iterable[_T], body: Callable[[_T], str]) -> Iterator[list[_T]]:
    """The messages in their order, cut into calls; `body` gives the text of one."""
    call: list[_T] = []
    room = BYTES_PER_CALL
    for message in messages:
        size = len(body(message).encode())
        if call and (len(call) == MESSAGES_PER_CALL or size > room):
            yield call
            call, room = [], BYTES_PER_CALL
        call.append(message)
        room -= size
    if call:
        yield call
