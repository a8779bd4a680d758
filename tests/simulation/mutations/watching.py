"""Faults in the watchdog."""

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "overdue-pause-left",
        "An overdue pause is reported, and submission stays paused.",
        ("stuck",),
        (
            Edit(
                "storage/overdue_pause.py",
                "                mapping.enable(self.sleep)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "second-lane-left-paused",
        "Of two lanes whose pause is overdue, only the first is resumed.",
        ("stuck",),
        (
            Edit(
                "storage/overdue_pause.py",
                "for lane, mapping in stopped.items():",
                "for lane, mapping in list(stopped.items())[:1]:",
            ),
        ),
    ),
    Mutant(
        "lost-wake-stays-lost",
        "A lane that holds records, and whose wake is a dead letter, is not woken.",
        ("stuck", "lost"),
        (
            Edit(
                "watch/watchdog.py",
                "        woken = self.parts.held_lanes.wake()\n",
                "        woken = list[Lane]()\n",
            ),
            Edit(
                "watch/watchdog.py",
                "from import_relay.domain.log_events import Emit\n",
                "from import_relay.domain.lanes import Lane\n"
                "from import_relay.domain.log_events import Emit\n",
            ),
        ),
    ),
    Mutant(
        "dead-execution-left",
        "An open import whose execution died is not followed again.",
        ("stuck",),
        (
            Edit(
                "watch/watchdog.py",
                "alone = [reference for reference in begun if reference not in followed]",
                "alone = begun[:0]",
            ),
        ),
    ),
    Mutant(
        "restarted-under-its-old-name",
        "The new execution of an import has the name of the one that died, which is taken.",
        ("stuck",),
        (
            Edit(
                "storage/executions.py",
                'name = reference if again is None else f"{reference}{RESTARTED}{again}"',
                "name = reference",
            ),
        ),
    ),
    Mutant(
        "restarts-are-not-recognised",
        "An execution that replaces another does not count as following its import.",
        (),
        (Edit("storage/executions.py", ".partition(RESTARTED)[0] for one in", " for one in"),),
        harmless="it costs an execution each quarter of an hour, but all writes are conditional",
    ),
    Mutant(
        "pause-ended-whatever-is-noted",
        "The watchdog resumes submission although its pause still lasts.",
        (),
        (
            Edit(
                "storage/overdue_pause.py",
                "            if noted.paused_until <= self.clock():\n",
                "            if noted:\n",
            ),
        ),
        harmless="the next batch finds the noted pause, is requeued and pauses submission",
    ),
    Mutant(
        "ended-import-followed-again",
        "The watchdog does not look whether an import that it restarts is still open.",
        (),
        (
            Edit(
                "storage/open_imports.py",
                '            if State(item["state"]["S"]) in UNFINISHED\n',
                "",
            ),
        ),
        harmless="an execution of an import that has ended finds that out, and ends",
    ),
)
