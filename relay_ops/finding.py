"""The history of a record: received, merged, imported or not and why, retried. Newest first.

It reads frozen imports and stored items of the last 35 days, the reports of those that hold the
text, and the rows of files that are not imported yet. Nothing is written, and no index is needed:
checking a whole object is fast.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from import_relay.domain.codes import CODES
from import_relay.domain.models import Outcome
from import_relay.domain.provenance import ItemProvenance, parse_item, parse_rows
from import_relay.report.row_numbers import numbers_of
from import_relay.storage.bucket_reads import SILENT, read_all
from import_relay.storage.entries import UNFINISHED
from import_relay.storage.stored_items import IMPORTS, ITEMS
from relay_ops.file_rows import NO_OUTCOMES, PAGES, FileRows
from relay_ops.history import History, HistoryLine, MateoRecord
from relay_ops.import_report import ImportReport
from relay_ops.matching import Needle
from relay_ops.quarantine import QUARANTINE_PREFIX, QuarantinedDelivery, delivery_in, delivery_of
from relay_ops.stack import ITEMS_KEPT_DAYS, Stack


@dataclass(slots=True)
class Finding:
    """Looks for one text on one stack."""

    stack: Stack
    needle: Needle
    _records: dict[MateoRecord, bool] = field(default_factory=dict)
    """Whether a record matches exactly."""

    def history(
        self, *, days: int = ITEMS_KEPT_DAYS, advance: Callable[..., None] = SILENT
    ) -> History:
        """Read everything that was written in so many days.

        `advance` is called with the number of objects first, then for each of them.
        """
        bucket, since = self.stack.objects, self.stack.clock() - days * 86_400
        keys = [one.key for prefix in (IMPORTS, ITEMS) for one in bucket.keys(prefix, since=since)]
        keys += [one.key for one in bucket.keys(PAGES)]
        keys += [
            one.key for one in bucket.keys(QUARANTINE_PREFIX, since=since) if self._is_of(one.key)
        ]
        advance(0, total=len(keys))
        found = {
            (line.at, line.what, tuple(line.item_ids)): line
            for lines in read_all(self._of_object, keys, advance)
            for line in lines
        }
        found = _without_read(found)
        newest_first = [found[one] for one in sorted(found, reverse=True)]
        newest_first.sort(key=lambda line: line.is_part)
        exact = [one for one, is_exact in self._records.items() if is_exact]
        return History(newest_first, exact or list(self._records), len(keys))

    def _is_of(self, key: str) -> bool:
        """Whether it is the delivery in quarantine that is looked for."""
        return self.needle.is_item(delivery_of(key), "")

    def _of_object(self, key: str) -> list[HistoryLine]:
        content = self.stack.objects.content(key)
        if content is None or not self.needle.may_be_in(content):
            return []
        if key.startswith(QUARANTINE_PREFIX):
            return [_unreadable(delivery_in(key, content))]
        if key.startswith(PAGES):
            return FileRows(self.stack).waiting(self.needle, key, content)
        read = self._of_import if key.startswith(IMPORTS) else self._of_batch
        return list(read(key, content))

    def _of_import(self, key: str, content: bytes) -> Iterator[HistoryLine]:
        body, _, text = content.partition(b"\n")
        sent = json.loads(body)
        rows = parse_rows(json.loads(text))
        hits = [
            number
            for number, (row, kept) in enumerate(zip(sent["payload"], rows, strict=True))
            if self.needle.is_in(row) or any(self._is_item(one) for one in kept.items)
        ]
        if not hits:
            return
        report = ImportReport.read(
            self.stack, key.removeprefix(IMPORTS).partition("/")[0], sent["type"]
        )
        for number in hits:
            items, row = rows[number].items, sent["payload"][number]
            record = _record(sent["type"], row, rows[number].key)
            is_exact = self.needle.exact.is_in(row) or any(
                self._is_item(one, exact=True) for one in items
            )
            self._note(_name_of(sent["type"], row, rows[number].key), is_exact=is_exact)
            for line in (
                _row_line(report, number, items, record),
                *(_received(one, record) for one in items),
            ):
                yield replace(line, is_part=not is_exact)

    def _note(self, record: MateoRecord, *, is_exact: bool) -> None:
        self._records[record] = is_exact or self._records.get(record, False)

    def _of_batch(self, key: str, content: bytes) -> Iterator[HistoryLine]:
        folder, _, batch = key.removeprefix(ITEMS).removesuffix(".gz").rpartition("/")
        details: dict[str, Mapping[str, Any]] | None = None
        for text in content.splitlines():
            if not self.needle.may_be_in(text):
                continue
            item = parse_item(json.loads(text))
            if not self._is_item(item):
                continue
            if details is None:
                bucket = self.stack.objects
                names = (f"rejected/{folder}/{batch}", f"outcomes/{folder}/{batch}")
                details = {line["item_id"]: line for name in names for line in bucket.lines(name)}
            detail = details.get(item.occurrence.item_id, {})
            is_part = not self._is_item(item, exact=True)
            for line in (
                _ended(item, detail),
                _received(item, _of_line(detail)),
            ):
                yield replace(line, is_part=is_part)

    def _is_item(self, item: ItemProvenance, *, exact: bool = False) -> bool:
        one, needle = item.occurrence, self.needle.exact if exact else self.needle
        if needle.is_item(one.delivery, one.item_id):
            return True
        return needle.is_value(one.event) or needle.is_in(one.item)


_Key = tuple[float, str, tuple[str, ...]]


def _unreadable(one: QuarantinedDelivery) -> HistoryLine:
    """A delivery that never became records."""
    return HistoryLine(
        datetime.fromisoformat(one.received_at).timestamp(),
        "quarantined",
        one.connection,
        "",
        [one.delivery],
        code=one.code,
        why=CODES[one.code].what if one.code in CODES else "",
        what_to_do="Correct the cause, deploy, then: relay redrive --quarantined",
    )


def _without_read(found: Mapping[_Key, HistoryLine]) -> dict[_Key, HistoryLine]:
    """The lines without rows of files that have an outcome, or are in an import."""
    ended = {one for (_, what, ids) in found if what not in NO_OUTCOMES for one in ids}
    return {
        key: line
        for key, line in found.items()
        if key[1] not in NO_OUTCOMES or ended.isdisjoint(key[2])
    }


def _row_line(
    report: ImportReport, number: int, items: Sequence[ItemProvenance], record: str
) -> HistoryLine:
    """What became of a row of an import."""
    failure = report.failure_of(items)
    notes = dict.fromkeys(f"{note.field}: {note.code}" for one in items for note in one.notes)
    newest, entry = items[-1].occurrence, report.entry
    return HistoryLine(
        (entry.polled_at if entry and report.outcomes else 0.0) or report.at,
        _what(report, number),
        newest.connection,
        record,
        [one.occurrence.item_id for one in items],
        report.reference,
        str(failure.get("code") or ""),
        str(failure.get("message") or ""),
        notes=list(notes),
        replay=newest.replay.id if newest.replay else "",
    )


def _what(report: ImportReport, number: int) -> str:
    entry = report.entry
    if entry and number in frozenset(numbers_of(entry.retried)):
        return "failed, will be retried"
    if report.outcomes:
        return report.outcomes[number]
    if entry is None:
        return "frozen, never posted"
    if entry.state in UNFINISHED:
        return f"in an import: {entry.state}"
    return f"import {entry.state}".replace("_", " ")


def _name_of(type_: str, row: Mapping[str, Any], key: str) -> MateoRecord:
    """By its external id, else by the column in its key, as it was sent: Mateo compares letters."""
    column = "external_id" if row.get("external_id") else key.partition("#")[2].partition(":")[0]
    values = row.get(column)
    value = values[0] if isinstance(values, list) and values else values
    return MateoRecord(type_, column, str(value)) if value else MateoRecord(type_, "", "")


def _record(type_: str, row: Mapping[str, Any], key: str) -> str:
    """How a person recognises a record: by its type and external id, else by its content."""
    name = type_.removesuffix("_details")
    external_id = row.get("external_id")
    return f"{name} {external_id or key.partition('#')[2]}".strip()


def _of_line(line: Mapping[str, Any]) -> str:
    """The same of a line of outcomes; empty if it names no record."""
    external_id = line.get("external_id")
    return _record(line.get("type") or "", line, "") if external_id else ""


def _received(item: ItemProvenance, record: str) -> HistoryLine:
    one = item.occurrence
    replay = one.replay.id if one.replay else ""
    what = (
        "replayed" if replay else f"retried, attempt {one.attempt}" if one.attempt else "received"
    )
    at = one.counted_at / 1_000_000
    return HistoryLine(
        at, what, one.connection, record, [one.item_id], event=one.event, replay=replay
    )


def _ended(item: ItemProvenance, detail: Mapping[str, Any]) -> HistoryLine:
    one = item.occurrence
    code = str(detail.get("code") or detail.get("reason") or "")
    explained = CODES.get(code)
    field_name = str(detail.get("field") or "")
    why = str(detail.get("what") or (explained.what if explained else ""))
    if item.outcome == Outcome.TEST:
        why = _test_result(code, why)
    return HistoryLine(
        detail.get("recorded_at", one.counted_at) / 1_000_000,
        item.outcome,
        one.connection,
        _of_line(detail),
        [one.item_id],
        code=code,
        why=f"{field_name}: {why}" if field_name else why,
        what_to_do=str(detail.get("what_to_do") or ""),
        notes=[f"{note['field']}: {note['code']}" for note in detail.get("notes", ())],
        event=one.event,
        replay=one.replay.id if one.replay else "",
    )


def _test_result(code: str, why: str) -> str:
    """What would have become of a test without its mark."""
    if not code:
        return "never posted; without the mark it would be imported"
    end = "rejected" if code in CODES else "ignored"
    return f"never posted; without the mark it would be {end}. {why}".rstrip()
