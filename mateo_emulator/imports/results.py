"""How what came of an import is shown, where the documents leave it open: a switch for each way.

`imports.listing` and `imports.store` call this. Counts and lists are stored once, when an import is
processed; the shape, and when it can be seen, follow the behaviour at the time of the request.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

from mateo_emulator.clock import MICROSECONDS
from mateo_emulator.settings import Behaviour

PHONES = ("whatsapp", "sms")
ListEntry = dict[str, object]
MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True)
class Counts:
    """Rows in all, imported and failed, as they are shown; None: not counted yet."""

    total_count: int | None = None
    success_count: int | None = None
    failed_count: int | None = None


def counts_shown(stored: Counts, finished_us: int, now_us: int, behaviour: Behaviour) -> Counts:
    """The counts that a request sees of an import that was counted at ``finished_us``."""
    total, succeeded = stored.total_count, stored.success_count
    if total is None or succeeded is None or behaviour.counts == "never":
        return Counts()
    share = _share(finished_us, now_us, behaviour.counts_delay_s)
    if behaviour.counts == "late" and share < 1:
        return Counts()
    if behaviour.counts == "growing" and share < 1:
        total = int(total * share)
        succeeded = min(succeeded, total)
    failed: int | None = total - succeeded
    form = behaviour.failed_count
    if form == "null" or (form == "null_for_none" and not failed):
        failed = None
    return Counts(total, succeeded, failed)


def list_is_there(finished_us: int, now_us: int, behaviour: Behaviour) -> bool:
    """Whether the list of failed rows can be seen yet."""
    return _share(finished_us, now_us, behaviour.failed_list_delay_s) >= 1


def _share(since_us: int, now_us: int, seconds: float) -> float:
    """How much of so many seconds is over, from 0 to 1."""
    if seconds <= 0:
        return 1.0
    return min(1.0, max(0.0, (now_us - since_us) / (seconds * MICROSECONDS)))


def entries_shown(
    failures: Sequence[tuple[int, ListEntry]], behaviour: Behaviour
) -> list[ListEntry]:
    """The entries of a list of failed rows, from each row's number (from 0) and its failure."""
    shown: list[ListEntry] = []
    for number, entry in failures:
        if behaviour.failed_entries == "number":
            one: ListEntry = {"row": number, "code": entry["code"], "message": entry["message"]}
        else:
            one = {**entry, "input": payload_shown(entry["input"], behaviour)}
        shown.append(one)
        if behaviour.failed_entries == "twice":
            shown.append({**one, "message": f"{entry['message']} (again)"})
    return shown


def failed_file(entries: Sequence[ListEntry], behaviour: Behaviour) -> tuple[str, str]:
    """The file of failed rows and its media type."""
    form = behaviour.failed_file
    if form == "ndjson":
        text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    elif form == "csv":
        text = _csv(entries)
    else:
        text = json.dumps(entries, ensure_ascii=False)
    return text, MEDIA_TYPES[form]


def _csv(entries: Sequence[ListEntry]) -> str:
    text = io.StringIO(newline="")
    names = list(dict.fromkeys(name for entry in entries for name in entry))
    writer = csv.DictWriter(text, names or ["code", "message"], lineterminator="\r\n")
    writer.writeheader()
    for entry in entries:
        writer.writerow(
            {
                name: value if isinstance(value, str | int) else json.dumps(value)
                for name, value in entry.items()
            }
        )
    return text.getvalue()


def payload_shown(value: object, behaviour: Behaviour) -> object:
    """Rows as they were sent, or as a database that normalises values would give them back."""
    if behaviour.payload == "as_sent":
        return value
    if isinstance(value, list):
        return [payload_shown(one, behaviour) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _normalised(name, value[name]) for name in sorted(value)} | {"id": None}


def _normalised(name: str, value: object) -> object:
    if isinstance(value, list):
        return [_normalised(name, one) for one in value]
    if not isinstance(value, str):
        return value
    if name in PHONES:
        return "+" + "".join(sign for sign in value if sign.isdecimal())
    return value.strip().lower() if name == "email" else value.strip()
