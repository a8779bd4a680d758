"""Faults in a day's quota, its reservations and the pace of requests."""

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "resumed-before-it-is-disabled",
        "The only schedule that resumes submission may fire before the mapping is disabled.",
        ("stuck",),
        (Edit("storage/queue_switch.py", "        if until < latest:", "        if until < 0:"),),
    ),
    Mutant(
        "no-reservation",
        "An import is sent without a reservation of today's entities.",
        ("miscounted", "over-limit"),
        (
            Edit(
                "storage/ledger.py",
                "            self._put_operation(entry), "
                "self.quota.reserve_operation(entry.reservation)\n",
                "            self._put_operation(entry)\n",
            ),
        ),
    ),
    Mutant(
        "reservation-apart",
        "Entities are reserved before the entry is written, in a write of their own.",
        ("miscounted",),
        (
            Edit(
                "storage/ledger.py",
                "        failed = self._transact(\n"
                "            self._put_operation(entry), "
                "self.quota.reserve_operation(entry.reservation)\n"
                "        )\n",
                "        failed = self._transact("
                "self.quota.reserve_operation(entry.reservation))\n"
                "        failed = failed and [False, *failed]\n"
                "        failed = failed or self._transact(self._put_operation(entry))\n",
            ),
        ),
    ),
    Mutant(
        "reservation-without-room",
        "Entities that today does not have are planned and reserved.",
        ("over-limit",),
        (
            Edit(
                "storage/reservations.py",
                'Counter("entities", rows, entities - rows)',
                'Counter("entities", rows, 1_000_000)',
            ),
            Edit(
                "submit/entity_limits.py",
                "limits.entities_per_day - self.usage.entities - self.progress.rows",
                "limits.entities_per_day",
            ),
        ),
    ),
    Mutant(
        "reservation-counts-imports",
        "An import reserves one entity, however many rows it has.",
        ("over-limit", "miscounted"),
        (
            Edit(
                "storage/reservations.py",
                'Counter("entities", rows, entities - rows)',
                'Counter("entities", 1, entities - rows)',
            ),
        ),
    ),
    Mutant(
        "release-apart",
        "Reserved entities are released before the state changes, in a write of their own.",
        ("miscounted",),
        (
            Edit(
                "storage/ledger.py",
                """        return not self._transact(
            self._operation(Move(entry.reference, expected, target)),
            self.quota.release_operation(entry.reservation),
        )
""",
                """        self._transact(self.quota.release_operation(entry.reservation))
        return not self._transact(self._operation(Move(entry.reference, expected, target)))
""",
            ),
        ),
    ),
    Mutant(
        "release-without-state",
        "Reserved entities are released, and the entry stays as it is.",
        ("miscounted",),
        (
            Edit(
                "storage/ledger.py",
                "            self._operation(Move(entry.reference, expected, target)),\n",
                "",
            ),
        ),
    ),
    Mutant(
        "state-without-release",
        "An import that was never created keeps its reservation.",
        ("miscounted",),
        (
            Edit(
                "storage/ledger.py",
                "            self._operation(Move(entry.reference, expected, target)),\n"
                "            self.quota.release_operation(entry.reservation),\n",
                "            self._operation(Move(entry.reference, expected, target)),\n",
            ),
        ),
    ),
    Mutant(
        "moved-reservation-ignored",
        "A reservation is released to the day on which it was taken, although it moved.",
        ("miscounted",),
        (
            Edit(
                "submit/posting.py",
                "        entry = self.parts.ledger.get(entry.reference) or entry\n",
                "",
            ),
            Edit(
                "submit/posting.py",
                "current = self.parts.ledger.get(entry.reference) or entry",
                "current = entry",
            ),
        ),
    ),
    Mutant(
        "reservation-not-moved",
        "An import is sent after midnight with the entities of yesterday.",
        ("over-limit",),
        (
            Edit(
                "submit/posting.py",
                "            if permit.day != entry.day and not "
                "self.parts.ledger.move_reservation(\n"
                "                entry, day=permit.day\n            ):\n"
                "                return  # tracking has taken the import over\n",
                "",
            ),
        ),
    ),
    Mutant(
        "reservation-not-moved-when-reposted",
        "An import is posted again on a later day with the entities of the first.",
        ("over-limit",),
        (
            Edit(
                "track/resolving.py",
                "moved = permit.day == entry.day or ledger.move_reservation(entry, day=permit.day)",
                "moved = True",
            ),
        ),
    ),
    Mutant(
        "moved-reservation-reserved-twice",
        "A reservation that moves to another day stays on its day as well.",
        ("miscounted",),
        (
            Edit(
                "storage/ledger.py",
                "            self.quota.release_operation(entry.reservation),\n"
                "            self.quota.reserve_operation(moved),\n",
                "            self.quota.reserve_operation(moved),\n",
            ),
        ),
    ),
    Mutant(
        "days-of-another-zone",
        "The account's day is taken to begin at midnight in UTC.",
        ("over-limit", "miscounted"),
        (
            Edit(
                "storage/quota.py",
                "return datetime.fromtimestamp(quarter * QUARTER_S, zone).date().isoformat()",
                "return datetime.fromtimestamp(quarter * QUARTER_S, UTC).date().isoformat()",
            ),
            Edit(
                "storage/quota.py",
                "datetime.min.time(), tzinfo=zone)\n",
                "datetime.min.time(), tzinfo=UTC)\n",
            ),
        ),
    ),
    Mutant(
        "permit-of-anybody",
        "Two callers take the same permit.",
        ("over-limit",),
        (
            Edit(
                "storage/pacing.py",
                "permits.not_exists() | permits.eq(last.number)",
                "permits.not_exists() | permits.gte(0)",
            ),
        ),
    ),
    Mutant(
        "permit-not-taken",
        "A caller that waits for a permit does not note that it is taken.",
        ("over-limit",),
        (
            Edit(
                "storage/pacing.py",
                "self._clock()) and (until := self._take(seen)):",
                "self._clock()) and (until := self._clock() + LATE_S):",
            ),
        ),
    ),
    Mutant(
        "pace-too-fast",
        "The time between two requests is half of what it should be.",
        ("over-limit",),
        (Edit("storage/pacing.py", "SPACING = 1.5", "SPACING = 0.75"),),
    ),
    Mutant(
        "clocks-trusted",
        "A permit's age is by the clock of its taker, which may be wrong.",
        ("over-limit",),
        (
            Edit(
                "storage/pacing.py",
                "min(now, last.taken_at + CLOCK_SKEW_S)",
                "min(now, last.taken_at)",
            ),
        ),
    ),
    Mutant(
        "late-permit-used",
        "A request leaves with a permit that has expired.",
        ("over-limit",),
        (Edit("storage/pacing.py", "return self._clock() <= permit.until", "return True"),),
    ),
    Mutant(
        "requests-not-counted",
        "Requests are not counted.",
        ("over-limit",),
        (
            Edit(
                "storage/pacing.py",
                "            self._quota.count_request("
                "day, for_tracking=for_tracking, lane=lane)\n",
                "            pass\n",
            ),
        ),
    ),
    Mutant(
        "one-request-too-many",
        "The last request of a day is made twice.",
        ("over-limit",),
        (
            Edit(
                "storage/quota.py",
                'Counter("requests", 1, allowed - 1)',
                'Counter("requests", 1, allowed)',
            ),
        ),
    ),
)
