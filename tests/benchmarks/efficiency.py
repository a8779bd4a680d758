"""Efficiency: requests to the Import API for a backlog of 25,000 contacts.

On the embedded stack, in real processes: an ERP posts 25,000 contacts while submission is paused,
then submission resumes. Every request to the Import API counts: posts, polls and results. An import
takes 20 seconds, so that imports are polled more than once.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from local.stack.examples import example_secrets
from local.stack.stack import MAPPING, RunningStack
from tests.benchmarks.batch import record
from tests.benchmarks.measures import Measure

ENTITIES = 25_000
PER_DELIVERY = 2_500
PROCESSING_S = 20.0
BAR = 25.0
DRAINED_WITHIN_S = 300.0


def measure() -> Iterator[Measure]:
    """Requests per 25,000 entities."""
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningStack(state_dir=Path(folder), parameters={"BatchingWindow": "2"}) as stack,
    ):
        prepare(stack)
        for start in range(0, ENTITIES, PER_DELIVERY):
            post(stack, [record(n) for n in range(start, start + PER_DELIVERY)])
        stack.resume_submission()
        stack.wait_until(lambda: is_drained(stack), "an end of all imports", DRAINED_WITHIN_S, 0.5)
        requests = stack.mateo("GET", "requests?limit=10000")
        contacts = stack.mateo("GET", "contacts?limit=1")
    assert contacts["count"] == ENTITIES, contacts["count"]
    kinds = Counter(kind_of(one) for one in requests["items"])
    print(f"  {ENTITIES} entities: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
    yield Measure(
        f"Import API requests per {ENTITIES} entities", float(kinds.total()), BAR, "requests"
    )


def prepare(stack: RunningStack) -> None:
    """Pause submission, and let each import take `PROCESSING_S`."""
    uuid = stack.provisioned.resources[MAPPING]["Ref"]
    stack.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=False)
    stack.mateo("PUT", "behaviour", {"processing_delay_s": PROCESSING_S})


def post(stack: RunningStack, records: list[dict[str, Any]]) -> None:
    """One delivery of the ERP."""
    answer = httpx.post(
        f"{stack.webhooks_url}/json",
        json=[fitting(one) for one in records],
        headers={"X-Relay-Secret": example_secrets()["json"][0]},
        timeout=30,
    )
    assert answer.status_code == 200


def fitting(one: dict[str, Any]) -> dict[str, Any]:
    """The record in the shape that the example connection maps."""
    return {**one, "name": f"{one['first_name']} {one['last_name']}", "newsletter": True}


def is_drained(stack: RunningStack) -> bool:
    """Nothing waits and nothing is under way."""
    return not any(stack.lane_counts().values()) and not stack.running_executions()


def kind_of(request: dict[str, Any]) -> str:
    """What the request was for."""
    if request["method"] == "POST":
        return "posts"
    query = str(request["query"])
    if "id=in." in query:
        return "polls"
    return "results" if "id=eq." in query else "lookups and files"
