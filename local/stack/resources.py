"""What can be asked of the stack's AWS resources, and changed in them."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from local.aws.poller import read_mapping
from local.aws.provisioning import Provisioned
from local.environment import client, http_json
from local.stack.examples import connection_secrets, crm_tokens
from local.stack.services import MATEO_TOKEN, StackError

SERVICES = (
    "cloudformation",
    "secretsmanager",
    "stepfunctions",
    "scheduler",
    "cloudwatch",
    "lambda",
    "sqs",
    "s3",
)
"""What every start needs; their clients are made while the processes start."""
T = TypeVar("T")


class Resources:
    """The resources of one stack, once they are provisioned."""

    def __init__(self, mappings: Mapping[str, str]) -> None:
        """`mappings`: logical ids of the event source mappings that are polled, that of the live
        lane first, each with the output that names its queue.
        """
        self._mappings = mappings
        self._clients: dict[str, Any] = {}
        self.aws_endpoint = ""
        self.provisioned = Provisioned(resources={}, outputs={})

    @property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of the CloudFormation stack."""
        return self.provisioned.outputs

    def client(self, service: str) -> Any:
        """A boto3 client for the stack's AWS endpoint, one per service."""
        if service not in self._clients:
            self._clients[service] = client(service, self.aws_endpoint)
        return self._clients[service]

    def make_clients(self) -> None:
        """Make the clients that every start needs, which takes a while."""
        for service in SERVICES:
            self.client(service)

    def set_secret(self, logical_id: str, value: str) -> None:
        """Store a secret's text; functions keep the old one cached until `restart_functions`."""
        arn = self.provisioned.resources[logical_id]["Ref"]
        self.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)

    def put_secrets(self, given: Mapping[str, list[str]]) -> None:
        """Store the secrets of connections, the CRM tokens among them, and Mateo's token."""
        self.set_secret("ConnectionSecrets", json.dumps(connection_secrets(given)))
        if "CrmTokens" in self.provisioned.resources:
            self.set_secret("CrmTokens", json.dumps(crm_tokens(given)))
        self.set_secret("MateoToken", MATEO_TOKEN)

    def esm_enabled(self) -> bool:
        """Whether the live lane's event source mapping is enabled: submission is running."""
        return next(iter(self.lanes_enabled().values()))

    def lanes_enabled(self) -> dict[str, bool]:
        """The output that names a lane's queue → whether its mapping is enabled, live first."""
        lambda_, resources = self.client("lambda"), self.provisioned.resources
        return {
            output: read_mapping(lambda_, resources[mapping]["Ref"]).enabled
            for mapping, output in self._mappings.items()
        }

    def resume_submission(self) -> None:
        """Resume submission by hand: forget until when it is paused, then enable the mappings."""
        ledger = self.outputs["LedgerTableName"]
        self.client("dynamodb").delete_item(TableName=ledger, Key={"pk": {"S": "pause"}})
        for mapping in self._mappings:
            uuid = self.provisioned.resources[mapping]["Ref"]
            self.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)

    def queue_counts(self, output: str = "QueueUrl") -> dict[str, int]:
        """Messages of the queue that an output names: `visible`, `in_flight`, `delayed`."""
        return self.count_messages(self.outputs[output])

    def count_messages(self, url: str) -> dict[str, int]:
        """The same of any queue."""
        names = {
            "visible": "ApproximateNumberOfMessages",
            "in_flight": "ApproximateNumberOfMessagesNotVisible",
            "delayed": "ApproximateNumberOfMessagesDelayed",
        }
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=list(names.values())
        )
        return {key: int(answer["Attributes"][name]) for key, name in names.items()}

    def lane_counts(self) -> dict[str, int]:
        """Messages of both lanes together: `visible`, `in_flight`, `delayed`."""
        counts = [self.queue_counts(output) for output in self._mappings.values()]
        return {name: sum(one[name] for one in counts) for name in counts[0]}

    def running_executions(self) -> int:
        """Executions of the state machine that have not ended."""
        return len(self.execution_starts())

    def execution_starts(self) -> list[datetime]:
        """When those that have not ended were started."""
        answer = self.client("stepfunctions").list_executions(
            stateMachineArn=self.outputs["StateMachineArn"], statusFilter="RUNNING"
        )
        return [one["startDate"] for one in answer["executions"]]

    def end_long_polls(self) -> None:
        """Let those who wait for a message of any queue return now."""
        with contextlib.suppress(OSError):  # there are none any more
            http_json("DELETE", f"{self.aws_endpoint}/_stack/long-polls")

    def wait_until(
        self, condition: Callable[[], T], what: str, timeout_s: float = 30.0, period_s: float = 0.1
    ) -> T:
        """Wait until `condition` gives something true, and return that.

        Raises:
            StackError: after `timeout_s`, naming `what`.
        """
        deadline = time.monotonic() + timeout_s
        while not (result := condition()):
            if time.monotonic() > deadline:
                raise StackError(f"in vain for {timeout_s:.0f} s: {what}")
            time.sleep(period_s)
        return result

    def wait_for_empty_queue(self, timeout_s: float = 60.0) -> None:
        """Wait until no message of either lane is visible, delayed or in flight."""
        self.wait_until(lambda: not any(self.lane_counts().values()), "empty queues", timeout_s)
