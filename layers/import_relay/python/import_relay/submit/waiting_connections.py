"""Logs which connections a batch's records wait for, and why. Called by `batch_run` at its end."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from import_relay.storage.connection_waits import ConnectionWait, ConnectionWaits
from import_relay.submit.acknowledging import Acknowledging
from import_relay.submit.changes import Mapper
from import_relay.submit.posting import Tools


@dataclass(frozen=True, slots=True)
class WaitingConnections:
    """Logs it, and notes it for `relay status`."""

    mapper: Mapper
    store: ConnectionWaits
    acknowledging: Acknowledging
    tools: Tools

    def tell(
        self,
        disabled: Mapping[str, Collection[str]],
        missing_since: Mapping[str, float],
        unread: Mapping[str, str],
    ) -> None:
        """Log connections with a mistake, missing ones, and those whose CRM could not be read.

        `disabled`: connection → items that wait. `missing_since`: connection → when (s since the
        epoch). `unread`: connection → the code of what its CRM answered.
        """
        now = self.tools.clock()
        waits = {name: ConnectionWait(code, now) for name, code in unread.items()}
        for name, item_ids in disabled.items():
            why = self.mapper.why_disabled(name)
            self.tools.emit("connection.disabled", connection=name, items=len(item_ids), **why)
            waits[name] = ConnectionWait("connection.disabled", now, why["key"])
        for name, since in missing_since.items():
            self.tools.emit("connection.missing", connection=name, missing_since=int(since))
            waits[name] = ConnectionWait("connection.missing", now)
        self.acknowledging.try_step(lambda: self.store.note(waits))
