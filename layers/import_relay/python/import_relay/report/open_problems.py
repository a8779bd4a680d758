"""What is still open of what failed, was rejected or lost a value: read from reports.

A later success closes a problem: a newer change of the same record, or another attempt at the same
item, that was imported. A left-out value is closed by an import that has it. A problem that occurs
again counts once. Called by `relay failures` and by the daily report.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from import_relay.domain.models import item_of
from import_relay.report.closing import Closing, record_in
from import_relay.report.import_problems import is_erased, problems_of, with_details
from import_relay.report.problems import (
    ITEM_REJECTED,
    Problem,
    Received,
    identities_of,
    newest_of_each,
    original_item,
)
from import_relay.report.row_lines import ROWS_FILE
from import_relay.storage.bucket_reads import SILENT, Bucket, read_all

SUMMARY_FILE = "summary.json"


def open_problems(
    bucket: Bucket,
    now: datetime,
    *,
    days: float,
    connection: str = "",
    with_rows: bool = True,
    advance: Callable[..., None] = SILENT,
) -> list[Problem]:
    """The problems of the last days that no later success closed, newest first.

    `now` is in the time zone in which the days of reports begin. `with_rows`: with the rows as they
    were sent, an object more of each import that has an open problem. `advance` is called for each
    object, and first how many there are.
    """
    bucket, since = bucket.remembering(), now.timestamp() - days * 86_400
    folders = list(_folders(bucket, now, since))
    rejected = [one.key for one in bucket.keys("rejected/", since=since)]
    advance(0, total=len(folders) + len(rejected))
    imports = list(read_all(lambda folder: problems_of(bucket, folder), folders, advance))
    rejections = read_all(lambda key: _rejections(bucket.each_line(key)), rejected, advance)
    problems = [
        problem
        for found in (*(one.problems for one in imports), *rejections)
        for problem in found
        if connection in ("", problem.connection) and problem.received.at >= since * 1_000_000
    ]
    closing = Closing(bucket, problems)
    for one in read_all(closing.successes, (one.reported for one in imports)):
        closing.add(one)
    still = newest_of_each([one for one in problems if not closing.is_closed(one)])
    folder_of = {one.reported.reference: one.reported.folder for one in imports}
    told = _told(bucket, still, folder_of, with_rows=with_rows)
    return sorted(told, key=lambda one: one.received, reverse=True)


def _folders(bucket: Bucket, now: datetime, since: float) -> Iterator[str]:
    """The reports that are complete, of imports that were made since then, day by day."""
    day = datetime.fromtimestamp(since, now.tzinfo).date() - timedelta(days=1)
    while day <= now.date() + timedelta(days=1):
        names: dict[str, set[str]] = {}
        for one in bucket.keys(f"reports/date={day}/", since=since):
            folder, _, name = one.key.rpartition("/")
            names.setdefault(folder, set()).add(name)
        yield from (folder for folder, found in names.items() if {ROWS_FILE, SUMMARY_FILE} <= found)
        day += timedelta(days=1)


def _told(
    bucket: Bucket, problems: Iterable[Problem], folder_of: Mapping[str, str], *, with_rows: bool
) -> Iterator[Problem]:
    """The problems with all that a person needs; problems of no import have it already."""
    of_folders: dict[str, list[Problem]] = {}
    for one in problems:
        of_folders.setdefault(folder_of.get(one.reference, ""), []).append(one)
    yield from of_folders.pop("", ())

    def read(item: tuple[str, list[Problem]]) -> list[Problem]:
        return with_details(bucket, *item, with_rows=with_rows)

    for found in read_all(read, of_folders.items()):
        yield from found


def _rejections(lines: Iterable[Mapping[str, Any]]) -> list[Problem]:
    return [_rejected(line) for line in lines if not is_erased(line)]


def _rejected(line: Mapping[str, Any]) -> Problem:
    item_id, item, replay = line["item_id"], line["item"], line.get("replay")
    at = replay["at"] if replay else line["received_at"]
    connection = line["connection"]
    type_, external_id, key = (line.get(name) for name in ("type", "external_id", "key_digest"))
    known = list(identities_of(type_, external_id, key, [connection]))
    if not known and (record := record_in(item)):
        known.append(("guess", connection, record))
    return Problem(
        ITEM_REJECTED,
        line["code"],
        connection,
        line["field"],
        Received(at, item_of(item_id)[1]),
        (*known, ("item", original_item(item_id))),
        json.dumps(item),
        line["what"],
        line["what_to_do"],
        item_id,
        value=line.get("value"),
        type=type_ or "",
    )
