"""Fetches id-only records at their CRMs. Called by `interpreting`, before anything is claimed.

Only connections with an API token among the CRM tokens have their records read. If a CRM does not
answer, only the records of its connection wait.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import httpx

from import_relay.connectors.fetcher_contract import FetchedRecord, Fetcher, FieldPath
from import_relay.connectors.kinds import fetcher_for
from import_relay.connectors.shared.crm_api import MAX_READ_B, TIMEOUT, CrmApi, ReadRoom
from import_relay.domain.batches import batches, halves
from import_relay.domain.connections import Connection
from import_relay.domain.errors import ConfigurationError, RecordsNotFetched, StoreUnavailable
from import_relay.domain.http_bodies import REQUEST_HEADERS
from import_relay.domain.log_events import Emit
from import_relay.submit.fetched_records import RecordName, RecordsFetched

MAX_READ_S = 20.0
"""Own limit for all records of one connection in one batch; the rest waits for a later batch."""
MAX_FETCH_BISECTIONS = 10
"""How often groups of records of one type are bisected in a batch; one of 500 needs nine."""


class Secrets(Protocol):
    """Where API tokens are (`storage.connection_secrets`)."""

    def of(self, connection: str) -> Sequence[str]:
        """The texts under a name."""

    def renewed(self, connection: str) -> Sequence[str] | None:
        """The texts as they are now, None if they are the same."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """Reads records; made once per process. Times are in seconds, of `clock`."""

    connections: Mapping[str, Connection]
    secrets: Secrets
    client: httpx.Client
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    emit: Emit
    fetchers: Callable[[str], Fetcher | None] = fetcher_for

    def read(
        self, to_fetch: Mapping[RecordName, frozenset[FieldPath]], *, give_up_at: float
    ) -> RecordsFetched:
        """Read these records, with the paths that their mappings name."""
        result = RecordsFetched(at=int(self.clock() * 1_000_000))
        by_connection: dict[str, dict[RecordName, frozenset[FieldPath]]] = defaultdict(dict)
        for name, paths in to_fetch.items():
            by_connection[name.connection][name] = paths
        left_b = MAX_READ_B
        for place, (connection, names) in enumerate(by_connection.items()):
            fetcher = self.fetchers(self.connections[connection].kind)
            if fetcher is None:
                continue
            sharing = len(by_connection) - place
            until = self.clock() + min(MAX_READ_S, (give_up_at - self.clock()) / sharing)
            room = ReadRoom(left_b // sharing)
            left_b -= room.left_b
            api_for = partial(self._api, connection, fetcher, until, room)
            try:
                self._read_connection(connection, fetcher, names, result, api_for)
            except RecordsNotFetched as error:
                self._wait_for(connection, names, error, result)
            left_b += room.left_b  # what it did not use, or used beyond its share
        return result

    def _wait_for(
        self,
        connection: str,
        names: Iterable[RecordName],
        error: RecordsNotFetched,
        result: RecordsFetched,
    ) -> None:
        """Have the records that are still missing wait, and say why."""
        waiting = set(names) - result.found.keys() - result.gone
        result.waiting |= waiting
        keys = {"connection": connection, "code": error.code, "records": len(waiting)}
        if error.code == "fetcher.out_of_time":
            self.emit("fetcher.out_of_time", **keys)
        else:
            result.failed[connection] = error.code
            self.emit("fetcher.unavailable", **keys, reason=error.detail)

    def _read_connection(
        self,
        connection: str,
        fetcher: Fetcher,
        names: Mapping[RecordName, frozenset[FieldPath]],
        result: RecordsFetched,
        api_for: Callable[[str], CrmApi],
    ) -> None:
        """Read a connection's records; a token that is refused makes room for another one.

        Raises:
            RecordsNotFetched: not all could be read.
        """
        tried: set[str] = set()
        tokens = self._tokens(connection)
        refused: RecordsNotFetched | None = None
        while tokens:
            token = tokens.pop(0)
            tried.add(token)
            try:
                _read_all(fetcher, api_for(token), names, result)
            except RecordsNotFetched as error:
                if error.code != "fetcher.refused":
                    raise
                refused = error
            else:
                return
            if not tokens:
                tokens = [one for one in self._renewed_tokens(connection) if one not in tried]
        if refused is not None:
            raise refused

    def _api(
        self, connection: str, fetcher: Fetcher, give_up_at: float, room: ReadRoom, token: str
    ) -> CrmApi:
        return CrmApi(
            client=self.client,
            token=token,
            options=self.connections[connection].options,
            requests_per_second=fetcher.REQUESTS_PER_SECOND,
            give_up_at=give_up_at,
            clock=self.clock,
            sleep=self.sleep,
            room=room,
        )

    def _tokens(self, connection: str) -> list[str]:
        """The connection's tokens; without any nothing is read."""
        try:
            return _usable(self.secrets.of(f"{connection}.token"))
        except (StoreUnavailable, ConfigurationError) as error:
            raise RecordsNotFetched("fetcher.unavailable", error.detail) from error

    def _renewed_tokens(self, connection: str) -> list[str]:
        try:
            return _usable(self.secrets.renewed(f"{connection}.token") or ())
        except (StoreUnavailable, ConfigurationError):
            return []


def crm_client() -> httpx.Client:
    """The client for all CRMs; no redirects, since tokens must not follow them, and no proxy."""
    return httpx.Client(
        timeout=TIMEOUT, headers=REQUEST_HEADERS, follow_redirects=False, trust_env=False
    )


def _usable(texts: Iterable[str]) -> list[str]:
    return [text.strip() for text in texts if text.strip()]


def _read_all(
    fetcher: Fetcher,
    api: CrmApi,
    names: Mapping[RecordName, frozenset[FieldPath]],
    result: RecordsFetched,
) -> None:
    """Read what is not read yet, type by type; trouble with one type does not stop the others.

    Raises:
        RecordsNotFetched: the last trouble, with everything else in `result`.
    """
    by_type: dict[tuple[str, frozenset[FieldPath]], list[RecordName]] = defaultdict(list)
    for name in names:
        if name not in result.found and name not in result.gone:
            by_type[name.object_type, names[name]].append(name)
    trouble: RecordsNotFetched | None = None
    for (_, paths), of_type in by_type.items():
        try:
            _read_type(fetcher, api, of_type, paths, result)
        except RecordsNotFetched as error:
            if error.code not in _OF_ONE_TYPE:
                raise
            trouble = error
    if trouble is not None:
        raise trouble


_OF_ONE_TYPE = frozenset({"fetcher.refused", "fetcher.unexpected"})
"""Troubles that may concern one type of records alone, e.g. one that the token may not see."""


def _read_type(
    fetcher: Fetcher,
    api: CrmApi,
    names: Sequence[RecordName],
    paths: frozenset[FieldPath],
    result: RecordsFetched,
) -> None:
    """Read records of one type; where an answer is odd, bisect it to the record it is about.

    Raises:
        RecordsNotFetched: the last trouble, with everything else in `result`.
    """
    pending: deque[Sequence[RecordName]] = deque(batches(names, fetcher.IDS_PER_READ))
    bisections = MAX_FETCH_BISECTIONS
    trouble: RecordsNotFetched | None = None
    while pending:
        asked = pending.popleft()
        try:
            records = _records(fetcher, api, asked, paths)
        except RecordsNotFetched as error:
            if error.code != "fetcher.unexpected":
                raise
            trouble = error
            if len(asked) > 1 and bisections:
                bisections -= 1
                pending += halves(asked)
        else:
            found = {name: records[name.id] for name in asked if name.id in records}
            result.found.update(found)
            result.gone.update(name for name in asked if name not in found)
    if trouble is not None:
        raise trouble


def _records(
    fetcher: Fetcher, api: CrmApi, names: Sequence[RecordName], paths: frozenset[FieldPath]
) -> Mapping[str, FetchedRecord]:
    try:
        return fetcher.read(api, names[0].object_type, [name.id for name in names], paths)
    except RecordsNotFetched:
        raise
    except Exception as error:
        raise RecordsNotFetched("fetcher.unexpected", type(error).__name__) from error
