"""Every kind's sender: an example connection with its secret, and what it really sends.

The tests of a connector say how its sender authenticates itself: their `SENDER`.
`requests_of(kind)` gives one authentic request for each file of the kind in events/. Tests over
every kind, the fuzz targets and a benchmark start from these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import ModuleType

from import_relay.connectors.contract import Request
from import_relay.connectors.kinds import kinds
from import_relay.domain.connections import Connection, load_connections, parse_connections
from import_relay.domain.models import Occurrence
from import_relay.submit.changes import Mapped, Mapper
from import_relay.submit.fetched_records import RecordsFetched
from tests.support.sender import Sender, bare_path
from tests.support.signers import Sign
from tests.support.webhooks import NOW, ROOT, example_secrets, request, sample

_CONNECTIONS = load_connections(ROOT / "layers" / "connections" / "connections.toml")
_SECRETS = example_secrets()


def own_tests(kind: str) -> ModuleType:
    """The tests of a kind's connector, which say what only they know of its sender."""
    path, _, name = kinds()[kind].removeprefix("import_relay.").rpartition(".")
    return import_module(f"tests.unit.{path}.test_{name}")


def sender_of(kind: str) -> Sender:
    """What a kind's sender sends besides the body."""
    sender: Sender = own_tests(kind).SENDER
    return sender


@cache
def sign_of(kind: str) -> Sign:
    """How a kind's sender authenticates itself, with the secret of the example connection."""
    return sender_of(kind).signer(next(iter(secrets_of(kind)), ""))


@cache
def connection_of(kind: str) -> Connection:
    """The example connection of a kind, which is named like it: connections.toml need not have
    one.
    """
    if kind in _CONNECTIONS:
        return _CONNECTIONS[kind]
    text = f'[{kind}]\nkind = "{kind}"\nid_prefix = "{kind}-"\n{sender_of(kind).connection}'
    return parse_connections(text)[kind]


def secrets_of(kind: str) -> list[str]:
    """The secrets of a kind's example connection."""
    return _SECRETS[kind] if kind in _SECRETS else [sender_of(kind).secret]


@cache
def requests_of(kind: str) -> Mapping[str, Request]:
    """File in events/ → the request that brings it, authentic at `webhooks.NOW`."""
    names = sorted(path.name for path in (ROOT / "events").iterdir())
    return {name: _request(kind, name) for name in names if name.startswith(f"{kind}.")}


def _request(kind: str, name: str) -> Request:
    """The request at `NOW`."""
    sender = sender_of(kind)
    headers = {**sender.headers, **sender.headers_of(name)}
    given = request(sample(name), headers, path=f"/webhooks/{kind}")
    return sign_of(kind)(replace(given, transport=sender.transport))


def with_body(kind: str, given: Request, body: bytes) -> Request:
    """The request with another body, authenticated as its sender would."""
    bare = replace(given, body=body)
    return sign_of(kind)(replace(bare, path=bare_path(given)))


def received_at(kind: str, given: Request, seconds: float) -> Request:
    """The request as it arrives at another time, in seconds since the epoch, and authentic then."""
    moved = replace(given, received_at=int(seconds * 1_000_000), path=bare_path(given))
    return sign_of(kind)(moved)


@cache
def _mapper(kind: str) -> Mapper:
    return Mapper({kind: connection_of(kind)})


def mapped(kind: str, items: Sequence[object]) -> Mapped:
    """What becomes of items without anything read at a CRM, as submission finds it."""
    occurrences = [
        Occurrence("m1", kind, "d1", number, f"e{number}", NOW * 1_000_000, 0, item)
        for number, item in enumerate(items)
    ]
    return _mapper(kind).map(_mapper(kind).interpret(occurrences), RecordsFetched())
