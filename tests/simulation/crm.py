"""The fake of HubSpot's batch read, which gives the records that webhooks only name.

A record has the state of its newest change that has happened by then; each webhook tells of one.
For a while the API is in trouble (`FaultProfile.crm_trouble`), and in some runs its contacts are
deleted.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

import httpx

from tests.simulation.scenario import FaultProfile, Record, Webhook
from tests.simulation.world import START, World

CONNECTION = "crm"
"""The connection whose webhooks hold ids only."""
TOKEN = "crm-token"
READ = "Crm.POST batch/read"
TIMEOUT_S = 8.0
"""How long the relay waits for an answer (`connectors.shared.crm_api`)."""
SLOWEST_S = 12.0
BEHIND = 0.5
"""Share of the reads that go to a replica that lags, if there is one."""
FOREIGN = "9"
"""Before its key: the CRM's id of a record whose key is a number of its own, its external id."""
TROUBLES = ("busy", "away", "refused", "errors", "down", "slow")


def _unexpected(request: httpx.Request) -> httpx.Response:
    raise AssertionError(request.url)


@cache
def _unused_client() -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(_unexpected))


class _RefusedError(Exception):
    """The API refuses a call for no reason that its caller could know."""


class Crm:
    """The API, as the handler of httpx's MockTransport."""

    def __init__(
        self, world: World, webhooks: Sequence[Webhook], fault_profile: FaultProfile
    ) -> None:
        self._world = world
        self._fault_profile = fault_profile
        self._ends_at = START + fault_profile.crm_trouble_s
        self.reads = 0
        self._states: dict[str, list[tuple[float, Record]]] = {}
        for webhook in webhooks:
            if webhook.connection == CONNECTION:
                for record in webhook.records:
                    self._states.setdefault(record.key, []).append((START + webhook.at, record))

    def client(self) -> httpx.Client:
        """A client of this API; all runs without records of the CRM share one."""
        return (
            httpx.Client(transport=httpx.MockTransport(self._handle))
            if self._states
            else _unused_client()
        )

    def _handle(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {TOKEN}", "a token of somebody else"
        ids = [one["id"] for one in json.loads(request.content)["inputs"]]
        trouble = self._fault_profile.crm_trouble if self._world.now < self._ends_at else ""
        if trouble == "slow":
            self._be_slow()
        if trouble == "down":
            raise httpx.ConnectError("refused")
        try:
            return self._world.call(
                READ,
                lambda: _ANSWERS[trouble]() if trouble in _ANSWERS else self._records(ids),
                refuse=_RefusedError,
                lose=lambda: httpx.ReadTimeout("timed out"),
                idempotent=True,
                patience_s=TIMEOUT_S,
            )
        except _RefusedError:
            return httpx.Response(503)

    def _be_slow(self) -> None:
        seconds = self._world.random.uniform(0.0, SLOWEST_S)
        self._world.sleep(min(seconds, TIMEOUT_S))
        if seconds > TIMEOUT_S:
            raise httpx.ReadTimeout("timed out")

    def _records(self, ids: Sequence[str]) -> httpx.Response:
        self.reads += 1
        found = [(one, self._state(one.removeprefix(FOREIGN))) for one in ids]
        results = [_shown(one, state) for one, state in found if state is not None]
        missing = [{"category": "OBJECT_NOT_FOUND"} for _, state in found if state is None]
        content = {"results": results, **({"errors": missing} if missing else {})}
        return httpx.Response(207 if missing else 200, json=content)

    def _state(self, key: str) -> Record | None:
        """The newest change of a record that has happened; None once the record is deleted."""
        now = self._world.now
        if now >= START + self._fault_profile.crm_gone_s:
            return None
        behind_s = self._fault_profile.crm_behind_s
        if behind_s and self._world.random.random() < BEHIND:
            now -= behind_s
        happened = [record for at, record in self._states.get(key, ()) if at <= now]
        return max(happened, key=lambda one: one.version, default=None)


def id_of(record: Record) -> int:
    """The id of a record at the CRM; for every other record the key is a number, and not its id."""
    return int(FOREIGN + record.key) if int(record.key) % 2 == 0 else int(record.key)


def _shown(id_: str, record: Record) -> Mapping[str, object]:
    updated_at = datetime.fromtimestamp(record.version // 1_000_000, UTC)
    text = updated_at.replace(microsecond=record.version % 1_000_000).isoformat()
    number = {} if id_ == record.key else {"number": record.key}
    fields = {**record.fields, **number}
    return {"id": id_, "properties": fields, "updatedAt": text, "archived": False}


_ANSWERS: Mapping[str, Callable[[], httpx.Response]] = {
    "busy": lambda: httpx.Response(429, headers={"retry-after": "2"}),
    "away": lambda: httpx.Response(429, headers={"retry-after": "600"}),
    "refused": lambda: httpx.Response(401),
    "errors": lambda: httpx.Response(400, json={"category": "VALIDATION_ERROR"}),
}
