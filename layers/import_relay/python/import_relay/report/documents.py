"""The documents of a report: what summary.json and the lists beside it say. Pure.

Called by `report_files`. The same findings give the same documents.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from import_relay.domain.codes import CODES
from import_relay.domain.models import Occurrence, RecordIdentity
from import_relay.domain.notes import as_objects
from import_relay.domain.replays import as_object
from import_relay.report.findings import Findings
from import_relay.report.noted_rows import counted_notes, left_out_of_row
from import_relay.report.row_lines import RowLine
from import_relay.report.row_outcomes import RowOutcome
from import_relay.report.taken_handles import as_summary

FAILURE_COLUMNS = (
    "code",
    "message",
    "retryable",
    "will_retry",
    "external_id",
    "input",
    "connection",
    "event",
    "received_at",
)


def summary(findings: Findings) -> dict[str, object]:
    """The content of summary.json: the same each time it is made."""
    entry, status = findings.entry, findings.result.status
    total, success, failed = findings.counts
    return {
        "reference": entry.reference,
        "import_id": entry.import_id,
        "type": entry.type,
        "lane": entry.lane.value,
        "state": "finished" if findings.is_finished else "unfinished",
        "created_at": _time(entry.created_at),
        "posted_at": _time(entry.posted_at),
        "counted_at": _time(entry.polled_at),
        "posts": entry.posts,
        "rows": {
            "total": entry.rows,
            "imported": findings.imported,
            "failed": findings.failed,
            "unaccounted": findings.unaccounted,
        },
        "items": _items(findings),
        "failures": _failures(findings),
        "suspects": entry.suspects.split(),
        "mateo": {"total_count": total, "success_count": success, "failed_count": failed},
        "hints": status.hints if status else None,
        "taken_handles": as_summary(findings.taken, findings.sent.rows),
        "notes": counted_notes(
            source
            for number in range(len(findings.sent.rows))
            for source in findings.sources(number)
        ),
        "remarks": [
            {"code": code, "what": CODES[code].what, "what_to_do": CODES[code].what_to_do}
            for code in _remarks(findings)
        ],
    }


def _failures(findings: Findings) -> dict[str, object]:
    return {
        "listed": len(findings.failures),
        "unlisted": findings.rows.unnamed,
        "joined": sum(number is not None for _, number in findings.failures),
        "codes": dict(sorted(Counter(one.code for one, _ in findings.failures).items())),
    }


def _items(findings: Findings) -> dict[str, int]:
    items = dict.fromkeys(("total", *RowOutcome), 0)
    for number, outcome in enumerate(findings.outcomes):
        items[outcome.value] += len(findings.sources(number))
        items["total"] += len(findings.sources(number))
    return items


def _remarks(findings: Findings) -> Iterator[str]:
    entry, has_rows = findings.entry, bool(findings.sent.rows)
    has_reasons = len(findings.failures) >= findings.failed
    known = (entry.rows, findings.imported, findings.failed)
    holds = {
        "import.unfinished": not findings.is_finished,
        "import.ambiguous": bool(entry.suspects),
        "import.several_found": entry.found > 1,
        "import.inferred": bool(entry.inferred),
        "import.handles_taken": bool(findings.taken),
        "import.counts_differ": None not in findings.counts and findings.counts != known,
        "failures.unavailable": not has_reasons,
        "failures.unexplained": has_reasons and has_rows and findings.rows.unnamed,
        "import.not_frozen": bool(entry.rows) and not has_rows,
    }
    return (code for code, is_so in holds.items() if is_so)


def row_lines(findings: Findings) -> Iterator[dict[str, object]]:
    """The content of rows.ndjson.gz: how each row and its occurrences ended."""
    for number, (row, outcome) in enumerate(
        zip(findings.sent.provenance, findings.outcomes, strict=True)
    ):
        identity = _identity(findings, number).as_object()
        yield RowLine(
            row=number,
            outcome=outcome.value,
            certain=number not in findings.rows.uncertain,
            type=identity["type"],
            external_id=identity["external_id"],
            key_digest=identity["key_digest"],
            connection=row.items[-1].occurrence.connection,
            item_ids=[source.occurrence.item_id for source in row.items],
            connections=[source.occurrence.connection for source in row.items],
            received_at=[source.occurrence.received_at for source in row.items],
            notes=as_objects(
                (note for source in findings.sources(number) for note in source.notes),
                with_values=False,
            ),
            replays=_replays(source.occurrence for source in row.items),
        ).as_object()


def _identity(findings: Findings, number: int) -> RecordIdentity:
    external_id = findings.sent.rows[number].get("external_id")
    return RecordIdentity(
        findings.entry.type,
        "" if external_id is None else str(external_id),
        findings.sent.provenance[number].key,
    )


def left_out_lines(findings: Findings) -> Iterator[dict[str, object]]:
    """The content of left_out.ndjson: each value that was left out of a row, and why."""
    for number, outcome in enumerate(findings.outcomes):
        for line in left_out_of_row(
            number, findings.sent.rows[number], findings.sources(number), outcome.value
        ):
            yield {**line, "received_at": _time(line["received_at"] / 1_000_000)}


def failure_lines(findings: Findings) -> Iterator[dict[str, object]]:
    """The content of failures.ndjson: each listed failure with the webhooks that caused it."""
    for failure, number in findings.failures:
        yield {
            "code": failure.code,
            "message": failure.message,
            "retryable": findings.is_retryable(failure, number),
            "will_retry": number in findings.retried,
            "external_id": failure.columns.get("external_id"),
            "input": failure.input,
            "items": [
                {
                    "connection": one.connection,
                    "event": one.event,
                    "item_id": one.item_id,
                    "received_at": _time(one.received_at / 1_000_000),
                    **({"replay": as_object(one.replay)} if one.replay else {}),
                }
                for one, *_ in (() if number is None else findings.sources(number))
            ],
        }


def _replays(occurrences: Iterable[Occurrence]) -> list[dict[str, object]]:
    """The replays that put any of a row's occurrences back, each once."""
    found = {one.replay.id: as_object(one.replay) for one in occurrences if one.replay}
    return list(found.values())


def _time(timestamp: float) -> str | None:
    """ISO 8601 in UTC, to the second; None for a time that has not come."""
    return (
        datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds") if timestamp else None
    )
