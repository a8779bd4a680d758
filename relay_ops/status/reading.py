"""Reads a stack for `status`, by its name: CloudFormation says which resources it has.

It changes nothing. docs/runbook.md lists the permissions that it needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from import_relay.domain.lanes import Lane
from import_relay.storage.entries import OPEN_INDEX, UNFINISHED
from import_relay.storage.files import Files
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import COUNTED_RECEIPTS, OutcomeCounts
from import_relay.storage.pause import Pause, PauseClients, PauseNames
from import_relay.storage.quota import Limits, Quota, Usage
from import_relay.storage.received_counts import PERIOD_S
from import_relay.storage.replays import Replays
from import_relay.telemetry.outcome_log import NAMESPACE
from relay_ops.exits import StackUnavailable
from relay_ops.status.forecast import (
    BLOCKING_METRICS,
    BulkView,
    Forecast,
    SubmissionView,
    Used,
    unexplained,
)
from relay_ops.status.metrics import metric_data, metric_query
from relay_ops.status.noted import RECENT_S, Noted, read_noted
from relay_ops.status.reconciliation import Messages, Snapshot

DAYS = 60
"""How far back items are counted: longer than any can wait. CloudWatch keeps five-minute data for
63 days, the outcome counts are kept for 180.
"""
RECENT_PERIOD_S = 60
LIVE_MAPPING, BULK_MAPPING = MAPPINGS = ("SubmitImportsQueueBatch", "SubmitImportsBulkBatch")
"""The event source mappings of the live lane and the bulk lane."""
REQUIRED = {"LedgerTable", "Queue", "BulkQueue", "DeadLetterQueue", "SubmitImports", *MAPPINGS}
READING_STATES = ("Enabled", "Enabling", "Creating", "Updating")
"""States of an event source mapping in which the queue is read, or about to be."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The stack's resources by logical id, when it was made, and the settings of its submission."""

    resources: Mapping[str, str]
    created_at: datetime
    settings: Mapping[str, str]


class StackReading:
    """Looks at one stack.

    Args:
        client: gives a boto3 client of a service.
        clock: seconds since the epoch.
    """

    def __init__(
        self, client: Callable[[str], Any], stack: str, *, clock: Callable[[], float]
    ) -> None:
        """Find the stack's parts.

        Raises:
            StackUnavailable: it is no import relay.
            botocore's ClientError, BotoCoreError: there is none, or AWS does not let us see it.
        """
        self._client = client
        self._clock = clock
        self._parts = _parts(client, stack)
        settings = self._parts.settings
        self._limits = Limits(
            float(settings["REQUESTS_PER_SECOND"]),
            int(settings["REQUESTS_PER_DAY"]),
            int(settings["ENTITIES_PER_DAY"]),
            ZoneInfo(settings["LIMIT_TIME_ZONE"]),
            int(settings["BULK_SHARE_PERCENT"]) / 100,
        )
        dynamodb, table = client("dynamodb"), self._parts.resources["LedgerTable"]
        self._outcome_counts = OutcomeCounts(dynamodb, table, self._limits.day, clock=clock)
        self._quota = Quota(dynamodb, table, self._limits, clock=clock)
        self._ledger = Ledger(dynamodb, table, self._quota, self._outcome_counts, clock=clock)
        self._files = Files(dynamodb, table, self._outcome_counts, clock=clock)
        self._replays = Replays(dynamodb, table, self._outcome_counts, clock=clock)
        self._sqs, self._cloudwatch = client("sqs"), client("cloudwatch")

    @property
    def since(self) -> date:
        """The first day whose items are counted."""
        today = self._now().date()
        created = self._parts.created_at.astimezone(self._limits.time_zone).date()
        return max(created, today - timedelta(days=DAYS - 1))

    def snapshot(self) -> Snapshot:
        """Read the reconciliation once, in an order in which no item can slip through.

        Raises:
            StackUnavailable: CloudWatch gives only a part.
        """
        days = list(self._days())
        recorded_before = self._outcome_counts.days(days)
        metrics = self._metrics()
        metrics["received"].update(_replayed(recorded_before))
        queues = self._queues()
        open_imports, open_items = self._open()
        ended = self._outcome_counts.days(days)
        later = self._queues()
        queue, bulk, dead, changes = (
            max(pair, key=lambda one: one.total) for pair in zip(queues, later, strict=True)
        )
        return Snapshot(
            recorded_before=_ends(recorded_before),
            received=metrics["received"],
            errors=metrics["errors"],
            quarantined=metrics["quarantined"].total(),
            open_imports=open_imports,
            open_items=open_items,
            queue=queue,
            bulk=bulk,
            dead=dead,
            change_events=changes.total if self._has_event_bus else None,
            ended=_ends(ended),
        )

    def forecast(self) -> Forecast:
        """Quota and submission as they are."""
        usage, limits, noted = self._quota.usage(), self._limits, self.noted
        return Forecast(
            now=self._now(),
            entities=Used(usage.entities, limits.entities_per_day),
            requests=Used(usage.requests, limits.requests_per_day),
            requests_for_imports=limits.requests_for_imports,
            submission=self._submission(LIVE_MAPPING),
            bulk=self._bulk(usage),
            connections={name: Used(*one) for name, one in usage.connections.items()},
            in_bucket=sum(one.in_bucket for one in self._files.open())
            + sum(one.in_bucket for one in self._replays.open()),
            blockers=[*noted.in_words(), *self._blockers(noted)],
        )

    @cached_property
    def noted(self) -> Noted:
        """What the relay wrote down of whatever waits, read once."""
        held = {Lane.LIVE: "HeldQueue", Lane.BULK: "BulkHeldQueue"}
        urls = self._parts.resources.get
        return read_noted(
            self._client("dynamodb"),
            self._parts.resources["LedgerTable"],
            {lane: self._messages(urls(name)).total for lane, name in held.items()},
            clock=self._clock,
        )

    # ------------------------------------------------------------ inside

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), self._limits.time_zone)

    def _days(self) -> Iterator[str]:
        day, today = self.since, self._now().date()
        while day <= today:
            yield day.isoformat()
            day += timedelta(days=1)

    @property
    def _has_event_bus(self) -> bool:
        return "ChangeEventsDeadLetterQueue" in self._parts.resources

    def _queues(self) -> list[Messages]:
        """What both lanes queue and hold, the dead-letter queue, and that of change events."""
        names = (
            ("Queue", "HeldQueue"),
            ("BulkQueue", "BulkHeldQueue"),
            ("DeadLetterQueue",),
            ("ChangeEventsDeadLetterQueue",),
        )
        urls = self._parts.resources.get
        return [sum((self._messages(urls(name)) for name in of), Messages()) for of in names]

    def _messages(self, url: str | None) -> Messages:
        if url is None:
            return Messages()
        prefix = "ApproximateNumberOfMessages"
        names = [prefix, f"{prefix}NotVisible", f"{prefix}Delayed"]
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return Messages(*(int(answer["Attributes"][name]) for name in names))

    def _open(self) -> tuple[int, int]:
        """Open imports and their items. The index may lag: each entry is asked for its state."""
        pages = self._client("dynamodb").get_paginator("query")
        found = {
            item["reference"]["S"]: int(item.get("items", {"N": "0"})["N"])
            for page in pages.paginate(
                TableName=self._parts.resources["LedgerTable"],
                IndexName=OPEN_INDEX,
                KeyConditionExpression="#open = :open",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues={":open": {"S": "yes"}},
            )
            for item in page["Items"]
        }
        states = self._ledger.states(found)
        still = [found[one] for one, (state, _) in states.items() if state in UNFINISHED]
        return len(still), sum(still)

    def _bulk(self, usage: Usage) -> BulkView:
        """What the lane may use, and the pause that ends last of those that stop it."""
        limits, now = self._limits, self._clock()
        pauses = [self._submission(BULK_MAPPING, bulk_only=one) for one in (False, True)]
        return BulkView(
            Used(usage.bulk_entities, limits.bulk_entities(usage.day, now)),
            Used(usage.bulk_requests, limits.bulk_requests(usage.day, now)),
            max(pauses, key=lambda one: one.until.timestamp() if one.until else 0.0),
        )

    def _submission(self, mapping: str, *, bulk_only: bool = False) -> SubmissionView:
        """The pause of both lanes with the live mapping, or that of the bulk lane with its own."""
        nobody: Any = None  # its state is read from the table alone
        dynamodb = self._client("dynamodb")
        table = self._parts.resources["LedgerTable"]
        submission = Pause(
            PauseClients(dynamodb, nobody, nobody, nobody),
            PauseNames(table, "", "", ""),
            clock=self._clock,
            bulk_only=bulk_only,
        )
        is_running = self._is_read(self._parts.resources[mapping])
        noted = submission.state()
        if noted.paused_until <= self._clock():
            return SubmissionView(is_running)
        until = datetime.fromtimestamp(noted.paused_until, self._limits.time_zone)
        return SubmissionView(is_running, noted.reason, until)

    def _is_read(self, mapping: str) -> bool:
        answer = self._client("lambda").get_event_source_mapping(UUID=mapping)
        return answer["State"] in READING_STATES

    def _metrics(self) -> dict[str, Counter[str]]:
        """Items received, deliveries put into quarantine and receivers' errors, by day."""
        midnight = datetime.combine(self.since, datetime.min.time(), self._limits.time_zone)
        found: dict[str, Counter[str]] = {
            name: Counter() for name in ("received", "quarantined", "errors")
        }
        queries = list(self._queries())
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=midnight.astimezone(UTC),
            EndTime=datetime.fromtimestamp(self._clock() + PERIOD_S, UTC),
        )
        for result in metric_data(pages, [one["Id"] for one in queries]):
            counts = found[result["Id"].rstrip("0123456789")]
            for timestamp, value in zip(result["Timestamps"], result["Values"], strict=True):
                counts[self._limits.day(timestamp.timestamp())] += round(value)
        return found

    def _blockers(self, noted: Noted) -> list[str]:
        """What kept records waiting lately, unless it is noted for single connections."""
        service = {"Name": "service", "Value": self._parts.settings["POWERTOOLS_SERVICE_NAME"]}
        wanted = unexplained(wait.code for wait in noted.waits.values())
        names = {f"blocker{number}": name for number, name in enumerate(wanted)}
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[
                metric_query(one, NAMESPACE, name, service, RECENT_PERIOD_S)
                for one, name in names.items()
            ],
            StartTime=datetime.fromtimestamp(self._clock() - RECENT_S, UTC),
            EndTime=datetime.fromtimestamp(self._clock() + RECENT_PERIOD_S, UTC),
        )
        found = {one["Id"] for one in metric_data(pages, names) if sum(one["Values"]) > 0}
        return [BLOCKING_METRICS[name] for one, name in names.items() if one in found]

    def _queries(self) -> Iterator[dict[str, Any]]:
        service = {"Name": "service", "Value": self._parts.settings["POWERTOOLS_SERVICE_NAME"]}
        yield metric_query("received", NAMESPACE, "ItemsReceived", service)
        yield metric_query("quarantined", NAMESPACE, "Quarantined", service)
        yield metric_query("errors", NAMESPACE, "WebhooksUnavailable", service)
        for number, receiver in enumerate(("ReceiveWebhook", "ReceiveChangeEvents")):
            if receiver in self._parts.resources:
                function = {"Name": "FunctionName", "Value": self._parts.resources[receiver]}
                yield metric_query(f"errors{number}", "AWS/Lambda", "Errors", function)


def _replayed(days: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Day → items that did not come as webhooks: rows of files, and what was put back."""
    return {
        day: sum(counts.get(name, 0) for name in COUNTED_RECEIPTS)
        for day, counts in days.items()
        if not counts.keys().isdisjoint(COUNTED_RECEIPTS)
    }


def _ends(days: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """The counts without those of what was received, which is no end."""
    return {
        day: {name: many for name, many in counts.items() if name not in COUNTED_RECEIPTS}
        for day, counts in days.items()
    }


def _parts(client: Callable[[str], Any], stack: str) -> Parts:
    cloudformation = client("cloudformation")
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    resources = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        for one in page["StackResourceSummaries"]
        if one.get("PhysicalResourceId")
    }
    missing = sorted(REQUIRED - resources.keys())
    if missing:
        raise StackUnavailable(f"{stack} is no import relay: it has no {missing[0]}")
    function = client("lambda").get_function_configuration(FunctionName=resources["SubmitImports"])
    settings = {name: str(text) for name, text in function["Environment"]["Variables"].items()}
    return Parts(resources, described["CreationTime"], settings)
