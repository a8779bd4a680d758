"""Starts the state machine that follows an import to its end, one execution per import.

An execution has the name of its import. Names stay taken for 90 days, so one that died is replaced
by an execution `<reference>-restart-<n>`. Two executions of one import do no harm: whatever both
could do is a conditional write in the ledger.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from import_relay.storage.aws_errors import code_of

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient

FIRST_POLL_S = 5
"""An import is polled so long after it began, unless requests have to be spared."""
RESTARTED = "-restart-"
"""Stands between an import's reference and the number of a further execution, in its name."""


@dataclass(frozen=True, slots=True)
class Executions:
    """Executions of the tracking state machine."""

    client: "SFNClient"
    state_machine_arn: str

    def start(
        self,
        reference: str,
        *,
        deadline: float,
        again: int | None = None,
        first_poll_s: int = FIRST_POLL_S,
    ) -> bool:
        """Follow the import `reference`; a second start under the same name changes nothing.

        Args:
            deadline: when the submitter is certainly gone (s since the epoch).
            again: a number that no earlier replacement has, to replace one that died.
            first_poll_s: when Mateo is asked first (s from now); each later wait is as long as it
                took until then.

        Returns:
            False if there was an execution of that name already, and it has ended.
        """
        name = reference if again is None else f"{reference}{RESTARTED}{again}"
        document = {"reference": reference, "deadline": deadline, "wait_s": first_poll_s}
        try:
            self.client.start_execution(
                stateMachineArn=self.state_machine_arn, name=name, input=json.dumps(document)
            )
        except ClientError as error:
            if code_of(error) != "ExecutionAlreadyExists":
                raise
            return False
        return True

    def followed(self) -> frozenset[str]:
        """References of the imports that a running execution follows.

        Step Functions lists what changed within the last seconds late.
        """
        found: set[str] = set()
        query: dict[str, Any] = {
            "stateMachineArn": self.state_machine_arn,
            "statusFilter": "RUNNING",
        }
        while True:
            answer = self.client.list_executions(**query)
            found.update(one["name"].partition(RESTARTED)[0] for one in answer["executions"])
            if not answer.get("nextToken"):
                return frozenset(found)
            query["nextToken"] = answer["nextToken"]
