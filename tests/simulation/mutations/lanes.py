"""Faults in what the two lanes share: the lease, the day, and the order of a record's versions."""

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "bulk-before-live",
        "The bulk lane takes a free lease although a live batch waits for it.",
        ("over-limit",),
        (
            Edit(
                "storage/lease.py",
                "note.not_exists() | note.lt(now)",
                "note.not_exists() | note.lt(until)",
            ),
        ),
    ),
    Mutant(
        "bulk-share-ignored",
        "The bulk lane may use the whole day at any time.",
        ("over-limit",),
        (
            Edit(
                "storage/quota.py",
                "return max(1, int(limit * self.bulk_share))",
                "return limit",
            ),
        ),
    ),
    Mutant(
        "bulk-share-not-reserved",
        "The bulk lane's share is planned with, but not counted.",
        ("over-limit", "miscounted"),
        (
            Edit(
                "storage/reservations.py",
                'Counter("bulk_entities", rows, bulk_entities - rows)',
                'Counter("bulk_entities", 0, bulk_entities - rows)',
            ),
        ),
    ),
    Mutant(
        "bulk-share-kept",
        "An import of the bulk lane that was never created keeps its part of the share.",
        ("miscounted",),
        (
            Edit(
                "storage/reservations.py",
                "[Counter(one.name, -one.amount) for one in counters]",
                "[Counter(one.name, -one.amount) for one in counters if one.name[0] != 'b']",
            ),
        ),
    ),
    Mutant(
        "own-limit-ignored",
        "A connection may use more than its own limit of the day.",
        ("over-limit",),
        (
            Edit(
                "submit/entity_limits.py",
                "if left[name] > 0), None)",
                "if name), None)",
            ),
            Edit(
                "submit/entity_limits.py",
                "if self._left.get(connection, 1) > 0:",
                "if connection:",
            ),
            Edit(
                "storage/reservations.py",
                "Counter(USED_BY + name, one.rows, one.limit - one.rows)",
                "Counter(USED_BY + name, one.rows, 1_000_000)",
            ),
        ),
    ),
    Mutant(
        "own-limit-not-charged",
        "The rows of a connection with a limit of its own are planned with, but not counted.",
        ("over-limit",),
        (
            Edit(
                "submit/posting.py",
                "charges=charges_text(self.charges(rows)),",
                'charges="",',
            ),
        ),
    ),
    Mutant(
        "versions-of-the-other-lane-unknown",
        "The bulk lane does not compare its changes with what the live lane imported.",
        ("stale", "duplicated"),
        (
            Edit(
                "submit/batch_run.py",
                "            claims.watermarks,\n",
                "            claims.watermarks if self._turn.lane is Lane.LIVE else {},\n",
            ),
        ),
    ),
    Mutant(
        "bulk-pause-of-both",
        "Once the bulk lane has used its share, the live lane waits with it.",
        (),
        (
            Edit(
                "submit/posting.py", 'bulk_only = reason == "limit.bulk_share"', "bulk_only = False"
            ),
        ),
        harmless="live changes wait for tomorrow: they are late, but every promise holds",
    ),
    Mutant(
        "share-kept-in-the-last-hour",
        "In the last hour of a day the bulk lane may use its share only.",
        (),
        (
            Edit(
                "storage/quota.py",
                "if day == self.day(now) and now >= self.bulk_opens_at(now):",
                "if day != self.day(now) and now >= self.bulk_opens_at(now):",
            ),
        ),
        harmless="the rest of the day is unused, and the bulk lane takes longer",
    ),
)
