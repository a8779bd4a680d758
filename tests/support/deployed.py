"""The relay's template as moto's CloudFormation deploys it, for `status`."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from local.aws import moto_process
from local.aws.provisioning import Provisioned, provision
from local.child import ROOT
from local.environment import ACCOUNT, REGION, session
from local.template.loading import Template, load
from relay_ops.status.looking import Source, snapshot
from relay_ops.status.screen import Shown

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


@cache
def template() -> Template:
    """The relay's template; alarms are left out, as nothing here looks at them."""
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
    """A stack as CloudFormation made it, and stand-ins for what its functions do."""

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

    def end(self, timestamp: datetime, **outcomes: int) -> None:
        """Send an import, and close it with these outcomes of items received on that day."""
        entry = self.send(sum(outcomes.values()))
        day = timestamp.astimezone(BERLIN).date().isoformat()
        self.ledger.close(entry, target=State.FINISHED, outcomes={day: outcomes})

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
def deployed(clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """The stack, at noon of the day on which it was made."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    monkeypatch.setattr("local.status.command.LOOK_PATIENCE_S", 0.0)
    moto_process._import_cloudformation()
    with mock_aws(config={"lambda": {"use_docker": False}}):
        made = provision(template(), STACK, client, "http://127.0.0.1:1")
        for queue in sqs_backends[ACCOUNT][REGION].queues.values():
            queue.lambda_event_source_mappings.clear()  # moto would push what is sent
        yield Deployed(made)
