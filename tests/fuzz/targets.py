"""What must hold for every input: only documented errors leave a connector, and no forgery gets in.

An input is bytes. They choose an authentic request of the kind and changes of it. Then it takes the
path of a webhook: verify, split, the queue's message, interpret, the mapping, a row. `forged`,
`received` and `queued` take a changed request as it is: a finding prints the call that repeats it.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change, Item, Request
from import_relay.connectors.kinds import connector_for
from import_relay.domain.connections import RECORD_TYPES, Connection
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.domain.queue_messages import pack
from tests.fuzz.choices import Choices
from tests.fuzz.mutations import TEXTS, changed_body, changed_headers, changed_item
from tests.support.authentic import (
    connection_of,
    mapped,
    requests_of,
    secrets_of,
    sender_of,
    with_body,
)
from tests.support.webhooks import NOW

FOREIGN = "never-generated:" + "x" * 60
MAX_VERSION = 2**63


class FindingError(Exception):
    """Something that must not happen. Its text ends with the call that repeats it."""


def run(kind: str, data: bytes) -> None:
    """Try one input: its first bytes choose the request and the target.

    Raises:
        FindingError: something happened that must not happen.
    """
    choices = Choices(data)
    original = choices.pick(list(requests_of(kind).values()))
    target = choices.below(8)
    if target < 5:
        _try(received, kind, _authentic(kind, original, choices))
    elif target < 7:
        _try(forged, kind, _forgery(original, choices), original)
    else:
        _try(queued, kind, changed_item(choices.pick(_item_texts(kind)), choices))


def _try(check: Callable[..., None], kind: str, *given: object) -> None:
    try:
        check(kind, *given)
    except Exception as error:
        call = f"{check.__name__}({kind!r}, {', '.join(map(repr, given))})"
        raise FindingError(f"{type(error).__name__}: {error}\n{call}") from error


def _authentic(kind: str, original: Request, choices: Choices) -> Request:
    """A changed request that is authentic all the same."""
    changed = with_body(kind, original, changed_body(original.body, choices))
    if choices.below(4) < 3:
        return changed
    signing = changed.headers.keys() - sender_of(kind).headers.keys() - requests_headers(kind)
    free = {name: value for name, value in changed.headers.items() if name not in signing}
    kept = {name: value for name, value in changed.headers.items() if name in signing}
    return replace(changed, headers={**changed_headers(free, choices), **kept})


@cache
def requests_headers(kind: str) -> frozenset[str]:
    """Names of the headers that no authentication covers."""
    named = sender_of(kind).headers_of
    return frozenset(name for file in requests_of(kind) for name in named(file))


def _forgery(original: Request, choices: Choices) -> Request:
    """A changed request with the authentication of the original one, or a changed one."""
    body = changed_body(original.body, choices) if choices.below(2) else original.body
    headers = changed_headers(original.headers, choices)
    query = choices.pick(TEXTS) if choices.below(4) == 3 else original.query
    path = original.path + choices.pick(TEXTS) if choices.below(4) == 3 else original.path
    return replace(original, body=body, headers=headers, query=query, path=path)


@cache
def _connection(kind: str) -> Connection:
    return with_defaults(connection_of(kind))


@cache
def _item_texts(kind: str) -> list[str]:
    options = _connection(kind).options
    split = connector_for(kind).split
    return [item.text for one in requests_of(kind).values() for item in split(one, options)]


def _is_accepted(kind: str, request: Request, *secrets: str) -> bool:
    try:
        connector_for(kind).verify(request, secrets, _connection(kind).options, now=NOW)
    except SignatureError:
        return False
    return True


def forged(kind: str, request: Request, original: Request) -> None:
    """A sender without the secret is refused, and so is a request that somebody else changed."""
    sender = sender_of(kind)
    if sender.needs_secret:
        assert not _is_accepted(kind, request), "accepted without any secret"
        assert not _is_accepted(kind, request, FOREIGN), "accepted with a foreign secret"
    if _is_accepted(kind, request, *secrets_of(kind)):
        assert not sender.covers_body or request.body == original.body, "a changed body is accepted"


def received(kind: str, request: Request) -> None:
    """An authentic request is accepted and becomes items, or is unreadable."""
    if not _is_accepted(kind, request, *secrets_of(kind)):
        assert sender_of(kind).auth_header is None, "refused although it is authentic"
    try:
        items = connector_for(kind).split(request, _connection(kind).options)
    except UnreadableDelivery:
        return
    for item in items:
        assert item.event_id.isascii(), "an event id that is not ASCII"
        assert item.event_id.isprintable(), "an event id that cannot be printed"
        assert 0 < len(item.event_id) <= 200, "an event id that is empty or too long"
    for value in _through_the_queue(items):
        queued(kind, value)


def _through_the_queue(items: list[Item]) -> list[object]:
    """The items as submission parses them out of messages and objects."""
    packed = pack(items, NOW * 1_000_000, "x", "d")
    texts = [text.encode() for text in (*packed.messages, *packed.oversize.values())]
    parsed = [json.loads(text) for text in texts]
    messages = parsed[: len(packed.messages)]
    stored = dict(zip(packed.oversize, parsed[len(messages) :], strict=True))
    entries = [entry for message in messages for entry in message["items"]]
    return [entry["item"] if "item" in entry else stored[entry["at"]] for entry in entries]


def queued(kind: str, item: object) -> None:
    """An item becomes a change that keeps to its contract, and then a row, or is rejected."""
    try:
        change = connector_for(kind).interpret(item, _connection(kind))
    except RejectedRow:
        return
    _check_change(change)
    result = mapped(kind, [item])
    assert len(result.changes) + len(result.outcomes) == 1, "neither a row nor a reason"


def _check_change(change: Change) -> None:
    version = change.version
    assert change.record_type is None or change.record_type in RECORD_TYPES
    assert version is None or type(version) is int, "a version that is no whole number"
    assert version is None or abs(version) < MAX_VERSION, "a version that is too large"
    assert change.ignored is None or change.ignored.isidentifier(), "a reason that is no word"
    assert not change.partial or isinstance(change.record, dict), "partial, but not of an object"
    if change.lookup is not None:
        assert change.lookup.id, "a lookup without an id"
        assert isinstance(change.lookup.id, str), "a lookup's id that is no text"
        assert change.lookup.id.isascii(), "a lookup's id that is not ASCII"
        assert change.lookup.id.isprintable(), "a lookup's id that cannot be printed"
        assert isinstance(change.lookup.object_type, str)
