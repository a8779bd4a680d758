"""What `status` reads of a stack: all of its counts, and none of others."""

import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from import_relay.storage.entries import State
from local.environment import session
from relay_ops.exits import StackUnavailable
from relay_ops.status.reading import DAYS, StackReading
from tests.support.deployed import (
    BERLIN,
    DAY,
    MIDNIGHT,
    NEXT,
    STACK,
    Deployed,
    client,
    clock,
    deployed,
)

__all__ = ["clock", "deployed"]  # fixtures


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
    parts = StackReading(client, STACK, clock=time.time)
    assert parts.since.isoformat() == DAY

    clock.shift(timedelta(days=200))

    assert (datetime.now(BERLIN).date() - parts.since).days == DAYS - 1


def test_partial_data_of_cloudwatch_is_an_error(deployed: Deployed) -> None:
    def partly(service: str) -> Any:
        made = session().client(service)  # type: ignore[call-overload]

        def change(parsed: dict[str, Any], **_: object) -> None:
            parsed["MetricDataResults"][0]["StatusCode"] = "PartialData"

        made.meta.events.register("after-call.cloudwatch.GetMetricData", change)
        return made

    reading = StackReading(partly, STACK, clock=time.time)

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


def test_another_kind_of_stack_is_refused(deployed: Deployed) -> None:
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    client("cloudformation").create_stack(StackName="other", TemplateBody=body)

    with pytest.raises(StackUnavailable, match="no import relay: it has no BulkQueue"):
        StackReading(client, "other", clock=time.time)
