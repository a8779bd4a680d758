"""The queue message, and all of its limits: written by the receiver and by requeues, read by
submission.

A message carries up to 100 raw items of one delivery. Its text is JSON:
`{"format":1, "delivery", "connection", "received_at": µs, "requeues": n, "missing_since"?,
"refused_since"?, "held_since"?, "items": [{"n", "event", "item" | "at", "attempt"?}]}`; `at` points
to an object in the bucket that holds an item too large for a message. `missing_since`: since when
its connection is not known, `refused_since`: since when Mateo refuses its items, each alone,
`held_since`: since when they are held for a fuller import; all in seconds since the epoch. `since`
(µs): when a person last redrove it. `redelivered`: true if SQS delivered its items again before
they were requeued. `requeued_at` (µs): when the relay sent it again. `moved`,
`{"code", "at": µs}`: why and when the relay made it a dead letter. `replay`,
`{"id", "at": µs, "reason", "force"?}`: a person put these items back. `test`: true if the sender
marked the delivery as a test, which is never imported.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from import_relay.domain.batches import batches
from import_relay.domain.files import holds_file_rows
from import_relay.domain.lanes import Lane
from import_relay.domain.models import Occurrence, Pointer
from import_relay.domain.replays import Replay, as_object, original_delivery, replay_of

FORMAT = 1
MAX_ITEMS_PER_MESSAGE = 100
MAX_MESSAGE_B = 240_000
"""Own limit: four messages fit one SendMessageBatch of 1 MiB, and 25 one Lambda batch of 6 MB."""
MAX_DELAY_S = 900
"""Longest delay of an SQS message (AWS: quotas of messages)."""
MAX_ITEM_B = 900_000
"""Within 1 MiB, SQS's largest message; escaped, an item may be three times what was received."""
LONG_AGO_S = 3_600.0
"""A message reaches the dead-letter queue no faster: ten receives, twelve minutes apart."""
MAX_REQUEUED_S = 13 * 86_400.0
"""A record is requeued for this long. The queue keeps a message for a day more."""


def _head(
    connection: str, delivery: str, received_at: int, *, requeues: int = 0, is_test: bool = False
) -> dict[str, Any]:
    """What a message says besides its items."""
    head = {
        "format": FORMAT,
        "delivery": delivery,
        "connection": connection,
        "received_at": received_at,
        "requeues": requeues,
    }
    return head | ({"test": True} if is_test else {})


WAKE = json.dumps(_head("", "wake", 0) | {"items": []})
"""A message without items: it has submission look at what is held."""


class Packed(NamedTuple):
    """The messages of a delivery, and the items too large for one: key in the bucket → text."""

    messages: list[str]
    oversize: dict[str, str]


def pack(
    items: Iterable[tuple[str, str]],
    received_at: int,
    connection: str,
    delivery: str,
    *,
    is_test: bool = False,
) -> Packed:
    """The messages of a delivery, whose items are event ids and texts.

    Items are spliced in as they were received. One too large for a message is replaced by a pointer
    into the bucket.
    """
    start = json.dumps(_head(connection, delivery, received_at, is_test=is_test))
    oversize: dict[str, str] = {}
    entries = _entries(items, _room(start), delivery, oversize)
    return Packed(list(_bodies(start, entries)), oversize)


def _bodies(head: str, entries: Iterable[str]) -> Iterator[str]:
    """Messages of at most `MAX_ITEMS_PER_MESSAGE` items and `MAX_MESSAGE_B` bytes.

    An item larger than that is in a message of its own.
    """
    room = _room(head)
    for group in batches(entries, MAX_ITEMS_PER_MESSAGE, size=_size_in_list, room=room):
        yield f'{head[:-1]},"items":[{",".join(group)}]}}'


def _room(head: str) -> int:
    """Bytes that a message has for its items."""
    return MAX_MESSAGE_B - len(head) - len(',"items":[]')


def _entries(
    items: Iterable[tuple[str, str]], room: int, delivery: str, oversize: dict[str, str]
) -> Iterator[str]:
    """Each item as it stands in a message; those without room go to `oversize`."""
    for number, (event, text) in enumerate(items):
        start = f'{{"n":{number},"event":{json.dumps(event)},'
        entry = f'{start}"item":{_sendable(text)}}}'
        if _size_in_list(entry) > room:
            key = _oversize_key(delivery, number)
            oversize[key] = text
            entry = f'{start}"at":{json.dumps(key)}}}'
        yield entry


def _oversize_key(delivery: str, number: int) -> str:
    return f"oversize/{delivery}/{number}.json"


def _size_in_list(entry: str) -> int:
    return (len(entry) if entry.isascii() else len(entry.encode())) + len(",")


def _sendable(text: str) -> str:
    """The same JSON without the two characters that SQS refuses (SendMessage: #xFFFE and #xFFFF).

    They can only stand within JSON strings, where an escape means the same.
    """
    if text.isascii():
        return text
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """One message as submission sees it; `message_id` is what SQS calls it."""

    message_id: str
    requeues: int
    connection: str
    delivery: str
    received_at: int
    occurrences: Sequence[Occurrence]
    missing_since: float | None = None
    since: int = 0
    """When a person last redrove it (µs since the epoch); 0 if nobody did."""
    is_redriven: bool = False
    """Whether somebody else than the relay put it into the queue: from the dead-letter queue."""
    held_since: float | None = None
    """Since when (s since the epoch) its items are held, to be imported together with others."""
    refused_since: float | None = None
    """Since when (s since the epoch) Mateo refuses each of its items alone; a redrive ends that."""
    is_redelivered: bool = False
    """Whether SQS delivered its items again, in this message or in one that it was requeued from.
    A redrive ends that as well.
    """


def parse_message(message_id: str, body: str, *, sent_at: float = 0.0) -> QueueMessage:
    """Read one queue message; an item that was stored apart stays a `Pointer`.

    `sent_at`: when it was put into the queue (s since the epoch), which tells a redriven one.

    Raises:
        ValueError, KeyError, TypeError: the message was not written by this relay.
    """
    content = _parsed(body)
    if content["format"] != FORMAT:
        raise ValueError("unknown format of a queue message")
    is_redriven = _is_redriven(content, sent_at)
    since = int(sent_at * 1_000_000) if is_redriven else content.get("since", 0)
    return QueueMessage(
        message_id,
        content["requeues"],
        content["connection"],
        content["delivery"],
        content["received_at"],
        _occurrences(message_id, content, since),
        content.get("missing_since"),
        since,
        is_redriven,
        content.get("held_since"),
        None if is_redriven else content.get("refused_since"),
        not is_redriven and content.get("redelivered", False),
    )


def _parsed(body: str) -> Any:
    """The JSON of a message, read in half the time and with one object for equal short texts.

    What that parser refuses, such as half a surrogate pair, the standard library may read.
    """
    from pydantic_core import from_json  # late: the receiver only writes, and must start fast

    try:
        return from_json(body)
    except ValueError:
        return json.loads(body)


def _occurrences(message_id: str, content: Mapping[str, Any], since: int) -> list[Occurrence]:
    """The items of a message, in its order."""
    replay = replay_of(content)
    return [
        Occurrence(
            message_id,
            content["connection"],
            content["delivery"],
            item["n"],
            item["event"],
            content["received_at"],
            item.get("attempt", 0),
            item["item"] if "item" in item else Pointer(str(item["at"])),
            since,
            replay,
            content.get("test", False),
        )
        for item in content["items"]
    ]


def _is_redriven(content: Mapping[str, Any], sent_at: float) -> bool:
    """Whether a message was sent by somebody else than the relay, which dates what it sends."""
    if not sent_at:
        return False
    dated = content.get("requeued_at", content["received_at"])
    return "moved" in content or sent_at - dated / 1_000_000 > LONG_AGO_S


def redated_body(content: Mapping[str, Any], now: float) -> str:
    """The text of a message that the relay sends again at `now` (s since the epoch)."""
    return json.dumps({**content, "requeued_at": int(now * 1_000_000)})


def moved_body(body: str, code: str, now: float) -> str:
    """The text of a message that the relay makes a dead letter at `now` (s since the epoch)."""
    return json.dumps(json.loads(body) | {"moved": {"code": code, "at": int(now * 1_000_000)}})


def moved_because(content: Mapping[str, Any]) -> str | None:
    """The code with which the relay made a message a dead letter; None if SQS did."""
    code: str | None = content.get("moved", {}).get("code")
    return code


def lane_of_body(body: str) -> Lane:
    """The lane that a message of the relay was sent to; live if it is none of the relay."""
    try:
        content = json.loads(body)
        is_bulk = "replay" in content or holds_file_rows(content["delivery"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Lane.LIVE
    return Lane.BULK if is_bulk else Lane.LIVE


def waited_s(content: Mapping[str, Any], now: float) -> float:
    """For how long a message's records have waited since their receipt, or their last redrive."""
    return float(now - (content.get("since") or content["received_at"]) / 1_000_000)


def requeued_body(message: QueueMessage, body: str, item_ids: Iterable[str]) -> str:
    """The text of a message that requeues only these of its items."""
    return items_body(message, body, item_ids, requeues=message.requeues + 1)


def items_body(
    message: QueueMessage, body: str, item_ids: Iterable[str], *, requeues: int | None = None
) -> str:
    """The text of a message that holds only these of its items.

    It is made from the original text, so that pointers stay pointers.
    """
    wanted = frozenset(item_ids)
    content = json.loads(body)
    kept = [
        item
        for item, occurrence in zip(content["items"], message.occurrences, strict=True)
        if occurrence.item_id in wanted
    ]
    counted = message.requeues if requeues is None else requeues
    changed = content | {"requeues": counted, "items": kept}
    changed.pop("moved", None)
    if message.since:
        changed["since"] = message.since
    for name, value in (
        ("missing_since", message.missing_since),
        ("refused_since", message.refused_since),
        ("held_since", message.held_since),
        ("redelivered", message.is_redelivered or None),
    ):
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    return json.dumps(changed)


def requeue_delay_s(requeues: int) -> int:
    """60 s at first, doubled with every requeue, at most 15 minutes."""
    return int(min(60 * 2 ** min(requeues, 10), MAX_DELAY_S))


def repeat_bodies(occurrences: Iterable[Occurrence]) -> Iterator[str]:
    """Messages that requeue occurrences.

    An item too large for `MAX_ITEM_B` travels as a pointer to where the receiver stored it.
    """
    deliveries: dict[tuple[str, str, int, bool, int, Replay | None], list[str]] = {}
    for one in occurrences:
        key = (one.connection, one.delivery, one.received_at, one.is_test, one.since, one.replay)
        deliveries.setdefault(key, []).append(_repeated_item(one))
    for (connection, delivery, received_at, is_test, since, replay), items in deliveries.items():
        head = _head(connection, delivery, received_at, requeues=1, is_test=is_test)
        if since:
            head["since"] = since
        if replay:
            head["replay"] = as_object(replay)
        yield from _bodies(json.dumps(head), items)


def _repeated_item(one: Occurrence) -> str:
    head = {"n": one.number, "event": one.event}
    tail = {"attempt": one.attempt} if one.attempt else {}
    if isinstance(one.item, Pointer):
        return json.dumps({**head, "at": one.item.key, **tail})
    text = json.dumps({**head, "item": one.item, **tail})
    if len(text) <= MAX_ITEM_B:
        return text
    key = _oversize_key(original_delivery(one.delivery), one.number)
    return json.dumps({**head, "at": key, **tail})
