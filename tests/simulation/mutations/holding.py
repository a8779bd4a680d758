"""Faults in filling imports and in holding records for the next one."""

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "missing-connection-rejected",
        "Items of a connection that submission does not know yet are rejected at once.",
        ("unexpected",),
        (
            Edit(
                "submit/missing_connections.py",
                "if now - since < WAITING_S:",
                "if now - since < 0:",
            ),
        ),
    ),
    Mutant(
        "filled-and-deleted-first",
        "Messages that fill an import are deleted before their rows are kept.",
        ("lost",),
        (
            Edit(
                "submit/gathering.py",
                "        if seen := batch.seen_before(message_ids):\n",
                "        ends = self.acknowledging\n"
                "        receipts = [one.receipt for one in received]\n"
                "        (ends.holding if were_held else ends.queue).delete(receipts)\n"
                "        if seen := batch.seen_before(message_ids):\n",
            ),
        ),
    ),
    Mutant(
        "held-for-ever",
        "No wake is sent: held records wait until something else comes.",
        ("stuck",),
        (Edit("submit/holding.py", "            self.queue.wake(wake_s)\n", ""),),
    ),
    Mutant(
        "held-and-not-sent",
        "Messages are deleted although their records were not put into the holding queue.",
        ("lost",),
        (Edit("submit/holding.py", "        self.held.send(messages)\n", ""),),
    ),
    Mutant(
        "held-marks-cleared-early",
        "Held messages whose receiver died are not looked at when they are visible again.",
        ("stuck",),
        (
            Edit(
                "storage/held.py",
                "return now < self.received_at + HIDDEN_S",
                "return False",
            ),
        ),
    ),
    Mutant(
        "held-answers-missed",
        "Held messages that SQS hid with a lost answer are not looked at again.",
        ("stuck",),
        (Edit("submit/holding.py", "before or answer.may_miss", "before"),),
    ),
    Mutant(
        "held-not-deleted",
        "Held messages that could not be deleted are not looked at again.",
        ("stuck",),
        (
            Edit(
                "submit/holding.py",
                "not self._not_deleted and not self._may_miss",
                "not self._may_miss",
            ),
        ),
    ),
    Mutant(
        "filled-messages-kept",
        "Messages that filled an import stay in their queues.",
        ("stuck",),
        (
            Edit("submit/batch_run.py", "        self._acknowledging.delete_held()\n", ""),
            Edit("submit/batch_run.py", "        self._acknowledging.delete_fetched()\n", ""),
        ),
    ),
)
