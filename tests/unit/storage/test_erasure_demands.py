"""Demands for an erasure, as objects that name a record and nothing else of the person."""

import json

from import_relay.domain.models import ErasureDemand, ItemOutcome, Outcome
from import_relay.storage.erasure_demands import (
    PENDING,
    PendingErasures,
    demand_objects,
    demand_of,
)
from tests.support.builders import occurrence

DEMANDED = ItemOutcome(
    occurrence(3, item={"email": "ada@example.com"}),
    Outcome.IGNORED,
    "deleted",
    demand=ErasureDemand("7", "shop-7"),
)


def test_a_demand_is_stored_under_the_item_that_made_it() -> None:
    other = ItemOutcome(occurrence(4), Outcome.IGNORED, "deleted")

    (stored,) = demand_objects([other, DEMANDED])

    assert stored.key == f"{PENDING}d1-3.json"
    assert b"ada@example.com" not in stored.body
    assert demand_of(json.loads(stored.body)) == ("erp", DEMANDED.demand)


def test_a_demand_without_an_external_id_is_read() -> None:
    assert demand_of({"connection": "erp", "record": 7}) == ("erp", ErasureDemand("7", ""))


def test_demands_that_wait_are_counted() -> None:
    class Bucket:
        """A bucket of which one listing is asked for."""

        def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, int]:  # noqa: N803
            assert (Bucket, Prefix) == ("b", PENDING)
            return {"KeyCount": 2}

    assert PendingErasures(Bucket(), "b").count() == 2  # type: ignore[arg-type]
