"""Faults in what a batch does once: lease, gate, what is read first, and the acknowledgement."""
# ruff: noqa: E501 - lines of the code as they are, once more indented

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "lease-taken-while-held",
        "Two submitters hold the lease at the same time.",
        ("duplicated", "stale"),
        (
            Edit(
                "storage/lease.py",
                'ConditionExpression=f"{free} OR {ours} OR {run_out}",',
                'ConditionExpression=f"{free} OR {ours} OR {run_out} OR attribute_exists(pk)",',
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
                "invocation, until=deadline, wait_until",
                "invocation, until=self.tools.clock() - 4, wait_until",
            ),
        ),
    ),
    Mutant(
        "lease-given-back-first",
        "The lease is given back before the batch is submitted.",
        ("duplicated", "stale"),
        (
            Edit(
                "submit/submission.py",
                "                return _Run(self, batch, gate, invocation, deadline).run()\n",
                "            return _Run(self, batch, gate, invocation, deadline).run()\n",
            ),
        ),
    ),
    Mutant(
        "gate-never-scheduled",
        "The gate is closed, and no schedule opens it again.",
        ("stuck",),
        (Edit("storage/gate.py", "        self._schedule_opening(until, mapping)\n", ""),),
    ),
    Mutant(
        "gate-closed-before-scheduled",
        "The mapping is disabled before there is a schedule that enables it.",
        ("stuck",),
        (
            Edit(
                "storage/gate.py",
                """        self._schedule_opening(until, mapping)
        latest = """,
                """        self._set_enabled(mapping, enabled=False)
        self._schedule_opening(until, mapping)
        latest = """,
            ),
        ),
    ),
    Mutant(
        "gate-opened-in-the-past",
        "The schedule is for the moment at which the gate was closed: it never fires.",
        ("stuck",),
        (
            Edit(
                "storage/gate.py",
                "moment = datetime.fromtimestamp(until, UTC)",
                "moment = datetime.fromtimestamp(self._clock(), UTC)",
            ),
        ),
    ),
    Mutant(
        "deferred-items-not-sent",
        "Messages go although what they deferred was not sent again.",
        ("lost",),
        (
            Edit(
                "submit/acknowledging.py",
                """                lambda: self.queue.send(self.batch.deferrals(deferred, self.refused_since)),
""",
                """                lambda: None,
""",
            ),
        ),
    ),
    Mutant(
        "failed-steps-acknowledged",
        "Messages go although a step of acknowledging them failed.",
        ("lost", "miscounted"),
        (Edit("submit/acknowledging.py", "            self.unresolved |= origins\n", ""),),
    ),
    Mutant(
        "nothing-given-back",
        "Messages go although AWS failed the import of their items.",
        ("lost",),
        (
            Edit(
                "submit/batch_report.py",
                "give_back=batch.unreadable | batch.messages_with(ending.unresolved),",
                "give_back=set(),",
            ),
        ),
    ),
    Mutant(
        "parked-and-not-sent",
        "A batch that came through a closed gate goes without being sent again.",
        ("lost",),
        (
            Edit(
                "submit/submission.py",
                "        self.parts.queue.send(batch.deferrals(origins))\n",
                "",
            ),
        ),
    ),
    Mutant(
        "part-of-a-deferral",
        "A deferral brings only one of the items of a message again.",
        ("lost",),
        (
            Edit(
                "submit/queue_batch.py",
                "body = deferred_body(again, self._bodies[message_id], part)",
                "body = deferred_body(again, self._bodies[message_id], sorted(part)[:1])",
            ),
        ),
    ),
    Mutant(
        "counted-before-written",
        "An end is counted before its line is written.",
        ("lost",),
        (
            Edit(
                "submit/acknowledging.py",
                "        now = self.tools.clock()\n        self.posting.archive.record_settled(",
                "        tally.settle(new, batch=name)\n"
                "        now = self.tools.clock()\n        self.posting.archive.record_settled(",
            ),
            Edit(
                "submit/acknowledging.py",
                "        )\n        tally.settle(new, batch=name)\n",
                "        )\n",
            ),
        ),
    ),
    Mutant(
        "proof-not-kept",
        "A proven refusal is written down and counted, but not kept before that.",
        ("unexpected", "lost", "miscounted"),
        (Edit("submit/acknowledging.py", "        tally.prove(", "        list("),),
    ),
    Mutant(
        "ends-not-counted",
        "Ends without an import are written and not counted.",
        ("miscounted",),
        (Edit("submit/acknowledging.py", "        tally.settle(new, batch=name)\n", ""),),
    ),
    Mutant(
        "settled-without-condition",
        "An end is counted again whenever it is written again.",
        ("miscounted",),
        (
            Edit(
                "submit/acknowledging.py",
                "if one.occurrence.origin not in ended]\n        proven",
                "]\n        proven",
            ),
            Edit("submit/submission.py", "            if one.origin not in self._ended\n", ""),
            Edit(
                "storage/tally.py",
                """" AND ".join(
                f"attribute_not_exists(#{name})" for name in outcomes
            )
""",
                """"attribute_not_exists(nothing)"
""",
            ),
        ),
    ),
    Mutant(
        "counted-apart",
        "Ends are counted in another transaction than their settlements.",
        ("miscounted",),
        (
            Edit(
                "storage/tally.py",
                "                self._transact(operations)\n",
                "                self._transact(operations[:1])\n"
                "                self._transact(operations[1:])\n",
            ),
        ),
    ),
    Mutant(
        "settled-on-the-wrong-day",
        "Ends are counted on the day on which they were found.",
        ("miscounted",),
        (
            Edit(
                "storage/tally.py",
                "ends[self._day(one.occurrence.counted_at / 1_000_000)][one.outcome.value] += 1",
                "ends[self._day(self._clock())][one.outcome.value] += 1",
            ),
        ),
    ),
    Mutant(
        "queue-failures-ignored",
        "The queue says that it did not take a message, and nobody listens.",
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
