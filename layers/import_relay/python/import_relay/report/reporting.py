"""The use case of write_report: how an import ended, in the bucket, with numbers that add up.

Called by the state machine once Mateo has counted an import, or when it is given up. The steps are
in such an order that each may be repeated after a crash:

    ask        what Mateo says of the import, and its list of failed rows
    begin      nobody else reports it until this process is certainly gone; which rows are requeued
                is decided, whatever Mateo says if it is asked once more
    unclaim    watermarks of rows that did not get in: the same change may be delivered again
    retry      rows that fail for a reason that time can heal go back to the queue
    write      failures, rows, then the summary; the same content each time
    close      the ledger entry, and count how its records ended: from here on they are free for
               other imports
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from import_relay.domain.errors import CredentialsRefused
from import_relay.domain.lanes import Lane
from import_relay.domain.log_events import Emit
from import_relay.domain.queue_messages import MAX_DELAY_S, repeat_bodies
from import_relay.mateo.client import ImportApi, MateoUnavailable
from import_relay.mateo.waiting import BLOCKERS, MAX_WAIT_S, MIN_WAIT_S, longest_wait_s, waiting_for
from import_relay.report.failed_rows import join
from import_relay.report.failures import distinct, inline_failures, read_failures
from import_relay.report.file_row_failures import write_row_failures
from import_relay.report.findings import Findings, ImportResult, Sent
from import_relay.report.report_files import ReportFiles
from import_relay.report.row_numbers import numbers_of, numbers_text
from import_relay.report.row_outcomes import RowCounts, RowOutcome
from import_relay.report.tables import AsWorkbook, as_workbook
from import_relay.storage.archive import Archive
from import_relay.storage.connection_counts import ConnectionCounts, count_by_connection
from import_relay.storage.entries import Entry, State
from import_relay.storage.file_counts import count_by_file
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomesByDay
from import_relay.storage.pacing import Permit, Permits
from import_relay.storage.queue import Delayed, Sender
from import_relay.storage.watermarks import Watermarks

REPORT_CALL_S = 8.0
"""A call must leave this long before the deadline: it times out after five seconds."""
REQUESTS = 2
"""A report may take so many: the result, and the list of failed rows."""
ANOTHER_S = 60
"""Before a second look at a report that another process writes: that process may end, or die."""
FILE_TRIES = 9
"""Mateo's list of failed rows is asked for so often, within 40 minutes; then the report is written
without it. Only tries that Mateo answers count, each twice as late after the counts as the one
before: two executions that follow one import ask more often."""


class ReportStatus(StrEnum):
    """What the state machine does next."""

    WAIT = "wait"
    FINISHED = "finished"
    TIMED_OUT = "timed_out"
    ABANDONED = "abandoned"


_CLOSED: Mapping[State, ReportStatus] = MappingProxyType(
    {
        State.FINISHED: ReportStatus.FINISHED,
        State.TIMED_OUT: ReportStatus.TIMED_OUT,
        State.REFUSED: ReportStatus.ABANDONED,
        State.ABANDONED: ReportStatus.ABANDONED,
    }
)
"""Entries that are closed: whatever there was to do has been done."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a report. `reason`: a code of `codes.CODES` if something is in the way."""

    status: ReportStatus
    wait_s: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReportingParts:
    """Everything that reporting acts on. `queues`: what is tried again goes back to its lane."""

    permits: Permits
    ledger: Ledger
    watermarks: Watermarks
    archive: Archive
    queues: Mapping[Lane, Sender]
    api: ImportApi


@dataclass(frozen=True, slots=True)
class Reporting:
    """Writes reports; made once per process.

    `clock` gives seconds since the epoch; `as_workbook` makes a file for Excel of a table.
    """

    parts: ReportingParts
    clock: Callable[[], float]
    emit: Emit
    as_workbook: AsWorkbook = as_workbook

    def report(self, reference: str, *, timed_out: bool, deadline: float) -> Reported:
        """Report how the import `reference` ended, and close its entry.

        Args:
            timed_out: it was followed for as long as imports are followed. Mateo is asked once
            more. deadline: when this process is certainly gone (s since the epoch).

        Returns:
            how it ended, or for how long to wait before this is tried again.

        Raises:
            LookupError: there is no such import.
            StoreUnavailable: AWS took a part only; the report is to be written again.
        """
        entry = self._entry(reference)
        if entry.state in _CLOSED:
            return Reported(_CLOSED[entry.state])
        sent = self._sent(entry)
        try:
            result = self._ask(entry, sent, deadline, timed_out=timed_out)
        except BLOCKERS as blocker:
            return self._wait(entry, blocker)
        findings = Findings(entry, sent, result, timed_out)
        retried = numbers_text(findings.retried)
        if not self.parts.ledger.begin_report(entry, until=deadline, retried=retried):
            return Reported(ReportStatus.WAIT, ANOTHER_S)
        self._unclaim(findings)
        self.parts.queues[entry.lane].send(
            Delayed(body, MAX_DELAY_S) for body in repeat_bodies(findings.retried_items())
        )
        self._write(findings)
        return self._close(findings)

    def requeue(self, reference: str) -> Reported:
        """Requeue all records of an import that was not created and cannot be posted as it is.

        Submission then bisects them, or waits for entities. The messages go first: a crash
        before the import is marked as never created leaves duplicates, which the watermarks catch.

        Raises:
            LookupError: there is no such import.
            StoreUnavailable: the queue took a part only; this is to be tried again.
        """
        entry = self._entry(reference)
        if entry.state in _CLOSED:
            return Reported(_CLOSED[entry.state])
        if entry.state is not State.UNKNOWN:
            return Reported(ReportStatus.WAIT, 1)  # found after all: it is followed again
        sent = self._sent(entry)
        if entry.rows and not sent.rows:  # no row is left to requeue: report it
            findings = Findings(entry, sent, ImportResult(), timed_out=True)
            self._write(findings)
            return self._close(findings)
        occurrences = (item.occurrence for row in sent.provenance for item in row.items)
        # They must arrive after the import is marked as never created, or they count as duplicates.
        self.parts.queues[entry.lane].send(
            Delayed(body, MAX_DELAY_S) for body in repeat_bodies(occurrences)
        )
        self.parts.ledger.release(entry, expected=[State.UNKNOWN], target=State.ABANDONED)
        self.emit("import.abandoned", reference=reference, type=entry.type, rows=entry.rows)
        return Reported(ReportStatus.ABANDONED)

    def _entry(self, reference: str) -> Entry:
        entry = self.parts.ledger.get(reference)
        if entry is None:
            raise LookupError(f"import {reference} is not in the ledger")
        return entry

    def _sent(self, entry: Entry) -> Sent:
        frozen = self.parts.archive.load(entry.reference)
        if frozen is None:
            return Sent()
        return Sent(json.loads(frozen.body)["payload"], frozen.provenance)

    # ask

    def _ask(self, entry: Entry, sent: Sent, deadline: float, *, timed_out: bool) -> ImportResult:
        """What Mateo says; a list that names too few failed rows is a blocker for a while."""
        if not entry.import_id:
            return ImportResult()
        self.parts.api.make_ready()

        def acquire_permit() -> Permit:
            return self.parts.permits.acquire(
                deadline=deadline - REPORT_CALL_S, for_tracking=True, lane=entry.lane
            )

        status = self.parts.api.result(acquire_permit(), entry.import_id)
        if status is None:
            return ImportResult()
        result = ImportResult(status, distinct(inline_failures(status.failed)))
        is_counted = status.total_count is not None
        if status.failed_url and (not is_counted or _names_too_few(result, sent, entry)):
            content = self.parts.api.download(status.failed_url, acquire_permit)
            result = _with_file(result, content)
        if _names_too_few(result, sent, entry):
            counts_failed = entry.is_counted or status.failed_count is not None
            if not counts_failed and not timed_out:
                raise MateoUnavailable("not all rows are counted or listed yet")
            self._count_try(entry)
        return result

    def _count_try(self, entry: Entry) -> None:
        """Note that Mateo answers, but its list of failed rows is not there, or not as a whole.

        Raises:
            MateoUnavailable: it is to be tried again.
        """
        tries = entry.file_tries
        if tries >= FILE_TRIES:
            return
        if self.clock() >= entry.counted_at + MIN_WAIT_S * 2**tries:
            self.parts.ledger.advance(
                entry.reference, expected=[entry.state], target=entry.state, file_tries=tries + 1
            )
        raise MateoUnavailable("the list of failed rows is not there yet")

    def _wait(self, entry: Entry, blocker: Exception) -> Reported:
        waited = self.clock() - max(entry.created_at, entry.posted_at, entry.counted_at)
        if isinstance(blocker, CredentialsRefused) and self.parts.api.renew_token():
            return Reported(ReportStatus.WAIT, math.ceil(MIN_WAIT_S))
        limits = self.parts.permits.limits
        waiting = self._waiting() if waited > MAX_WAIT_S else 1
        longest_s = longest_wait_s(limits, REQUESTS * waiting)
        reason, seconds = waiting_for(
            blocker, age_s=waited, now=self.clock(), limits=limits, longest_s=longest_s
        )
        wait_s = max(1, math.ceil(seconds))
        self.emit(
            "report.waiting",
            reference=entry.reference,
            type=entry.type,
            rows=entry.rows,
            reason=reason,
            wait_s=wait_s,
        )
        return Reported(ReportStatus.WAIT, wait_s, reason)

    def _waiting(self) -> int:
        """How many imports wait for their reports: Mateo has counted rows of them, and the counts
        add up or have stayed as they are for long.
        """
        latest = self.clock() - MAX_WAIT_S
        open_imports = self.parts.ledger.open_imports()
        return max(
            1,
            sum(
                bool(one.total_count and (one.is_counted or one.counted_at < latest))
                for one in open_imports
            ),
        )

    # write

    def _unclaim(self, findings: Findings) -> None:
        self.parts.watermarks.fail_claims(
            ((row.key, row.claims) for row in findings.unclaimed()), findings.entry.reference
        )

    def _write(self, findings: Findings) -> None:
        files = ReportFiles(self._folder(findings.entry), self.parts.archive, self.as_workbook)
        files.write(findings)
        write_row_failures(self.parts.archive, findings)

    def _folder(self, entry: Entry) -> str:
        date = self.parts.permits.limits.day(entry.created_at)
        return f"reports/date={date}/type={entry.type}/import={entry.reference}"

    def _close(self, findings: Findings) -> Reported:
        entry = findings.entry
        of_connections = count_by_connection(findings.counted())
        state = State.FINISHED if findings.is_finished else State.TIMED_OUT
        self.parts.ledger.close(
            entry,
            target=state,
            outcomes=self._outcomes_by_day(findings),
            of_connections=of_connections,
            of_files=count_by_file(
                (source.delivery, outcome) for source, outcome in findings.ended()
            ),
        )
        counts = {
            "reference": entry.reference,
            "type": entry.type,
            "rows": entry.rows,
            "imported": findings.imported,
            "failed": findings.failed,
            "unaccounted": findings.unaccounted,
        }
        self.emit("report.written", **counts, folder=self._folder(entry))
        age_s = int(self.clock() - entry.created_at)
        self.emit(f"import.{state.value}", **counts, age_s=age_s)
        self._tell_connections(entry.reference, of_connections)
        return Reported(ReportStatus(state.value))

    def _tell_connections(
        self, reference: str, of_connections: Mapping[str, ConnectionCounts]
    ) -> None:
        for connection, counts in of_connections.items():
            self.emit(
                "import.counted",
                reference=reference,
                connection=connection,
                imported=counts.outcomes.get(RowOutcome.IMPORTED, 0),
                failed=counts.outcomes.get(RowOutcome.FAILED, 0),
            )

    def _outcomes_by_day(self, findings: Findings) -> OutcomesByDay:
        """How many occurrences had which outcome, by the day on which they were received."""
        entry, day = findings.entry, self.parts.permits.limits.day
        if not findings.sent.rows:  # not kept: only their number is known
            return {day(entry.created_at): {RowOutcome.UNACCOUNTED: entry.items}}
        outcomes_by_day: dict[str, Counter[str]] = defaultdict(Counter)
        for one, outcome in findings.ended():
            outcomes_by_day[day(one.counted_at / 1_000_000)][outcome] += 1
        return outcomes_by_day


def _with_file(result: ImportResult, content: bytes | None) -> ImportResult:
    """What Mateo says, with the content of its file of failed rows, if there is any."""
    listed = read_failures(content) if content else []
    if listed is None:
        return ImportResult(result.status, result.failures, unread=content)
    return ImportResult(result.status, distinct([*result.failures, *listed]))


def _names_too_few(result: ImportResult, sent: Sent, entry: Entry) -> bool:
    """Whether Mateo counts more failed rows than it lists, or listed before."""
    status = result.status
    assert status is not None  # noqa: S101  # for the type: there is no list without a status
    failed = RowCounts(status.total_count, status.success_count, status.failed_count).failed_rows
    numbers = join(result.failures, sent.rows).numbers
    named = {number for number in numbers if number is not None} | {*numbers_of(entry.retried)}
    return len(named) + numbers.count(None) < min(failed, entry.rows)
