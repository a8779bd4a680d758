"""How an import ended, row by row, and the documents that say so. Pure; called by reporting.

Two sums always hold. Rows: total = imported + failed + unaccounted, by Mateo's counts. Items, the
occurrences that rows were made of: total = imported + failed + retried + unaccounted; a failed row
that Mateo counts but does not name is unaccounted for there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from import_relay.domain.codes import CODES
from import_relay.domain.models import Occurrence
from import_relay.domain.notes import SENT, Note, as_lists, as_objects
from import_relay.mapping.keys import HANDLES
from import_relay.mateo.client import ImportStatus
from import_relay.report.failed_rows import Joined, join
from import_relay.report.failures import Failure
from import_relay.report.noted_rows import ItemProvenance, counted_notes, left_out_lines, notes_of
from import_relay.report.row_outcomes import RowCounts, RowOutcome, RowOutcomes
from import_relay.report.taken_handles import Taken, as_summary, notes_of_taken, taken_handles
from import_relay.storage.entries import Entry

FOREIGN_KEY = "23503"
"""PostgreSQL's code for a reference to something that is not there."""
MAX_ATTEMPTS = 3
"""A record is requeued at most so often."""
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


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: rows as Mateo got them, and where each came from. Empty if it is not kept."""

    rows: Sequence[Mapping[str, Any]] = ()
    provenance: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What Mateo says of an import. `unread` is a file of failures that could not be read."""

    status: ImportStatus | None = None
    failures: Sequence[Failure] = ()
    unread: bytes | None = None


@dataclass(frozen=True)
class Findings:
    """What is known of an import's end."""

    entry: Entry
    sent: Sent
    result: ImportResult
    timed_out: bool

    @property
    def is_finished(self) -> bool:
        """Whether Mateo has finished it, perhaps only just when it was given up."""
        return not self.timed_out or (self.unaccounted == 0 and self._counts[0] is not None)

    # rows

    @cached_property
    def _counts(self) -> RowCounts:
        status = self.result.status
        known = status if status and status.total_count is not None else self.entry
        return RowCounts(known.total_count, known.success_count, known.failed_count)

    @cached_property
    def rows(self) -> RowOutcomes:
        """How the rows ended, as far as it is known."""
        numbers, suspects = self._joined
        return RowOutcomes(self.entry.rows, self._counts, numbers, self.retried, suspects)

    @cached_property
    def _joined(self) -> Joined:
        return join(self.result.failures, self.sent.rows)

    @property
    def failed(self) -> int:
        """Rows that Mateo failed."""
        return self.rows.failed

    @property
    def imported(self) -> int:
        """Rows that Mateo imported."""
        return self.rows.imported

    @property
    def unaccounted(self) -> int:
        """Rows of which Mateo did not say what became of them."""
        return self.rows.unaccounted

    # single rows

    @cached_property
    def failures(self) -> Sequence[tuple[Failure, int | None]]:
        """Each failure that Mateo lists, with the number of our row."""
        return list(zip(self.result.failures, self._joined.numbers, strict=True))

    @cached_property
    def retried(self) -> frozenset[int]:
        """The rows to requeue: what an earlier report decided, and what Mateo lists now.

        Of a row with several failures each has to be one that time can heal.
        """
        lasting = {
            number for failure, number in self.failures if not self._is_retryable(failure, number)
        }
        return frozenset(numbers_of(self.entry.retried)) | {
            number
            for _, number in self.failures
            if number is not None
            and number not in lasting
            and all(
                source["attempt"] < MAX_ATTEMPTS for source in self.sent.provenance[number]["items"]
            )
        }

    @cached_property
    def outcomes(self) -> Sequence[RowOutcome]:
        """How each row that was sent ended; nothing if it is not kept what was sent."""
        return self.rows.outcomes if self.sent.rows else ()

    def sources(self, number: int) -> Sequence[ItemProvenance]:
        """The occurrences that a row was made of; the last one has the notes of Mateo's hints."""
        sources: Sequence[ItemProvenance] = self.sent.provenance[number]["items"]
        if number not in self._taken_notes:
            return sources
        *others, last = sources
        notes = as_lists([*notes_of(last), *self._taken_notes[number]])
        return [*others, {**last, "notes": notes}]

    @cached_property
    def taken(self) -> Sequence[Taken]:
        """The handles that moved from one contact to another."""
        if self.entry.type != "contact_details":
            return ()
        ends = enumerate(self.outcomes)
        imported = {number for number, outcome in ends if outcome is RowOutcome.IMPORTED}
        hints = self.result.status.hints if self.result.status else None
        return taken_handles(hints, self.sent.rows, imported)

    @cached_property
    def _taken_notes(self) -> Mapping[int, Sequence[Note]]:
        return notes_of_taken(self.taken) if self.sent.rows else {}

    def unclaimed(self) -> Iterator[Mapping[str, Any]]:
        """Provenance of the rows that did not get in, or may not have."""
        uncertain = self.rows.uncertain
        outcomes = zip(self.sent.provenance, self.outcomes, strict=True)
        for number, (row, outcome) in enumerate(outcomes):
            if outcome is not RowOutcome.IMPORTED or number in uncertain:
                yield row

    def retried_items(self) -> Iterator[ItemProvenance]:
        """The occurrences to requeue, with their attempt counted on."""
        for number, outcome in enumerate(self.outcomes):
            if outcome is RowOutcome.RETRIED:
                for source in self.sources(number):
                    yield {**source, "attempt": source["attempt"] + 1}

    def ended(self) -> Iterator[tuple[ItemProvenance, RowOutcome]]:
        """The occurrences that end with this import, and how; those requeued do not."""
        for number, outcome in enumerate(self.outcomes):
            if outcome is not RowOutcome.RETRIED:
                for source in self.sources(number):
                    yield source, outcome

    def counted(self) -> Iterator[tuple[str, str, list[Note]]]:
        """What counts for their connections: of each occurrence its end, notes and sent handles."""
        for number, outcome in enumerate(self.outcomes):
            if outcome is RowOutcome.RETRIED:
                continue
            row = self.sent.rows[number] if self.sent.rows else {}
            handles = [Note(SENT, column) for column in HANDLES if row.get(column)]
            for source in self.sources(number):
                yield source["connection"], outcome.value, [*notes_of(source), *handles]

    def _is_retryable(self, failure: Failure, number: int | None) -> bool:
        """Whether time can heal it: the contact of a deal or appointment is not in Mateo yet."""
        return (
            number is not None
            and failure.code == FOREIGN_KEY
            and self.entry.type in ("deal_details", "appointment_details")
            and bool(self.sent.rows[number].get("contact_external_id"))
        )

    # documents

    def summary(self) -> dict[str, object]:
        """The content of summary.json: the same each time it is made."""
        entry, status = self.entry, self.result.status
        total, success, failed = self._counts
        return {
            "reference": entry.reference,
            "import_id": entry.import_id,
            "type": entry.type,
            "state": "finished" if self.is_finished else "unfinished",
            "created_at": _time(entry.created_at),
            "posted_at": _time(entry.posted_at),
            "counted_at": _time(entry.polled_at),
            "posts": entry.posts,
            "rows": {
                "total": entry.rows,
                "imported": self.imported,
                "failed": self.failed,
                "unaccounted": self.unaccounted,
            },
            "items": self._items(),
            "failures": {
                "listed": len(self.failures),
                "unlisted": self.rows.unnamed,
                "joined": sum(number is not None for _, number in self.failures),
                "codes": dict(sorted(Counter(one.code for one, _ in self.failures).items())),
            },
            "suspects": entry.suspects.split(),
            "mateo": {"total_count": total, "success_count": success, "failed_count": failed},
            "hints": status.hints if status else None,
            "taken_handles": as_summary(self.taken, self.sent.rows),
            "notes": counted_notes(
                source for number in range(len(self.sent.rows)) for source in self.sources(number)
            ),
            "remarks": [
                {"code": code, "what": CODES[code].what, "what_to_do": CODES[code].what_to_do}
                for code in self._remarks()
            ],
        }

    def _items(self) -> dict[str, int]:
        items = dict.fromkeys(("total", *RowOutcome), 0)
        for number, outcome in enumerate(self.outcomes):
            items[outcome.value] += len(self.sources(number))
            items["total"] += len(self.sources(number))
        return items

    def _remarks(self) -> Iterator[str]:
        if not self.is_finished:
            yield "import.unfinished"
        if self.entry.suspects:
            yield "import.ambiguous"
        if self.entry.found > 1:
            yield "import.several_found"
        if self.taken:
            yield "import.handles_taken"
        total, success, failed = self._counts
        if None not in (total, success, failed) and (total, success, failed) != (
            self.entry.rows,
            self.imported,
            self.failed,
        ):
            yield "import.counts_differ"
        if len(self.failures) < self.failed:
            yield "failures.unavailable"
        elif self.sent.rows and self.rows.unnamed:
            yield "failures.unexplained"
        if self.entry.rows and not self.sent.rows:
            yield "import.not_frozen"

    def row_lines(self) -> Iterator[dict[str, object]]:
        """The content of rows.ndjson.gz: how each row and its occurrences ended, without data."""
        for number, (row, outcome) in enumerate(
            zip(self.sent.provenance, self.outcomes, strict=True)
        ):
            yield {
                "row": number,
                "outcome": outcome.value,
                "certain": number not in self.rows.uncertain,
                "item_ids": [_item_id(source) for source in row["items"]],
                "notes": as_objects(
                    (note for source in self.sources(number) for note in notes_of(source)),
                    with_values=False,
                ),
                **_replays(row["items"]),
            }

    def left_out_lines(self) -> Iterator[dict[str, object]]:
        """The content of left_out.ndjson: each value that was left out of a row, and why."""
        for number, outcome in enumerate(self.outcomes):
            for line in left_out_lines(
                number, self.sent.rows[number], self.sources(number), outcome.value
            ):
                yield {**line, "received_at": _time(line["received_at"] / 1_000_000)}

    def failure_lines(self) -> Iterator[dict[str, object]]:
        """The content of failures.ndjson: each listed failure with the webhooks that caused it."""
        for failure, number in self.failures:
            yield {
                "code": failure.code,
                "message": failure.message,
                "retryable": self._is_retryable(failure, number),
                "will_retry": number in self.retried,
                "external_id": failure.columns.get("external_id"),
                "input": failure.input,
                "items": [
                    {
                        "connection": source["connection"],
                        "event": source["event"],
                        "item_id": _item_id(source),
                        "received_at": _time(source["received_at"] / 1_000_000),
                        **_replayed(source),
                    }
                    for source in (() if number is None else self.sources(number))
                ],
            }


def numbers_text(numbers: Iterable[int]) -> str:
    """Numbers as text, e.g. `0-4,7`; empty for none."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def numbers_of(text: str) -> Iterator[int]:
    """The numbers of such a text."""
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _replayed(source: ItemProvenance) -> dict[str, object]:
    """By which replay an occurrence was put back, and why; nothing if by none."""
    return {"replay": source["replay"]} if "replay" in source else {}


def _replays(sources: Iterable[ItemProvenance]) -> dict[str, object]:
    """The replays that put any of a row's occurrences back, each once."""
    found = {source["replay"]["id"]: source["replay"] for source in sources if "replay" in source}
    return {"replays": list(found.values())} if found else {}


def _item_id(source: ItemProvenance) -> str:
    return Occurrence(
        "",
        source["connection"],
        source["delivery"],
        source["n"],
        source["event"],
        source["received_at"],
        source["attempt"],
        None,
    ).item_id


def _time(timestamp: float) -> str | None:
    """ISO 8601 in UTC, to the second; None for a time that has not come."""
    return (
        datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds") if timestamp else None
    )
