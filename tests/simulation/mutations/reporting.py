"""Faults at the end of an import: in its report, in what is requeued, and in the counts."""

from tests.simulation.mutations.mutant import Edit, Mutant

RETRY = """        self.parts.queues[entry.lane].send(
            Delayed(body, MAX_DELAY_S) for body in repeat_bodies(findings.retried_items())
        )
"""
UNCLAIM = "        self._unclaim(findings)\n"
WRITE = "        self._write(findings)\n        return self._close(findings)\n\n    def requeue"

MUTANTS = (
    Mutant(
        "outcomes-in-one-transaction",
        "All outcomes of a batch are counted in one transaction, however many there are.",
        ("stuck", "lost"),
        (
            Edit(
                "storage/outcome_counts.py",
                "OUTCOMES_PER_TRANSACTION = 25",
                "OUTCOMES_PER_TRANSACTION = 250",
            ),
        ),
    ),
    Mutant(
        "closed-before-written",
        "An entry is closed before its report is written.",
        ("unreported", "lost"),
        (
            Edit(
                "report/reporting.py",
                WRITE,
                "        closed = self._close(findings)\n        self._write(findings)\n"
                "        return closed\n\n    def requeue",
            ),
        ),
    ),
    Mutant(
        "rows-not-written",
        "The rows of an import are written only if one failed.",
        ("lost",),
        (
            Edit(
                "report/report_files.py",
                "        if findings.sent.rows:\n            lines = gzip",
                "        if findings.failures:\n            lines = gzip",
            ),
        ),
    ),
    Mutant(
        "list-not-waited-for",
        "The list of failed rows is read only once, when the rows are counted.",
        ("unreported",),
        (
            Edit(
                "report/reporting.py",
                "FILE_TRIES = 9",
                "FILE_TRIES = 0",
            ),
        ),
    ),
    Mutant(
        "tries-of-two-executions",
        "Two executions that poll for the list of failed rows give it up within minutes.",
        ("unreported",),
        (
            Edit(
                "report/reporting.py",
                "if self.clock() >= entry.counted_at + MIN_WAIT_S * 2**tries:",
                "if self.clock() >= entry.counted_at:",
            ),
        ),
    ),
    Mutant(
        "row-numbers-ignored",
        "An entry that has only the number of its row is about no row.",
        ("unreported",),
        (
            Edit(
                "report/failed_rows.py",
                "    groups = _match_numbers(found, failures, len(rows))\n",
                "    groups: list[set[int]] = []\n",
            ),
        ),
    ),
    Mutant(
        "failed-rows-only-as-sent",
        "An entry is about a row only if it has the row exactly as it was sent.",
        ("unreported",),
        (
            Edit(
                "report/failed_rows.py",
                "for columns in (*((one,) for one in IDENTIFIERS), HANDLES)",
                "for columns in ()",
            ),
        ),
    ),
    Mutant(
        "each-entry-a-row",
        "A row with two entries in the list of failed rows counts as two.",
        ("unreported",),
        (
            Edit(
                "report/row_outcomes.py",
                "known = len(self.named) + (0 if counted else unexplained)",
                "known = max(len(self.listed), 0 * unexplained)",
            ),
        ),
    ),
    Mutant(
        "no-count-is-none-failed",
        "If Mateo does not count failed rows, none failed.",
        ("unreported",),
        (
            Edit(
                "report/row_outcomes.py",
                "            if self.failed is None or 0 < others < self.failed:\n",
                "            if self.failed is not None and 0 < others < self.failed:\n",
            ),
        ),
    ),
    Mutant(
        "retry-forgotten",
        "A row that time can heal counts as retried, but is not requeued.",
        ("lost",),
        (Edit("report/reporting.py", RETRY, ""),),
    ),
    Mutant(
        "retry-sent-twice",
        "A row that time can heal is requeued twice.",
        (),
        (Edit("report/reporting.py", RETRY, RETRY + RETRY),),
        harmless="the watermark knows the attempt",
    ),
    Mutant(
        "failed-rows-stay-claimed",
        "The claims of failed rows stay, so a retry counts as imported already.",
        ("lost",),
        (Edit("report/reporting.py", UNCLAIM, ""),),
    ),
    Mutant(
        "all-rows-unclaimed",
        "The claims of all rows are marked as failed, those of imported rows as well.",
        ("duplicated",),
        (
            Edit(
                "report/findings.py",
                "            if outcome is not RowOutcome.IMPORTED or number in uncertain:\n",
                "            if outcome:\n",
            ),
        ),
    ),
    Mutant(
        "closed-and-counted-apart",
        "Outcomes of an import are counted in another transaction than the one that closes it.",
        ("miscounted",),
        (
            Edit(
                "storage/ledger.py",
                "        return not self._transact(\n"
                "            self._operation(Move(entry.reference, UNFINISHED, target)),\n"
                "            *self.outcome_counts.operations(outcomes, of_connections, "
                "together),\n"
                "        )\n",
                "        if self._transact("
                "self._operation(Move(entry.reference, UNFINISHED, target))):\n"
                "            return False\n"
                "        self._transact(*self.outcome_counts.operations(outcomes, "
                "of_connections, together))\n"
                "        return True\n",
            ),
        ),
    ),
    Mutant(
        "counted-on-the-wrong-day",
        "Outcomes of an import are counted on the day on which it was created.",
        ("miscounted",),
        (
            Edit(
                "report/reporting.py",
                "outcomes_by_day[day(one.counted_at / 1_000_000)][outcome] += 1",
                "outcomes_by_day[day(entry.created_at)][outcome] += 1",
            ),
        ),
    ),
    Mutant(
        "unnamed-failures-imported",
        "Rows count as imported although failed rows are not named.",
        ("unexpected", "lost"),
        (
            Edit(
                "report/row_outcomes.py",
                "        missing = self.unnamed + self.unaccounted\n",
                "        missing = 0\n",
            ),
        ),
    ),
    Mutant(
        "retried-for-ever",
        "A row that time does not heal is requeued for ever.",
        ("stuck",),
        (Edit("report/findings.py", "MAX_ATTEMPTS = 3\n", "MAX_ATTEMPTS = 10**6\n"),),
    ),
    Mutant(
        "gave-up-without-report",
        "An import that is given up has no report.",
        ("unreported",),
        (
            Edit(
                "report/reporting.py",
                WRITE,
                "        if findings.is_finished:\n            self._write(findings)\n"
                "        return self._close(findings)\n\n    def requeue",
            ),
        ),
    ),
)
