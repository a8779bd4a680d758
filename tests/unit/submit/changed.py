"""Merges changes of record 1 with its claims."""

import json

from import_relay.domain.models import (
    Claim,
    MappedChange,
    Outcome,
    Row,
    Watermark,
)
from import_relay.domain.replays import Replay, put_back_delivery
from import_relay.submit.merging import (
    MergeResult,
    merge_changes,
)
from tests.support.builders import change

KEY = "contact_details#external_id:1"


def merged(
    *changes: MappedChange,
    claims: dict[str, Claim] | None = None,
    earlier: tuple[str, ...] = (),
    unfinished: bool = False,
    never_created: bool = False,
) -> MergeResult:
    """What these changes become. All imports of the claims are in the same state."""
    return merge_changes(
        changes,
        {KEY: Watermark(claims, earlier)} if claims else {},
        is_unfinished=lambda reference: unfinished,
        was_never_created=lambda reference: never_created,
    )


REPLAY = Replay("20261121T100000-a1b2c3", 2_000, "mapping corrected")
FORCED = REPLAY._replace(force=True)


def put_back(replay: Replay, version: int, event: str) -> MappedChange:
    """A change of delivery `old`, put back by a replay."""
    copy = change(version=version, event=event, delivery=put_back_delivery("old", replay.id))
    return copy._replace(occurrence=copy.occurrence._replace(replay=replay))


def outcomes(result: MergeResult) -> list[tuple[str, Outcome]]:
    """Item ids and outcomes, of shadowed changes as well."""
    recorded = result.outcomes + [one for row in result.rows for one in row.shadowed]
    return [(one.occurrence.item_id, one.outcome) for one in recorded]


def columns(row: Row) -> dict[str, object]:
    found: dict[str, object] = json.loads(row.text)
    return found
