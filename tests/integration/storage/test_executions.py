"""Executions: one per import, however often it is started."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.storage.executions import Executions
from tests.support.aws import client
from tests.support.clients import Overruling, client_error
from tests.support.relay import Relay


def started(relay: Relay) -> list[dict[str, Any]]:
    """The inputs of all executions."""
    stepfunctions = client("stepfunctions")
    listed = stepfunctions.list_executions(stateMachineArn=relay.aws.state_machine_arn)
    return [
        json.loads(stepfunctions.describe_execution(executionArn=one["executionArn"])["input"])
        for one in listed["executions"]
    ]


def test_an_execution_is_named_by_its_import_and_knows_the_deadline(relay: Relay) -> None:
    relay.executions.start("ref-1", deadline=12.5)

    (given,) = started(relay)
    assert (given["reference"], given["deadline"]) == ("ref-1", 12.5)
    listed = client("stepfunctions").list_executions(stateMachineArn=relay.aws.state_machine_arn)
    assert [one["name"] for one in listed["executions"]] == ["ref-1"]


@pytest.mark.parametrize("deadline", [1.0, 2.0])
def test_a_second_start_under_the_same_name_changes_nothing(relay: Relay, deadline: float) -> None:
    relay.executions.start("ref-1", deadline=1.0)

    relay.executions.start("ref-1", deadline=deadline)

    assert [one["deadline"] for one in started(relay)] == [1.0]


def test_a_name_that_was_used_before_is_no_error(relay: Relay) -> None:
    def exists(real: Any, **arguments: Any) -> Any:
        raise client_error("ExecutionAlreadyExists")

    broken: Any = Overruling(client("stepfunctions"), start_execution=exists)

    Executions(broken, relay.aws.state_machine_arn).start("ref-1", deadline=1.0)


def test_any_other_error_is_raised(relay: Relay) -> None:
    with pytest.raises(ClientError):
        Executions(client("stepfunctions"), relay.aws.state_machine_arn + "x").start(
            "ref-1", deadline=1.0
        )
