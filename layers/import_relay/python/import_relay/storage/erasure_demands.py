"""Demands for an erasure that came as webhooks: objects that wait for `relay erase --pending`.

The archive stores one before the webhook is acknowledged, the watchdog counts them. Each says which
record of which connection it is about, and nothing else of the person.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from import_relay.domain.models import ErasureDemand, ItemOutcome

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PENDING = "erasures/pending/"


class DemandObject(NamedTuple):
    """A demand as it is stored: the same webhook has the same key."""

    key: str
    body: bytes


def demand_objects(outcomes: Iterable[ItemOutcome]) -> Iterator[DemandObject]:
    """An object for each outcome that demands an erasure."""
    for one in outcomes:
        if one.demand is not None:
            name = one.occurrence.item_id.replace("/", "-")
            said = {"connection": one.occurrence.connection, **one.demand._asdict()}
            yield DemandObject(f"{PENDING}{name}.json", json.dumps(said).encode())


def demand_of(said: Mapping[str, Any]) -> tuple[str, ErasureDemand]:
    """The connection and the record that a stored demand names."""
    demand = ErasureDemand(str(said["record"]), str(said.get("external_id", "")))
    return str(said["connection"]), demand


class PendingErasures:
    """Counts the demands that wait in a bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def count(self) -> int:
        """How many erasures wait; of more than a thousand a thousand."""
        answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=PENDING)
        return answer.get("KeyCount", 0)
