"""Starts the state machine that follows an import to its end, one execution per import."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient


class Executions:
    """Executions of the tracking state machine."""

    def __init__(self, client: "SFNClient", state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn

    def start(self, reference: str, *, deadline: float) -> None:
        """Follow the import `reference`; a second start under the same name changes nothing.

        Args:
            deadline: when the submitter is certainly gone (s since the epoch).
        """
        try:
            self._client.start_execution(
                stateMachineArn=self._arn,
                name=reference,
                input=json.dumps({"reference": reference, "deadline": deadline, "wait_s": 5}),
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ExecutionAlreadyExists":
                raise
