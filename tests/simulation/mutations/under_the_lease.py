"""Faults in what a batch does once: take the lease, pause, and acknowledge its messages."""

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "proofs-expire-early",
        "The proof of a refusal is gone by the next day.",
        ("unexpected", "miscounted", "lost", "stuck"),
        (
            Edit(
                "storage/outcome_counts.py",
                "[self._set(key, texts) for",
                '[self._set(key, {**texts, "expires_at": 1}) for',
            ),
        ),
    ),
    Mutant(
        "outcomes-expire-early",
        "The outcome of an item without an import is forgotten by the next day.",
        ("unexpected", "miscounted"),
        (
            Edit(
                "storage/outcome_counts.py",
                "self._set(key, outcomes, ",
                'self._set(key, {**outcomes, "expires_at": 1}, ',
            ),
        ),
    ),
    Mutant(
        "lease-taken-while-held",
        "Two submitters hold the lease at the same time.",
        ("duplicated", "stale"),
        (
            Edit(
                "storage/lease.py",
                "free | ours | run_out",
                "free | ours | run_out | attribute('pk').exists()",
            ),
        ),
    ),
    Mutant(
        "lease-runs-out-early",
        "The lease ends a second after it was taken, and its holder goes on.",
        ("duplicated", "stale"),
        (
            Edit(
                "submit/submission.py",
                "turn.invocation, until=turn.deadline, wait_until",
                "turn.invocation, until=self.tools.clock() - 4, wait_until",
            ),
        ),
    ),
    Mutant(
        "lease-released-first",
        "The lease is released before the batch is submitted.",
        ("duplicated", "stale"),
        (
            Edit(
                "submit/submission.py",
                "                return BatchRun(self.parts, self.tools, batch, state, turn, ",
                "            return BatchRun(self.parts, self.tools, batch, state, turn, ",
            ),
        ),
    ),
    Mutant(
        "tests-are-posted",
        "Webhooks that are marked as a test are imported.",
        ("unexpected",),
        (Edit("submit/batch_run.py", "        end_tests(mapped)\n", ""),),
    ),
    Mutant(
        "requeued-tests-are-unmarked",
        "A test that is requeued because it could not be fetched becomes a record like any other.",
        ("unexpected",),
        (
            Edit(
                "domain/queue_messages.py",
                'changed.pop("moved", None)',
                'changed.pop("moved", changed.pop("test", None))',
            ),
        ),
    ),
    Mutant(
        "pause-never-scheduled",
        "Submission is paused, and no schedule resumes it.",
        ("stuck",),
        (
            Edit(
                "storage/queue_switch.py",
                "        self._schedule_resumption(until, lane, mapping)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "submission-paused-before-scheduled",
        "The mapping is disabled before there is a schedule that enables it.",
        ("stuck",),
        (
            Edit(
                "storage/queue_switch.py",
                """        self._schedule_resumption(until, lane, mapping)
        latest = """,
                """        mapping.disable()
        self._schedule_resumption(until, lane, mapping)
        latest = """,
            ),
        ),
    ),
    Mutant(
        "submission-resumed-in-the-past",
        "The schedule is for the time at which submission was paused: it never fires.",
        ("stuck",),
        (
            Edit(
                "storage/queue_switch.py",
                "timestamp = datetime.fromtimestamp(until, UTC)",
                "timestamp = datetime.fromtimestamp(self.clock(), UTC)",
            ),
        ),
    ),
    Mutant(
        "requeued-items-not-sent",
        "Messages are deleted although their blocked items were not requeued.",
        ("lost",),
        (
            Edit(
                "submit/acknowledging.py",
                "self.queue.send(self.batch.requeues(to_requeue, self.refused_since)),",
                "None,",
            ),
        ),
    ),
    Mutant(
        "failed-steps-acknowledged",
        "Messages are deleted although a step of acknowledging them failed.",
        ("lost", "miscounted"),
        (Edit("submit/acknowledging.py", "            self.unresolved |= item_ids\n", ""),),
    ),
    Mutant(
        "no-message-fails",
        "Messages are deleted although AWS failed the import of their items.",
        ("lost",),
        (
            Edit(
                "submit/batch_report.py",
                "        failed_message_ids={one for one in failed if one in batch.handed_over},",
                "        failed_message_ids=set(),",
            ),
        ),
    ),
    Mutant(
        "requeued-and-not-sent",
        "A batch that arrives while submission is paused is deleted without being requeued.",
        ("lost",),
        (
            Edit(
                "submit/submission.py",
                "        self.parts.queue.send(batch.requeues(item_ids))\n",
                "",
            ),
        ),
    ),
    Mutant(
        "part-of-a-requeue",
        "Only one of a message's items is requeued.",
        ("lost",),
        (
            Edit(
                "submit/queue_batch.py",
                "body = requeued_body(again, self._bodies[message_id], part)",
                "body = requeued_body(again, self._bodies[message_id], sorted(part)[:1])",
            ),
        ),
    ),
    Mutant(
        "counted-before-written",
        "An outcome is counted before its line is written.",
        ("lost",),
        (
            Edit(
                "submit/acknowledging.py",
                "        now = self.tools.clock()\n        self.posting.archive.record_outcomes(",
                "        outcome_counts.record(new, batch=name)\n"
                "        now = self.tools.clock()\n        self.posting.archive.record_outcomes(",
            ),
            Edit(
                "submit/acknowledging.py",
                "batch=name\n        )\n        outcome_counts.record(new, batch=name)\n",
                "batch=name\n        )\n",
            ),
        ),
    ),
    Mutant(
        "outcomes-not-counted",
        "Outcomes without an import are written and not counted.",
        ("miscounted",),
        (Edit("submit/acknowledging.py", "        outcome_counts.record(new, batch=name)\n", ""),),
    ),
    Mutant(
        "outcomes-without-condition",
        "An outcome is counted again whenever it is written again.",
        ("miscounted",),
        (
            Edit(
                "submit/acknowledging.py",
                "if one.occurrence.item_id not in known]\n        proven",
                "]\n        proven",
            ),
            Edit("submit/gathering.py", "if one.item_id not in self.ended and ", "if "),
            Edit(
                "storage/outcome_counts.py",
                "attribute(name).not_exists() for name in outcomes",
                'attribute("nothing").not_exists() for name in outcomes',
            ),
        ),
    ),
    Mutant(
        "counted-apart",
        "Outcomes are counted in another transaction than their records are written.",
        ("miscounted",),
        (
            Edit(
                "storage/outcome_counts.py",
                "            if not self._transact(operations):\n",
                "            if not self._transact(operations[:1]) "
                "and not self._transact(operations[1:]):\n",
            ),
        ),
    ),
    Mutant(
        "outcomes-on-the-wrong-day",
        "Outcomes are counted on the day on which they were found.",
        ("miscounted",),
        (
            Edit(
                "storage/outcome_counts.py",
                "self.day(one.occurrence.counted_at / 1_000_000)",
                "self.day(self.clock())",
            ),
        ),
    ),
    Mutant(
        "queue-failures-ignored",
        "The answer that the queue did not take a message is ignored.",
        ("lost",),
        (
            Edit(
                "storage/queue.py",
                "            if not pending:\n                return\n",
                "            return\n",
            ),
        ),
    ),
)
