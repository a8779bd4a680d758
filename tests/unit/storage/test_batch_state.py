"""What submission has to know before it begins a batch is read in one call."""

from typing import Any
from zoneinfo import ZoneInfo

from import_relay.domain.erased_handles import ErasedHandles
from import_relay.storage.batch_state import BatchState, BatchStates
from import_relay.storage.held import HeldState
from import_relay.storage.outcome_counts import KnownOutcomes
from import_relay.storage.pause import PauseState
from import_relay.storage.quota import Limits, Usage
from import_relay.storage.refusals import RefusedKind
from import_relay.storage.trials import Tried
from tests.support.builders import NOON, occurrence

LIMITS = Limits(2.0, 10_000, 25_000, ZoneInfo("UTC"))
WAITS = (
    '[{"kind": ["erp", "contact_details"], "wait": {"since": 1.0, "until": 2.0, "consecutive": 1,'
    ' "status": 400, "code": "PGRST204", "message": "bad"}}]'
)


class Table:
    """DynamoDB with these items; it keeps the keys of each read."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self._items = {item["pk"]["S"]: item for item in items}
        self.reads: list[list[str]] = []

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
        assert RequestItems["ledger"]["ConsistentRead"]
        keys = [key["pk"]["S"] for key in RequestItems["ledger"]["Keys"]]
        self.reads.append(keys)
        found = [self._items[key] for key in keys if key in self._items]
        return {"Responses": {"ledger": found}}


def states(table: Table) -> BatchStates:
    client: Any = table
    return BatchStates(client, "ledger", LIMITS, clock=lambda: NOON)


def test_for_new_items_only_the_state_of_the_relay_is_read() -> None:
    table = Table()

    state = states(table).read([])

    day = LIMITS.day(NOON)
    assert state == BatchState(
        PauseState(),
        PauseState(),
        Usage(day, 0, 0),
        {},
        Tried(),
        KnownOutcomes(),
        ErasedHandles(),
        HeldState(),
    )
    assert table.reads == [
        ["pause", "pause#bulk", f"day#{day}", "refusals", "erasures", "held#live"]
    ]


def test_for_items_that_were_received_before_their_outcomes_and_trials_are_read_too() -> None:
    ended, other = occurrence(0), occurrence(1)
    table = Table(
        {"pk": {"S": "pause"}, "paused_until": {"N": "7.0"}, "reason": {"S": "limit.requests"}},
        {"pk": {"S": f"day#{LIMITS.day(NOON)}"}, "requests": {"N": "3"}, "entities": {"N": "40"}},
        {"pk": {"S": "refusals"}, "waits": {"S": WAITS}},
        {"pk": {"S": "trials"}, "alone": {"L": [{"S": other.item_id}]}},
        {"pk": {"S": f"outcome#{ended.delivery}#0"}, "n0": {"S": "rejected"}},
    )

    state = states(table).read([ended, other])

    assert len(table.reads) == 1
    assert state.pause == PauseState(7.0, "limit.requests")
    assert (state.usage.requests, state.usage.entities) == (3, 40)
    assert state.refused.keys() == {RefusedKind("erp", "contact_details")}
    assert state.tried == Tried(alone={other.item_id})
    assert state.known == KnownOutcomes(ended={ended.item_id})
