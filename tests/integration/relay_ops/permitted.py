"""Records the calls of `relay`, to compare them with a policy: moto checks no permission."""

from collections.abc import Callable, Iterator
from typing import Any

from relay_ops.stack import Stack
from tests.template.desk_policies import Allowed, actions_of_call, permits

SERVICES = {"stepfunctions": "states"}
QUEUES = {"QueueUrl": "Queue", "BulkQueueUrl": "BulkQueue", "DeadLetterQueueUrl": "DeadLetterQueue"}
SECRETS = {
    "MateoTokenArn": "MateoToken",
    "ConnectionSecretsArn": "ConnectionSecrets",
    "CrmTokensArn": "CrmTokens",
}


class Calls:
    """Every call that stacks made, as (action, resource by its logical id)."""

    def __init__(self) -> None:
        self.made: set[Allowed] = set()
        self._clients: dict[tuple[int, str], Any] = {}

    def client(self, stack: Stack, service: str, real: Any) -> Any:
        """The client of a stack, each call of which is recorded."""
        key = (id(stack), service)
        if key not in self._clients:
            self._clients[key] = _Noting(
                real, lambda name, given: self._note(stack, service, name, given)
            )
        return self._clients[key]

    def refused_by(self, rules: list[Allowed]) -> list[Allowed]:
        """What these rules do not allow."""
        return sorted(one for one in self.made if not permits(rules, *one))

    def _note(self, stack: Stack, service: str, name: str, given: dict[str, Any]) -> None:
        if name.startswith(("get_paginator", "generate_", "meta", "exceptions", "can_paginate")):
            return
        operation = "".join(part.title() for part in name.split("_"))
        prefix = SERVICES.get(service, service)
        for action in actions_of_call(operation, prefix, given):
            for resource in _resources(stack, service, operation, given):
                self.made.add(Allowed(action, resource))


class _Noting:
    def __init__(self, real: Any, note: Callable[[str, dict[str, Any]], None]) -> None:
        self.__dict__.update(_real=real, _note=note)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name == "get_paginator":
            return lambda operation: _Paginator(found(operation), operation, self._note)
        if not callable(found):
            return found

        def called(*args: Any, **given: Any) -> Any:
            self._note(name, given)
            return found(*args, **given)

        return called


class _Paginator:
    def __init__(self, real: Any, name: str, note: Callable[[str, dict[str, Any]], None]) -> None:
        self._real, self._name, self._note = real, name, note

    def paginate(self, **given: Any) -> Any:
        self._note(self._name, given)
        return self._real.paginate(**given)


def _resources(stack: Stack, service: str, operation: str, given: dict[str, Any]) -> Iterator[str]:
    outputs = stack.outputs
    tables = {outputs.get("LedgerTableName"): "LedgerTable"}
    tables[outputs.get("WatermarksTableName")] = "WatermarksTable"
    match service:
        case "s3":
            yield f"Bucket/{given['Key']}" if "Key" in given else "Bucket"
        case "dynamodb" if "RequestItems" in given:
            yield from (tables[one] for one in given["RequestItems"])
        case "dynamodb" if operation == "TransactWriteItems":
            parts = [next(iter(one.values())) for one in given["TransactItems"]]
            yield from {tables[one["TableName"]] for one in parts}
        case "dynamodb":
            index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
            yield f"{tables[given['TableName']]}{index}"
        case "sqs" if "QueueUrl" in given:
            names = {outputs.get(output): name for output, name in QUEUES.items()}
            if given["QueueUrl"] not in names:  # a held queue is no output
                names = {one: name for name, one in stack.resources.items()}
            yield names[given["QueueUrl"]]
        case "secretsmanager":
            arns = {outputs.get(output): name for output, name in SECRETS.items()}
            yield arns.get(given["SecretId"], "MateoToken")
        case _:
            yield ""
