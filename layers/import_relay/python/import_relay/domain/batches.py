"""Cuts what is sent or asked for into batches, each as large as a message or a call may be."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

MESSAGES_PER_CALL = 10
"""Messages of one SendMessageBatch (AWS: quotas of messages)."""
BYTES_PER_CALL = 1_048_576
"""UTF-8 bytes of all messages of one SendMessageBatch (AWS: quotas of messages)."""
_T = TypeVar("_T")


def batches(
    values: Iterable[_T],
    count: int,
    *,
    size: Callable[[_T], int] = lambda _value: 0,
    room: float = math.inf,
) -> Iterator[list[_T]]:
    """The values in their order, at most `count` to a batch and at most `room` of `size`.

    A value that is larger than the room is a batch of its own.
    """
    batch: list[_T] = []
    left = room
    for value in values:
        needed = size(value)
        if batch and (len(batch) == count or needed > left):
            yield batch
            batch, left = [], room
        batch.append(value)
        left -= needed
    if batch:
        yield batch


def calls(messages: Iterable[_T], body: Callable[[_T], str]) -> Iterator[list[_T]]:
    """Messages in calls of SendMessageBatch; `body` gives the text of one."""
    return batches(
        messages,
        MESSAGES_PER_CALL,
        size=lambda message: len(body(message).encode()),
        room=BYTES_PER_CALL,
    )


def halves(values: Sequence[_T]) -> tuple[Sequence[_T], Sequence[_T]]:
    """The values bisected: whatever is wrong with one of them is looked for in either half."""
    middle = len(values) // 2
    return values[:middle], values[middle:]
