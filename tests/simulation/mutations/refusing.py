"""Faults in what becomes of refused imports and rows."""

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "refused-together",
        "All rows of a refused import are rejected because of one bad row.",
        ("unexpected",),
        (
            Edit(
                "submit/refusals.py",
                "            verdict = _bisected(attempt, standing)\n",
                "            verdict = Verdict(rejections=[Rejection(row, posted) for row in "
                "attempt.rows])\n",
            ),
        ),
    ),
    Mutant(
        "refused-alone-is-rejected",
        "A row that is refused alone is rejected, whether or not any other is accepted.",
        ("unexpected",),
        (
            Edit(
                "submit/refusals.py",
                "        if (attempt.refused_at or 0) < standing.accepted_at:\n",
                "        if attempt:\n",
            ),
        ),
    ),
    Mutant(
        "proven-by-what-was-before",
        "An acceptance before a refusal counts as its proof.",
        ("unexpected",),
        (
            Edit(
                "submit/refusals.py",
                "        if (attempt.refused_at or 0) < standing.accepted_at:\n",
                "        if standing.accepted_at:\n",
            ),
        ),
    ),
    Mutant(
        "proof-not-kept",
        "The outcome of a proven refusal is not kept before its line is written.",
        ("unexpected", "miscounted", "lost"),
        (
            Edit(
                "submit/acknowledging.py",
                "(item_id := one.occurrence.item_id) in proven]",
                "(item_id := one.occurrence.item_id) in proven and not item_id]",
            ),
        ),
    ),
    Mutant(
        "proven-by-another-refusal",
        "A refusal of another kind counts as an earlier one, which an acceptance has followed.",
        ("unexpected",),
        (
            Edit(
                "submit/attempts.py",
                "(self.refused_at > 0 and self.answer != answer)",
                "(self.refused_at < 0 and self.answer != answer)",
            ),
        ),
    ),
    Mutant(
        "refused-rows-tried-for-ever",
        "A refused row whose refusal is never proven waits for ever.",
        ("stuck",),
        (
            Edit(
                "submit/refusals.py",
                "now - self.refused_since.get(one.item_id, now) >= self.unproven_s",
                "now < 0.0",
            ),
        ),
    ),
    Mutant(
        "waits-forgotten-rows",
        "Rows that wait because their connection is refused are not requeued.",
        ("lost",),
        (
            Edit(
                "submit/posting.py",
                "        self.progress.requeue(verdict.waiting)\n        for row, posted in",
                "        for row, posted in",
            ),
        ),
    ),
    Mutant(
        "rows-without-a-call-forgotten",
        "Rows of a refused import for which no call is left are not requeued.",
        ("lost",),
        (
            Edit(
                "submit/refusals.py",
                "        return Verdict(waiting=rows)\n    return Verdict([replace",
                "        return Verdict()\n    return Verdict([replace",
            ),
        ),
    ),
    Mutant(
        "refused-and-not-closed",
        "A refused import stays intended, and tracking posts it again.",
        ("duplicated", "miscounted", "unexpected", "stuck"),
        (
            Edit(
                "submit/posting.py",
                "        self.parts.ledger.release(entry, expected=[State.INTENDED], "
                "target=State.REFUSED)\n",
                "",
            ),
        ),
    ),
)
