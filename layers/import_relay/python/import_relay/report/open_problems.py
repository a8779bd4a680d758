"""What is still open of what failed, was rejected or lost a value: read from reports.

A later success closes it: a newer change of the same record, or another attempt at the same item,
that was imported; a left-out value is closed by an import that has it. Called by `relay failures`
and by the daily report.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from import_relay.domain.models import item_of
from import_relay.domain.notes import Note
from import_relay.report.closing import Closing, record_in
from import_relay.report.problems import (
    FAILED,
    LEFT_OUT,
    REJECTED,
    Problem,
    Received,
    ReportedImport,
    identities_of,
    original_item,
    received_of_row,
)
from import_relay.storage.bucket_reads import Bucket, read_all

SILENT: Callable[..., None] = lambda *_, **__: None  # noqa: E731 - as a default
SUMMARY_FILE = "summary.json"
_NOT_IMPORTED = ("failed", "unaccounted")


def open_problems(
    bucket: Bucket,
    now: datetime,
    *,
    days: float,
    connection: str = "",
    advance: Callable[..., None] = SILENT,
) -> list[Problem]:
    """The problems of the last days that no later success closed, newest first.

    Rows are read of two kinds of imports: those that have problems, and those that may close one.
    `now` is in the time zone in which the days of reports begin. `advance` is told of each object,
    and first how many there are.
    """
    since = now.timestamp() - days * 86_400
    summaries = [
        key for key in _report_keys(bucket, now, since) if key.endswith(f"/{SUMMARY_FILE}")
    ]
    rejected = [one.key for one in bucket.keys("rejected/", since=since)]
    advance(0, total=2 * len(summaries) + len(rejected))
    imports = list(read_all(lambda key: _reported(bucket, key), summaries, advance))
    bad = [one for one in imports if one.has_problems]
    problems = [
        problem
        for found in (
            *read_all(lambda one: _of_import(bucket, one), bad, SILENT),
            *read_all(lambda key: _rejections(bucket.each_line(key)), rejected, advance),
        )
        for problem in found
        if connection in ("", problem.connection) and problem.received.at >= since * 1_000_000
    ]
    closing = Closing(bucket, problems)
    for one in read_all(closing.successes, imports, advance):
        closing.add(one)
    still = [one for one in problems if not closing.is_closed(one)]
    return sorted(still, key=lambda one: one.received, reverse=True)


def _report_keys(bucket: Bucket, now: datetime, since: float) -> Iterator[str]:
    """Everything in the reports of imports that were made since then, day by day."""
    day = datetime.fromtimestamp(since, now.tzinfo).date() - timedelta(days=1)
    while day <= now.date() + timedelta(days=1):
        for one in bucket.keys(f"reports/date={day}/", since=since):
            yield one.key
        day += timedelta(days=1)


def _reported(bucket: Bucket, key: str) -> ReportedImport:
    said = json.loads(bucket.content(key) or b"{}")
    folder = key.removesuffix(f"/{SUMMARY_FILE}")
    parts = dict(part.partition("=")[::2] for part in folder.split("/")[1:])
    rows = said.get("rows", {})
    is_listed = (Note(one["code"], "").is_listed for one in said.get("notes", ()))
    made = datetime.fromisoformat(said["created_at"]) if said.get("created_at") else None
    return ReportedImport(
        folder,
        parts["import"],
        parts["type"],
        int(made.timestamp() * 1_000_000) if made else 0,
        bool(rows.get("failed") or rows.get("unaccounted")) or any(is_listed),
        bool(rows.get("imported")),
    )


def _of_import(bucket: Bucket, one: ReportedImport) -> list[Problem]:
    """The failed rows of an import, and the values that its rows lack."""
    content = bucket.content(f"imports/{one.reference}/request.json.gz")
    if content is None:
        return []
    sent = json.loads(content.partition(b"\n")[0])["payload"]
    lines = bucket.lines(f"{one.folder}/rows.ndjson.gz")
    failed = [line for line in lines if line["outcome"] in _NOT_IMPORTED and not is_erased(line)]
    failures = {
        item["item_id"]: failure
        for failure in (bucket.lines(f"{one.folder}/failures.ndjson") if failed else ())
        for item in failure["items"]
    }
    found = [_failed(one, line, sent[line["row"]], failures) for line in failed]
    if any(Note(note["code"], "").is_listed for line in lines for note in line["notes"]):
        left_out = bucket.lines(f"{one.folder}/left_out.ndjson")
        found += [
            _left_out(one, each, lines[each["row"]], sent[each["row"]])
            for each in left_out
            if not is_erased(each)
        ]
    return found


def _failed(
    one: ReportedImport,
    line: Mapping[str, Any],
    row: Mapping[str, Any],
    failures: Mapping[str, Mapping[str, Any]],
) -> Problem:
    failure = next((failures[each] for each in line["item_ids"] if each in failures), {})
    retried = " It is retried by itself." if failure.get("will_retry") else ""
    items = tuple(("item", original_item(each)) for each in line["item_ids"])
    return Problem(
        FAILED,
        str(failure.get("code") or "unaccounted"),
        line["connection"],
        "",
        received_of_row(line),
        (*identities_of(line, line["connections"]), *items),
        json.dumps(row),
        str(failure.get("message") or "Mateo does not say why."),
        f"Correct the record in the CRM, or the row in this file.{retried}",
        line["item_ids"][-1],
        one.reference,
    )


def _left_out(
    one: ReportedImport, note: Mapping[str, Any], line: Mapping[str, Any], row: Mapping[str, Any]
) -> Problem:
    return Problem(
        LEFT_OUT,
        note["code"],
        note["connection"],
        note["field"],
        received_of_row(line),
        (("column", one.type, line["key_digest"], note["field"]),),
        json.dumps(row),
        note["reason"] or note["what"],
        note["what_to_do"],
        _item_of_note(line, note["connection"]),
        one.reference,
        note["value"],
    )


def _item_of_note(line: Mapping[str, Any], connection: str) -> str:
    """The newest item of a row that came by this connection."""
    items: Sequence[tuple[str, str]] = [
        *zip(line["item_ids"], line["connections"], strict=True),
    ]
    return next((one for one, came_by in reversed(items) if came_by == connection), items[-1][0])


def is_erased(line: Mapping[str, Any]) -> bool:
    """Whether a line only counts any more: the person whom it was about is erased."""
    return bool(line.get("erased"))


def _rejections(lines: Iterable[Mapping[str, Any]]) -> list[Problem]:
    return [_rejected(line) for line in lines if not is_erased(line)]


def _rejected(line: Mapping[str, Any]) -> Problem:
    item_id, item, replay = line["item_id"], line["item"], line.get("replay")
    at = replay["at"] if replay else line["received_at"]
    known = list(identities_of(line, [line["connection"]]))
    if not known and (record := record_in(item)):
        known.append(("guess", line["connection"], record))
    return Problem(
        REJECTED,
        line["code"],
        line["connection"],
        line["field"],
        Received(at, item_of(item_id)[1]),
        (*known, ("item", original_item(item_id))),
        json.dumps(item),
        line["what"],
        line["what_to_do"],
        item_id,
        value=line.get("value"),
    )
