"""Reads the records that webhooks only name, at their CRMs. Called by `submission` while it plans.

Only connections with an API token in the connection secrets have their records read. A CRM that
does not answer costs its own connection time and nothing else: its records wait.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx

from import_relay.changes import RecordName, RecordsRead
from import_relay.connections import Connection
from import_relay.errors import ConfigurationError, RecordsUnread, StoreUnavailable
from import_relay.events import Emit
from import_relay.readers import reader_for
from import_relay.readers.contract import Found, Path, Reader
from import_relay.readers.crm_api import TIMEOUT, CrmApi

LONGEST_READ_S = 20.0
"""Own limit for all records of one connection in one batch; the rest waits for a later batch."""


class Secrets(Protocol):
    """Where API tokens are (`state.connection_secrets`)."""

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
        for connection, names in by_connection.items():
            reader = self.readers(self.connections[connection].kind)
            if reader is None:
                continue
            until = min(self.clock() + LONGEST_READ_S, give_up_at)
            try:
                self._read_connection(connection, reader, names, result, until)
            except RecordsUnread as error:
                result.failed.add(connection)
                waiting = names.keys() - result.found.keys() - result.gone
                result.waiting |= waiting
                self.emit(
                    "reader.unavailable",
                    connection=connection,
                    code=error.code,
                    reason=error.detail,
                    records=len(waiting),
                )
        return result

    def _read_connection(
        self,
        connection: str,
        reader: Reader,
        names: Mapping[RecordName, frozenset[Path]],
        result: RecordsRead,
        give_up_at: float,
    ) -> None:
        """Read a connection's records, with a newer token if there is one and the known is refused.

        Raises:
            RecordsUnread: not all could be read.
        """
        token = self._token(connection)
        if token is None:
            return
        try:
            _read_all(reader, self._api(connection, reader, token, give_up_at), names, result)
        except RecordsUnread as error:
            renewed = self._renewed_token(connection) if error.code == "reader.refused" else None
            if renewed is None:
                raise
            _read_all(reader, self._api(connection, reader, renewed, give_up_at), names, result)

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

    def _token(self, connection: str) -> str | None:
        """The connection's token; None: it has none, nothing is read."""
        try:
            return _first(self.secrets.of(f"{connection}.token"))
        except (StoreUnavailable, ConfigurationError) as error:
            raise RecordsUnread("reader.unavailable", error.detail) from error

    def _renewed_token(self, connection: str) -> str | None:
        try:
            return _first(self.secrets.renewed(f"{connection}.token") or ())
        except (StoreUnavailable, ConfigurationError):
            return None


def http_client() -> httpx.Client:
    """The client for all CRMs; no redirects, since tokens must not follow them."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False)


def _first(texts: Sequence[str]) -> str | None:
    """The token that counts: the first that is not empty."""
    return next((text.strip() for text in texts if text.strip()), None)


def _read_all(
    reader: Reader,
    api: CrmApi,
    names: Mapping[RecordName, frozenset[Path]],
    result: RecordsRead,
) -> None:
    """Read what is not read yet, in calls of as many ids as the reader takes.

    Raises:
        RecordsUnread: with what the calls before gave in `result`.
    """
    left = [name for name in names if name not in result.found and name not in result.gone]
    by_type: dict[tuple[str, frozenset[Path]], list[RecordName]] = defaultdict(list)
    for name in left:
        by_type[name.object_type, names[name]].append(name)
    for (object_type, paths), of_type in by_type.items():
        for start in range(0, len(of_type), reader.IDS_PER_READ):
            asked = of_type[start : start + reader.IDS_PER_READ]
            records = _records(reader, api, object_type, [name.id for name in asked], paths)
            for name in asked:
                if name.id in records:
                    result.found[name] = records[name.id]
                else:
                    result.gone.add(name)


def _records(
    reader: Reader, api: CrmApi, object_type: str, ids: Sequence[str], paths: frozenset[Path]
) -> Mapping[str, Found]:
    try:
        return reader.read(api, object_type, ids, paths)
    except RecordsUnread:
        raise
    except Exception as error:
        raise RecordsUnread("reader.unexpected", type(error).__name__) from error
