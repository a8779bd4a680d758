"""A stub of AWS below boto3, which answers at once and does nothing: boto3's clients are real."""

import io
import json
from collections import Counter
from typing import Any

import botocore.handlers
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders

ANSWERS: dict[str, Any] = {
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "BatchWriteItem": {"UnprocessedItems": {}},
    "StartExecution": {"executionArn": "arn:aws:states:x:1:execution:m:r", "startDate": 1.0},
    "GetParameter": {"Parameter": {"Name": "n", "Value": "m1,m2", "Type": "StringList"}},
}


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Any:
        yield self.read()


class StubAws:
    """Counts the requests of every client that is made after `install`."""

    def __init__(self, **answers: Any) -> None:
        self.requests: Counter[str] = Counter()
        self._answers = {**ANSWERS, **answers}

    def install(self) -> None:
        """Answer instead of the network for the rest of this process."""
        botocore.handlers.BUILTIN_HANDLERS.append(("before-send", self._answer))

    def _answer(self, event_name: str, request: AWSRequest, **_: object) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        self.requests[operation] += 1
        answer = self._answers.get(operation, {})
        if operation == "SendMessageBatch":
            answer = sent(json.loads(request.body))
        content = json.dumps(answer).encode() if answer or ".s3." not in event_name else b""
        headers = HTTPHeaders()
        headers["content-type"] = "application/x-amz-json-1.0"
        return AWSResponse(str(request.url), 200, headers, _Raw(content))


def sent(request: dict[str, Any]) -> dict[str, Any]:
    """SQS takes all messages. boto3 compares no digests that the answer lacks."""
    entries = request["Entries"]
    return {"Successful": [{"Id": one["Id"], "MessageId": f"m{one['Id']}"} for one in entries]}
