"""The mark of what a person put back: by which replay, when and why. Used from queue to report.

An item that is put back is an item of its own: its delivery id is that of the original with the
replay's id behind it. So ids still sort by receipt, what is put back comes directly after its
original, and of two replays the later one comes last.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

_SEPARATOR = "."
"""No delivery id has it, and it sorts before every character of one."""


class Replay(NamedTuple):
    """One replay. `at`: when it was begun, in µs since the epoch. `force`: over newer data, too."""

    id: str
    at: int
    reason: str
    force: bool = False


def replay_of(content: Mapping[str, Any]) -> Replay | None:
    """The replay that a message or a line of provenance names, if it was put back."""
    found = content.get("replay")
    if found is None:
        return None
    return Replay(found["id"], found["at"], found["reason"], found.get("force", False))


def as_object(replay: Replay) -> dict[str, Any]:
    """The same for a message or a line: `{"id", "at", "reason", "force"?}`."""
    content = {"id": replay.id, "at": replay.at, "reason": replay.reason}
    return content | ({"force": True} if replay.force else {})


def put_back_delivery(delivery: str, replay_id: str) -> str:
    """The id of a delivery's items once they are put back; the same whenever it is asked for."""
    return f"{delivery}{_SEPARATOR}{replay_id}"


def original_delivery(delivery: str) -> str:
    """The delivery that a sender made, of which this one may be put back."""
    return delivery.partition(_SEPARATOR)[0]


def replay_id_of(item_id: str) -> str:
    """Which replay put an item id or a delivery back; empty if none did."""
    return item_id.partition("/")[0].partition(_SEPARATOR)[2]
