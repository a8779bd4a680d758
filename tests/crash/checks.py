"""The promises that a run broke; `run` asks once nothing is under way.

The demo's reconciliation says whether each item ended in exactly one place, whether nothing was
imported twice or overwritten by something older, whether limits were kept and reports add up. The
checks here add what crashes could break besides.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from import_relay.domain.files import file_delivery
from import_relay.storage.entries import UNFINISHED
from import_relay.storage.outcome_counts import FROM_FILES
from local.demo.balance import places, reconcile
from tests.crash.driver import Driver
from tests.crash.scenarios import Scenario
from tests.support.fault_proxy import Call


def violations(scenario: Scenario, driver: Driver, calls: Sequence[Call]) -> list[str]:
    """Everything that is wrong; empty if all promises were kept."""
    return [
        *_reconciliation(scenario, driver, calls),
        *_places(driver),
        *_imports(driver),
        *_ledger(driver),
    ]


def unacknowledged(calls: Sequence[Call], accepted: Mapping[str, int]) -> dict[str, int]:
    """Delivery → items, of deliveries that are stored although their senders were not told."""
    found: Counter[str] = Counter()
    for call in calls:
        if call.point[:2] == ("ReceiveWebhook", "SQS.SendMessageBatch") and call.taken:
            taken = {one["Id"] for one in json.loads(call.taken.body).get("Successful", [])}
            for entry in call.request.json()["Entries"]:
                message = json.loads(entry["MessageBody"])
                if entry["Id"] in taken and message["delivery"] not in accepted:
                    last = max(item["n"] for item in message["items"])
                    found[message["delivery"]] = max(found[message["delivery"]], last + 1)
    return dict(found)


def _reconciliation(scenario: Scenario, driver: Driver, calls: Sequence[Call]) -> Iterator[str]:
    trial = driver.trial
    accepted = trial.accepted | unacknowledged(calls, trial.accepted)
    reconciliation = reconcile(driver.stack, accepted, trial.expected, _files(driver))
    yield from reconciliation.wrong
    for item, outcomes in places(driver.stack).items():
        if len(outcomes) > 1:
            yield f"item {item} ended as {' and '.join(sorted(outcomes))}"
    counted = _outcome_counts(driver)
    if counted != reconciliation.outcomes:
        yield f"ended as {dict(reconciliation.outcomes)}, counted as {dict(counted)}"
    missing = scenario.outcomes - reconciliation.outcomes.keys()
    if missing:
        yield f"no item ended as {', '.join(sorted(missing))}"
    if reconciliation.outcomes["unaccounted"]:
        yield f"{reconciliation.outcomes['unaccounted']} items unaccounted for"


def _files(driver: Driver) -> dict[str, int]:
    """Delivery of a file → its rows."""
    return {
        file_delivery(one["pk"]["S"].removeprefix("file#"), _of(one, "received_at")): _of(
            one, "rows"
        )
        for one in _ledger_items(driver)
        if one["pk"]["S"].startswith("file#")
    }


def _of(item: Mapping[str, Mapping[str, str]], name: str) -> int:
    return int(item[name]["N"])


def _outcome_counts(driver: Driver) -> Counter[str]:
    """The relay's own counts of outcomes, of all days."""
    found: Counter[str] = Counter()
    for one in _ledger_items(driver):
        if one["pk"]["S"].startswith("counts#"):
            counts = {name: int(value["N"]) for name, value in one.items() if name != "pk"}
            for name in ("expires_at", FROM_FILES):
                counts.pop(name, None)
            found.update(counts)
    return +found


def _places(driver: Driver) -> Iterator[str]:
    dead = sum(driver.stack.queue_counts("DeadLetterQueueUrl").values())
    if dead:
        yield f"{dead} messages in the dead-letter queue"
    ended = Counter(one["status"] for one in driver.trial.executions())
    if ended.keys() - {"SUCCEEDED"}:
        yield f"executions ended as {dict(ended)}"


def _imports(driver: Driver) -> Iterator[str]:
    imports = driver.trial.imports()
    bodies = Counter(one["payload_sha256"] for one in imports if one["success_count"])
    twice = [digest for digest, count in bodies.items() if count > 1]
    if twice:
        yield f"{len(twice)} batches were imported more than once"
    reported = Counter(one["import_id"] for one in driver.trial.summaries())
    created = Counter(one["id"] for one in imports)
    if reported != created:
        yield f"{created.total()} imports in Mateo, {reported.total()} reports of them"


def _ledger(driver: Driver) -> Iterator[str]:
    """The relay counts every request before it leaves, and reserves exactly what was imported."""
    items = _ledger_items(driver)
    open_ = [one["pk"]["S"] for one in items if one.get("state", {}).get("S") in UNFINISHED]
    if open_:
        yield f"unfinished in the ledger: {', '.join(open_)}"
    days = {one["pk"]["S"].removeprefix("day#"): one for one in items if "day#" in one["pk"]["S"]}
    requests, rows = _used(driver)
    for day in sorted(requests.keys() | days.keys()):
        counted = _number(days, day, "requests")
        if counted < requests[day]:
            yield f"{requests[day]} requests on {day}, {counted} counted"
        reserved = _number(days, day, "entities")
        if reserved != rows[day]:
            yield f"{rows[day]} entities used on {day}, {reserved} reserved"


def _ledger_items(driver: Driver) -> Sequence[Mapping[str, Mapping[str, str]]]:
    table = {"TableName": driver.stack.outputs["LedgerTableName"]}
    found: Sequence[Mapping[str, Mapping[str, str]]] = driver.stack.client("dynamodb").scan(
        **table
    )["Items"]
    return found


def _number(days: Mapping[str, Mapping[str, Mapping[str, str]]], day: str, name: str) -> int:
    return int(days.get(day, {}).get(name, {}).get("N", 0))


def _used(driver: Driver) -> tuple[Counter[str], Counter[str]]:
    """Requests that Mateo got, and rows of imports that it created, by day."""
    requests: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    created = {one["id"]: one["row_count"] for one in driver.trial.imports()}
    for one in driver.trial.requests():
        day = _day(one["arrived_at_us"])
        requests[day] += bool(one["counted"])
        if one["method"] == "POST":
            rows[day] += created.get(one["import_id"], 0)
    return requests, rows


def _day(timestamp_us: int) -> str:
    return datetime.fromtimestamp(timestamp_us / 1_000_000, UTC).date().isoformat()
