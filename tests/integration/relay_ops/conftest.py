"""A stack in moto with a relay that has done something, for the commands."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from relay_ops.stack import Stack
from tests.integration.relay_ops.permitted import Calls
from tests.support import aws as resources
from tests.support.fixtures import at_noon, made, mateo, relay
from tests.support.relay import Relay
from tests.template.desk_policies import OPERATOR, allowed_by
from tests.template.expanded import expand, source

__all__ = ["at_noon", "made", "mateo", "relay"]


@pytest.fixture(autouse=True)
def calls(at_noon: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """Every call of every command here is one that the operator's policy allows."""
    noted, real = Calls(), Stack.client
    monkeypatch.setattr(
        Stack, "client", lambda self, name: noted.client(self, name, real(self, name))
    )
    yield noted
    assert noted.refused_by(operator_statements()) == []


@cache
def operator_statements() -> list[Any]:
    """What the operator's policy allows: expanding the template takes longer than most tests."""
    return allowed_by(expand(source()), OPERATOR)


@pytest.fixture
def stack(relay: Relay) -> Stack:
    """The same relay as a person sees it from outside."""
    outputs = {
        "BucketName": resources.BUCKET,
        "LedgerTableName": resources.LEDGER,
        "WatermarksTableName": resources.WATERMARKS,
        "QueueUrl": relay.aws.queue_url,
        "BulkQueueUrl": relay.aws.bulk_queue_url,
        "DeadLetterQueueUrl": relay.aws.dead_letter_url,
    }
    described: dict[str, Any] = {
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        "CreationTime": datetime.now(UTC),
    }
    return Stack("relay", "in moto", described, resources.client, clock=relay.clock)
