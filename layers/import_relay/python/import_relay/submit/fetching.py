"""Reads the records that webhooks only name, at their CRMs. Called by `submission` while it plans.

Only connections with an API token among the CRM tokens have their records read. A CRM that
does not answer costs its own connection time and nothing else: its records wait.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx

from import_relay.connectors.fetcher_contract import Found, Path, Reader
from import_relay.connectors.kinds import reader_for
from import_relay.connectors.shared.crm_api import TIMEOUT, CrmApi
from import_relay.domain.connections import Connection
from import_relay.domain.errors import ConfigurationError, RecordsUnread, StoreUnavailable
from import_relay.domain.http_bodies import SENT
from import_relay.domain.log_events import Emit
from import_relay.submit.changes import RecordName, RecordsRead

LONGEST_READ_S = 20.0
"""Own limit for all records of one connection in one batch; the rest waits for a later batch."""
MOST_HALVINGS = 10
"""How often groups of records of one type are halved in a batch; one of 500 needs nine."""


class Secrets(Protocol):
    """Where API tokens are (`storage.connection_secrets`)."""

    def of(self, connection: str) -> Sequence[str]:
        """The texts under a name."""

    def renewed(self, connection: str) -> Sequence[str] | None:
        """The texts as they are now, None if they are the same."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads records; made once per process. Times are in seconds, of `clock`."""

    connections: Mapping[str, Connection]
    secrets: Secrets
    client: httpx.Client
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    emit: Emit
    readers: Callable[[str], Reader | None] = reader_for

    def read(
        self, wanted: Mapping[RecordName, frozenset[Path]], *, give_up_at: float
    ) -> RecordsRead:
        """Read these records, with the paths that their mappings name."""
        result = RecordsRead(at=int(self.clock() * 1_000_000))
        by_connection: dict[str, dict[RecordName, frozenset[Path]]] = defaultdict(dict)
        for name, paths in wanted.items():
            by_connection[name.connection][name] = paths
        for place, (connection, names) in enumerate(by_connection.items()):
            reader = self.readers(self.connections[connection].kind)
            if reader is None:
                continue
            share = (give_up_at - self.clock()) / (len(by_connection) - place)
            until = self.clock() + min(LONGEST_READ_S, share)
            try:
                self._read_connection(connection, reader, names, result, until)
            except RecordsUnread as error:
                self._wait_for(connection, names, error, result)
        return result

    def _wait_for(
        self,
        connection: str,
        names: Iterable[RecordName],
        error: RecordsUnread,
        result: RecordsRead,
    ) -> None:
        """Have the records that are still missing wait, and say why."""
        waiting = set(names) - result.found.keys() - result.gone
        result.waiting |= waiting
        keys = {"connection": connection, "code": error.code, "records": len(waiting)}
        if error.code == "reader.out_of_time":
            self.emit("reader.out_of_time", **keys)
        else:
            result.failed.add(connection)
            self.emit("reader.unavailable", **keys, reason=error.detail)

    def _read_connection(
        self,
        connection: str,
        reader: Reader,
        names: Mapping[RecordName, frozenset[Path]],
        result: RecordsRead,
        give_up_at: float,
    ) -> None:
        """Read a connection's records; a token that is refused makes room for another one.

        Raises:
            RecordsUnread: not all could be read.
        """
        tried: set[str] = set()
        tokens = self._tokens(connection)
        refused: RecordsUnread | None = None
        while tokens:
            token = tokens.pop(0)
            tried.add(token)
            try:
                _read_all(reader, self._api(connection, reader, token, give_up_at), names, result)
            except RecordsUnread as error:
                if error.code != "reader.refused":
                    raise
                refused = error
            else:
                return
            if not tokens:
                tokens = [one for one in self._renewed_tokens(connection) if one not in tried]
        if refused is not None:
            raise refused

    def _api(self, connection: str, reader: Reader, token: str, give_up_at: float) -> CrmApi:
        return CrmApi(
            client=self.client,
            token=token,
            options=self.connections[connection].options,
            requests_per_second=reader.REQUESTS_PER_SECOND,
            give_up_at=give_up_at,
            clock=self.clock,
            sleep=self.sleep,
        )

    def _tokens(self, connection: str) -> list[str]:
        """The connection's tokens; without any nothing is read."""
        try:
            return _usable(self.secrets.of(f"{connection}.token"))
        except (StoreUnavailable, ConfigurationError) as error:
            raise RecordsUnread("reader.unavailable", error.detail) from error

    def _renewed_tokens(self, connection: str) -> list[str]:
        try:
            return _usable(self.secrets.renewed(f"{connection}.token") or ())
        except (StoreUnavailable, ConfigurationError):
            return []


def http_client() -> httpx.Client:
    """The client for all CRMs; no redirects, since tokens must not follow them, and no proxy."""
    return httpx.Client(timeout=TIMEOUT, headers=SENT, follow_redirects=False, trust_env=False)


def _usable(texts: Iterable[str]) -> list[str]:
    return [text.strip() for text in texts if text.strip()]


def _read_all(
    reader: Reader,
    api: CrmApi,
    names: Mapping[RecordName, frozenset[Path]],
    result: RecordsRead,
) -> None:
    """Read what is not read yet, type by type; trouble with one type does not stop the others.

    Raises:
        RecordsUnread: the last trouble, with everything else in `result`.
    """
    by_type: dict[tuple[str, frozenset[Path]], list[RecordName]] = defaultdict(list)
    for name in names:
        if name not in result.found and name not in result.gone:
            by_type[name.object_type, names[name]].append(name)
    trouble: RecordsUnread | None = None
    for (_, paths), of_type in by_type.items():
        try:
            _read_type(reader, api, of_type, paths, result)
        except RecordsUnread as error:
            if error.code not in _OF_ONE_TYPE:
                raise
            trouble = error
    if trouble is not None:
        raise trouble


_OF_ONE_TYPE = frozenset({"reader.refused", "reader.unexpected"})
"""Troubles that may concern one type of records alone, e.g. one that the token may not see."""


def _read_type(
    reader: Reader,
    api: CrmApi,
    names: Sequence[RecordName],
    paths: frozenset[Path],
    result: RecordsRead,
) -> None:
    """Read records of one type; where an answer is odd, narrow it down to the record it is about.

    Raises:
        RecordsUnread: the last trouble, with everything else in `result`.
    """
    size = reader.IDS_PER_READ
    pending = deque(names[start : start + size] for start in range(0, len(names), size))
    halvings = MOST_HALVINGS
    trouble: RecordsUnread | None = None
    while pending:
        asked = pending.popleft()
        try:
            records = _records(reader, api, asked, paths)
        except RecordsUnread as error:
            if error.code != "reader.unexpected":
                raise
            trouble = error
            if len(asked) > 1 and halvings:
                halvings -= 1
                middle = len(asked) // 2
                pending += (asked[:middle], asked[middle:])
            continue
        for name in asked:
            if name.id in records:
                result.found[name] = records[name.id]
            else:
                result.gone.add(name)
    if trouble is not None:
        raise trouble


def _records(
    reader: Reader, api: CrmApi, names: Sequence[RecordName], paths: frozenset[Path]
) -> Mapping[str, Found]:
    try:
        return reader.read(api, names[0].object_type, [name.id for name in names], paths)
    except RecordsUnread:
        raise
    except Exception as error:
        raise RecordsUnread("reader.unexpected", type(error).__name__) from error
