"""`status` of a deployed stack: found by its name, read without a change."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from moto import mock_aws
from moto.sqs.models import sqs_backends

from import_relay.storage.entries import Entry, State
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.quota import Limits, Quota
from import_relay.storage.refusals import RefusalPause, RefusedConnections, RefusedKind
from local.__main__ import main
from local.aws import moto_process
from local.aws.provisioning import Provisioned, provision
from local.child import ROOT
from local.environment import ACCOUNT, REGION, session
from local.template.loading import Template, load
from relay_ops.exits import StackUnavailable
from relay_ops.status.forecast import BLOCKERS
from relay_ops.status.looking import Source, snapshot
from relay_ops.status.reading import DAYS, MAPPINGS, Reading
from relay_ops.status.screen import Shown
from tests.docs.documents import document

STACK = "relay-in-may"
BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 11, 21, tzinfo=BERLIN)
DAY, NEXT = "2026-11-21", "2026-11-22"
PARAMETERS = {
    "EntitiesPerDay": "50",
    "RequestsPerDay": "200",
    "LimitTimeZone": "Europe/Berlin",
    "SalesforceEventBus": "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001CAA",
}


@pytest.fixture(scope="module")
def template() -> Template:
    """The relay's template; alarms are left out, as nothing here snapshots at them."""
    loaded = load(ROOT / "template.yaml", PARAMETERS, STACK)
    kept = {
        name: resource
        for name, resource in loaded.by_api.items()
        if resource["Type"] != "AWS::CloudWatch::Alarm"
    }
    return replace(loaded, by_api=kept)


@cache
def client(service: str) -> Any:
    """A client that all tests share."""
    return session().client(service)  # type: ignore[call-overload]


@dataclass
class Deployed:
    """A stack as CloudFormation made it, and what its functions would do."""

    provisioned: Provisioned

    def of(self, logical_id: str) -> str:
        """The physical id of a resource."""
        return self.provisioned.resources[logical_id]["Ref"]

    @property
    def ledger(self) -> Ledger:
        """The ledger as the functions use it."""
        dynamodb, limits = client("dynamodb"), Limits(2, 200, 50, BERLIN)
        table, clock = self.of("LedgerTable"), time.time
        outcome_counts = OutcomeCounts(dynamodb, table, limits.day, clock=clock)
        quota = Quota(dynamodb, table, limits, clock=clock)
        return Ledger(dynamodb, table, quota, outcome_counts, clock=clock)

    def count(self, name: str, timestamp: datetime, value: float = 1) -> None:
        """Put a value of one of the receiver's metrics."""
        dimensions = [{"Name": "service", "Value": STACK}]
        self.put("ImportRelay", name, dimensions, timestamp, value)

    def put(
        self, namespace: str, name: str, dimensions: object, timestamp: datetime, value: float
    ) -> None:
        """Put a value of any metric."""
        datum = {
            "MetricName": name,
            "Dimensions": dimensions,
            "Timestamp": timestamp,
            "Value": value,
        }
        client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])

    def end(self, timestamp: datetime, **ends: int) -> None:
        """Send an import, and close it with these ends of items received on that day."""
        entry = self.send(sum(ends.values()))
        day = timestamp.astimezone(BERLIN).date().isoformat()
        self.ledger.close(entry, target=State.FINISHED, outcomes={day: ends})

    def send(self, items: int) -> Entry:
        """An import that is open."""
        now = time.time()
        entry = Entry(
            reference=f"import-{uuid4()}",
            state=State.INTENDED,
            type="contact_details",
            rows=items,
            day=datetime.now(BERLIN).date().isoformat(),
            created_at=now,
            deadline=now,
            items=items,
        )
        assert self.ledger.intend(entry)
        return entry

    def queue(self, messages: int, queue: str = "Queue") -> None:
        """Messages in a queue."""
        for _ in range(messages):
            client("sqs").send_message(QueueUrl=self.of(queue), MessageBody="{}")

    def snapshot(self) -> Shown:
        """What `status` sees."""
        source = Source(
            stack=STACK,
            place=REGION,
            client=client,
            clock=time.time,
            refresh=lambda: None,
            period_s=0,
            patience_s=0,
        )
        return snapshot(source)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """It is noon of the day on which the stack was made."""
    with time_machine.travel(MIDNIGHT + timedelta(hours=12), tick=False) as traveller:
        yield traveller


@pytest.fixture
def deployed(
    template: Template, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployed]:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    monkeypatch.setattr("local.status.command.PATIENCE_S", 0.0)
    moto_process._import_cloudformation()
    with mock_aws(config={"lambda": {"use_docker": False}}):
        made = provision(template, STACK, client, "http://127.0.0.1:1")
        for queue in sqs_backends[ACCOUNT][REGION].queues.values():
            queue.lambda_event_source_mappings.clear()  # moto would push what is sent
        yield Deployed(made)


def test_everything_is_found_by_the_name_of_the_stack(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    deployed.count("ItemsReceived", noon - timedelta(minutes=3), 30)
    deployed.count("Quarantined", noon, 2)
    deployed.end(noon, imported=5, failed=1)
    deployed.send(10)
    deployed.queue(2)
    deployed.queue(3, "BulkQueue")
    deployed.queue(3, "ChangeEventsDeadLetterQueue")

    code = main(["status", "--stack", STACK, "--region", REGION, "--json"])

    found = json.loads(capsys.readouterr().out)
    assert (code, found["balances"]) == (0, True)
    assert found["time"] == noon.isoformat()
    assert (found["received"], found["imported"], found["failed"]) == (30, 5, 1)
    assert (found["waiting"], found["waiting_in_queues"]) == (24, 14)
    assert (found["waiting_in_open_imports"], found["open_imports"]) == (10, 1)
    assert found["queue"] == {"visible": 2, "in_flight": 0, "delayed": 0}
    assert found["bulk_queue"] == {"visible": 3, "in_flight": 0, "delayed": 0}
    assert (found["quarantined"], found["change_events_set_aside"]) == (2, 3)
    assert found["entities"] == {"used": 16, "left": 34, "limit": 50}
    assert found["requests"] == {"used": 0, "left": 200, "limit": 200}
    assert found["submission"] == {"running": True, "reason": "", "until": None}
    assert (found["backlog"], found["drained_on"]) == (14, DAY)


@pytest.mark.parametrize(("metric", "words"), BLOCKERS.items())
def test_no_day_is_promised_while_records_wait_for_a_person(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], metric: str, words: str
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    deployed.count("ItemsReceived", noon - timedelta(hours=2), 3)
    deployed.queue(1)
    deployed.count(metric, noon - timedelta(hours=1), 1)
    assert main(["status", "--stack", STACK, "--region", REGION, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drained_on"] == DAY

    deployed.count(metric, noon - timedelta(minutes=14), 1)
    assert main(["status", "--stack", STACK, "--region", REGION, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["drained_on"] is None
    assert found["in_the_way"] == [words]


def test_a_connection_of_which_mateo_refuses_everything_is_named_with_the_code(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    noon = (MIDNIGHT + timedelta(hours=12)).timestamp()
    waits = {
        RefusedKind("shop", "deal_details"): wait(since=noon - 7_200, until=noon + 600),
        RefusedKind("erp", "contact_details"): wait(since=noon - 600, until=noon - 60),
        RefusedKind("lone", "contact_details"): wait(since=noon - 60, until=noon - 60),
        RefusedKind("past", "contact_details"): wait(since=noon - 90_000, until=noon - 1_801),
    }
    table = deployed.of("LedgerTable")
    RefusedConnections(client("dynamodb"), table, clock=lambda: noon).write(waits)
    deployed.count("ItemsReceived", MIDNIGHT + timedelta(hours=10), 3)
    deployed.queue(1)

    assert main(["status", "--stack", STACK, "--region", REGION]) == 0

    shown = [" ".join(one.split()) for one in capsys.readouterr().out.splitlines()]
    first = shown.index("Drained on unknown erp: contact_details refused, 400 PGRST204")
    assert shown[first + 1] == "and shop: deal_details refused, 400 PGRST204"
    assert not [one for one in shown if "lone" in one or "past" in one]


def wait(*, since: float, until: float) -> RefusalPause:
    return RefusalPause(since, until, 3, 400, "PGRST204", "Could not find a column")


def test_it_reads_with_exactly_the_permissions_that_the_runbook_names(deployed: Deployed) -> None:
    deployed.send(1)
    calls: set[str] = set()

    def noted(service: str) -> Any:
        made = session().client(service)  # type: ignore[call-overload]
        made.meta.events.register(
            "before-call", lambda event_name, **_: calls.add(":".join(event_name.split(".")[1:]))
        )
        return made

    reading = Reading(noted, STACK, clock=time.time)
    reading.snapshot()
    reading.forecast()

    section = document("docs/runbook.md").section("Whether the sums balance").text
    assert set(re.findall(r'"(\w+:[A-Z]\w+)"', section)) == calls


def test_an_item_counts_for_the_day_of_its_receipt_in_the_limits_time_zone(
    deployed: Deployed, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(days=1))
    midnight = MIDNIGHT + timedelta(days=1)
    deployed.count("ItemsReceived", midnight - timedelta(seconds=60), 2)
    deployed.count("ItemsReceived", midnight, 3)

    now = deployed.snapshot().reconciliation.now

    assert now.received == {DAY: 2, NEXT: 3}


def test_days_before_the_stack_and_days_too_long_ago_are_not_looked_at(
    deployed: Deployed, clock: time_machine.Traveller
) -> None:
    parts = Reading(client, STACK, clock=time.time)
    assert parts.since.isoformat() == DAY

    clock.shift(timedelta(days=200))

    assert (datetime.now(BERLIN).date() - parts.since).days == DAYS - 1


def test_a_part_of_the_numbers_is_not_added_up(deployed: Deployed) -> None:
    def partly(service: str) -> Any:
        made = session().client(service)  # type: ignore[call-overload]

        def change(parsed: dict[str, Any], **_: object) -> None:
            parsed["MetricDataResults"][0]["StatusCode"] = "PartialData"

        made.meta.events.register("after-call.cloudwatch.GetMetricData", change)
        return made

    reading = Reading(partly, STACK, clock=time.time)

    with pytest.raises(StackUnavailable, match=r"did not give all of `received` \(PartialData\)"):
        reading.snapshot()


def test_the_metrics_of_others_are_not_counted(deployed: Deployed) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    other = [{"Name": "service", "Value": "another"}]
    deployed.put("ImportRelay", "ItemsReceived", other, noon, 9)
    deployed.put("AWS/Lambda", "Errors", [{"Name": "FunctionName", "Value": "another"}], noon, 9)

    now = deployed.snapshot().reconciliation.now

    assert (now.received, now.errors) == ({}, {})


@pytest.mark.parametrize("receiver", ["ReceiveWebhook", "ReceiveChangeEvents"])
def test_a_receiver_that_crashed_explains_what_it_did_not_count(
    deployed: Deployed, receiver: str
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    function = [{"Name": "FunctionName", "Value": deployed.of(receiver)}]
    deployed.end(noon, imported=2)
    assert not deployed.snapshot().reconciliation.balances

    deployed.put("AWS/Lambda", "Errors", function, noon, 1)

    reconciliation = deployed.snapshot().reconciliation
    assert (reconciliation.balances, reconciliation.explained) == (True, {DAY: 2})


def test_deliveries_answered_with_an_error_explain_what_was_not_counted(deployed: Deployed) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    deployed.end(noon, imported=2)
    deployed.count("WebhooksUnavailable", noon, 1)

    assert deployed.snapshot().reconciliation.balances


def test_what_a_replay_put_into_the_bulk_lane_is_not_lost(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    deployed.count("ItemsReceived", noon, 3)
    deployed.end(noon, imported=3)
    client("dynamodb").update_item(
        TableName=deployed.of("LedgerTable"),
        Key={"pk": {"S": f"counts#{DAY}"}},
        UpdateExpression="ADD replayed :three",
        ExpressionAttributeValues={":three": {"N": "3"}},
    )
    assert deployed.snapshot().reconciliation.lost == 3

    deployed.queue(1, "BulkQueue")

    assert main(["status", "--stack", STACK, "--region", REGION]) == 0
    lines = [" ".join(one.split()) for one in capsys.readouterr().out.splitlines()]
    assert "bulk lane 1 message" in lines
    assert "Backlog 3 items queued, at most one entity each" in lines


def test_each_lane_runs_only_if_its_queue_is_read(deployed: Deployed) -> None:
    for mapping, running in zip(MAPPINGS, ((False, True), (False, False)), strict=True):
        client("lambda").update_event_source_mapping(UUID=deployed.of(mapping), Enabled=False)

        forecast = deployed.snapshot().forecast

        assert (forecast.submission.is_running, forecast.bulk.submission.is_running) == running


def test_items_nowhere_are_an_exit_code(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.count("ItemsReceived", MIDNIGHT + timedelta(hours=12), 3)

    code = main(["status", "--stack", STACK, "--region", REGION])

    last = capsys.readouterr().out.splitlines()[-1]
    assert (code, last) == (1, "DOES NOT BALANCE: 3 received, but 0 ended + 0 waiting")


def test_paused_submission_says_why_and_until_when(deployed: Deployed) -> None:
    opens = datetime(2026, 11, 21, 23, 1, tzinfo=UTC)
    client("dynamodb").put_item(
        TableName=deployed.of("LedgerTable"),
        Item={
            "pk": {"S": "pause"},
            "paused_until": {"N": str(opens.timestamp())},
            "reason": {"S": "limit.entities"},
        },
    )
    mapping = deployed.of("SubmitImportsQueueBatch")
    client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    deployed.count("ItemsReceived", MIDNIGHT + timedelta(hours=12), 3)
    deployed.queue(1)

    shown = deployed.snapshot()

    submission = shown.forecast.submission
    assert (submission.is_running, submission.reason, submission.until) == (
        False,
        "limit.entities",
        opens,
    )
    assert str(shown.forecast.drained_on(shown.reconciliation.backlog)) == NEXT


@pytest.mark.parametrize(
    ("both_until", "bulk_until", "reason"),
    [(23, 0, "limit.entities"), (0, 23, "limit.bulk_share"), (22, 23, "limit.bulk_share")],
)
def test_the_bulk_lane_names_the_pause_that_ends_last(
    deployed: Deployed, both_until: int, bulk_until: int, reason: str
) -> None:
    for key, hour, why in (
        ("pause", both_until, "limit.entities"),
        ("pause#bulk", bulk_until, "limit.bulk_share"),
    ):
        until = datetime(2026, 11, 21, hour, tzinfo=UTC).timestamp()
        client("dynamodb").put_item(
            TableName=deployed.of("LedgerTable"),
            Item={"pk": {"S": key}, "paused_until": {"N": str(until)}, "reason": {"S": why}},
        )
    mapping = deployed.of("SubmitImportsBulkBatch")
    client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)

    bulk = deployed.snapshot().forecast.bulk.submission

    assert (bulk.is_running, bulk.reason) == (False, reason)
    assert bulk.until == datetime(2026, 11, 21, 23, tzinfo=UTC)


def test_an_import_that_the_index_still_shows_is_not_open_any_more(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    deployed.count("ItemsReceived", noon, 3)
    entry = deployed.send(3)
    deployed.ledger.close(entry, target=State.FINISHED, outcomes={DAY: {"imported": 3}})
    client("dynamodb").update_item(  # as an index that lags
        TableName=deployed.of("LedgerTable"),
        Key={"pk": {"S": f"import#{entry.reference}"}},
        UpdateExpression="SET #open = :yes",
        ExpressionAttributeNames={"#open": "open"},
        ExpressionAttributeValues={":yes": {"S": "yes"}},
    )

    reconciliation = deployed.snapshot().reconciliation

    assert (reconciliation.now.open_items, reconciliation.balances) == (0, True)


def test_without_such_a_stack_it_is_one_line_and_exit_code_2(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["status", "--stack", "nobodys", "--region", REGION])

    errors = capsys.readouterr().err
    assert (code, len(errors.splitlines())) == (2, 1)
    assert "nobodys cannot be read" in errors


def test_another_kind_of_stack_is_refused(deployed: Deployed) -> None:
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    client("cloudformation").create_stack(StackName="other", TemplateBody=body)

    with pytest.raises(StackUnavailable, match="no import relay: it has no BulkQueue"):
        Reading(client, "other", clock=time.time)
