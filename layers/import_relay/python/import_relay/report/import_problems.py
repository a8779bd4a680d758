"""What failed in an import or lost a value, read from its report. Called by `open_problems`.

A row's line says enough to know whether a later success closes its problem. Why it failed, and the
row itself, are read only for problems that are still open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from import_relay.domain.notes import Note
from import_relay.report.problems import (
    ROW_FAILED,
    VALUE_LEFT_OUT,
    Problem,
    ReportedImport,
    identities_of_row,
    original_item,
    received_of_row,
)
from import_relay.report.row_lines import ROWS_FILE, RowLine
from import_relay.storage.bucket_reads import Bucket

_NOT_IMPORTED = ("failed", "unaccounted")
_NO_ROW = "{}"


@dataclass(frozen=True, slots=True)
class ImportProblems:
    """An import, and the problems of its rows without reasons and rows."""

    reported: ReportedImport
    problems: Sequence[Problem]


def problems_of(bucket: Bucket, folder: str) -> ImportProblems:
    """Read the report in a folder."""
    type_ = folder.partition("/type=")[2].partition("/")[0]
    lines = _lines(bucket, folder)
    newest = max((line.newest_at for line in lines if line.outcome == "imported"), default=0)
    reported = ReportedImport(folder, type_, newest)
    failed = (
        _failed(reported, line)
        for line in lines
        if line.outcome in _NOT_IMPORTED and not line.erased
    )
    return ImportProblems(reported, [*failed, *_left_out(bucket, reported, lines)])


def with_details(
    bucket: Bucket, folder: str, problems: Sequence[Problem], *, with_rows: bool
) -> list[Problem]:
    """The problems of one import with the reasons of Mateo, and on demand with their rows.

    A row whose import is not kept any more is empty.
    """
    reference = folder.rpartition("import=")[2]
    rows = _sent(bucket, reference) if with_rows else []
    reasons = _reasons(bucket, folder) if any(one.kind == ROW_FAILED for one in problems) else {}
    lines = _lines(bucket, folder) if reasons else []
    return [
        replace(
            _explained(one, lines, reasons) if one.kind == ROW_FAILED else one,
            row_json=json.dumps(rows[one.row]) if one.row < len(rows) else _NO_ROW,
        )
        for one in problems
    ]


def is_erased(line: Mapping[str, Any]) -> bool:
    """Whether a line is kept for its counts only: the person whom it was about is erased."""
    return bool(line.get("erased"))


def _lines(bucket: Bucket, folder: str) -> Sequence[RowLine]:
    return list(map(RowLine.read, bucket.each_line(f"{folder}/{ROWS_FILE}")))


def _sent(bucket: Bucket, reference: str) -> Sequence[Mapping[str, Any]]:
    content = bucket.content(f"imports/{reference}/request.json.gz")
    rows: Sequence[Mapping[str, Any]] = (
        json.loads(content.partition(b"\n")[0])["payload"] if content else []
    )
    return rows


def _reasons(bucket: Bucket, folder: str) -> Mapping[str, Mapping[str, Any]]:
    """Item → the failure that Mateo lists of its row."""
    return {
        item["item_id"]: failure
        for failure in bucket.lines(f"{folder}/failures.ndjson")
        for item in failure["items"]
    }


def _failed(reported: ReportedImport, line: RowLine) -> Problem:
    items = tuple(("item", original_item(each)) for each in line.item_ids)
    return Problem(
        ROW_FAILED,
        "unaccounted",
        line.connection,
        "",
        received_of_row(line),
        (*identities_of_row(line), *items),
        _NO_ROW,
        "Mateo does not say why.",
        "Correct the record in the CRM, or the row in this file.",
        line.item_ids[-1],
        reported.reference,
        type=reported.type,
        row=line.row,
    )


def _explained(
    one: Problem, lines: Sequence[RowLine], reasons: Mapping[str, Mapping[str, Any]]
) -> Problem:
    items = lines[one.row].item_ids if one.row < len(lines) else ()
    failure = next((reasons[each] for each in items if each in reasons), {})
    retried = " It is retried by itself." if failure.get("will_retry") else ""
    return replace(
        one,
        code=str(failure.get("code") or one.code),
        reason=str(failure.get("message") or one.reason),
        what_to_do=f"{one.what_to_do}{retried}",
    )


def _left_out(
    bucket: Bucket, reported: ReportedImport, lines: Sequence[RowLine]
) -> Iterator[Problem]:
    if not any(Note(note["code"], "").is_listed for line in lines for note in line.notes):
        return
    for note in bucket.lines(f"{reported.folder}/left_out.ndjson"):
        if not is_erased(note):
            yield _of_note(reported, note, lines[note["row"]])


def _of_note(reported: ReportedImport, note: Mapping[str, Any], line: RowLine) -> Problem:
    return Problem(
        VALUE_LEFT_OUT,
        note["code"],
        note["connection"],
        note["field"],
        received_of_row(line),
        (("column", reported.type, str(line.key_digest), note["field"]),),
        _NO_ROW,
        note["reason"] or note["what"],
        note["what_to_do"],
        _item_of_note(line, note["connection"]),
        reported.reference,
        note["value"],
        reported.type,
        note["row"],
    )


def _item_of_note(line: RowLine, connection: str) -> str:
    """The newest item of a row that came by this connection."""
    items = list(zip(line.item_ids, line.connections, strict=True))
    return next((one for one, came_by in reversed(items) if came_by == connection), items[-1][0])
