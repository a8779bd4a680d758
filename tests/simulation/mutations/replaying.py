"""Faults in replays: which items are put back, with which ids and times, and how they count."""

from tests.simulation.mutations.mutant import Edit, Mutant

PUT_BACK = "delivery=delivery, "

MUTANTS = (
    Mutant(
        "put-back-as-received-now",
        "Items that are put back lose the time at which they were received.",
        ("stale",),
        (
            Edit(
                "bulk/replaying.py",
                "attempt=0, since",
                "attempt=0, received_at=replay.at, since",
            ),
        ),
    ),
    Mutant(
        "tests-are-put-back",
        "A replay puts tests back, as records like any other.",
        ("unexpected",),
        (
            Edit("bulk/replaying.py", "        and not one.is_test\n", ""),
            Edit("bulk/replaying.py", "attempt=0, since", "attempt=0, is_test=False, since"),
        ),
    ),
    Mutant(
        "put-back-under-its-old-id",
        "Items that are put back have the ids under which they ended before.",
        ("lost", "unexpected", "miscounted"),
        (Edit("bulk/replaying.py", PUT_BACK, ""),),
    ),
    Mutant(
        "put-back-is-a-duplicate",
        "Items that are put back are duplicates, as their versions were imported before.",
        ("lost",),
        (
            Edit(
                "submit/freshness.py",
                "same_event and replay <= claimed_replay, F",
                "same_event, F",
            ),
        ),
    ),
    Mutant(
        "put-back-overwrites-newer",
        "Items that are put back overwrite newer ones, although nobody forces it.",
        ("stale", "duplicated"),
        (Edit("submit/freshness.py", "if replay and replay.force and ", "if replay and "),),
    ),
    Mutant(
        "put-back-after-later-events",
        "An item that is put back is newer than all of its delivery that have its version.",
        ("stale",),
        (
            Edit(
                "domain/models.py",
                "return original_delivery(delivery), ",
                "return delivery, ",
            ),
        ),
    ),
    Mutant(
        "put-back-twice-by-one-replay",
        "A copy of an item that the same replay puts back is imported as well.",
        ("duplicated",),
        (
            Edit(
                "submit/freshness.py",
                "same_event and replay <= claimed_replay, F",
                "same_event and not replay, F",
            ),
        ),
    ),
    Mutant(
        "put-back-again-after-a-later-replay",
        "Of two replays at once, the earlier one imports again what the later one has put back.",
        ("duplicated",),
        (
            Edit(
                "submit/freshness.py",
                "same_event and replay <= claimed_replay, F",
                "same_event and (not replay or replay == claimed_replay), F",
            ),
        ),
    ),
    Mutant(
        "put-back-claim-taken-over",
        "A copy of an item that was put back takes over its claim if its import was never created.",
        ("duplicated",),
        (
            Edit(
                "submit/freshness.py",
                "same_event and was_never_created and replay >= claimed_replay, F",
                "same_event and was_never_created, F",
            ),
        ),
    ),
    Mutant(
        "put-back-uncounted",
        "Items that are put back do not count as received again.",
        ("miscounted",),
        (
            Edit(
                "storage/replays.py",
                "            *self.outcome_counts.operations({day: {REPLAYED: more}}),\n",
                "",
            ),
        ),
    ),
    Mutant(
        "put-back-counted-again",
        "A replay that goes on counts items again that it had counted.",
        ("miscounted",),
        (
            Edit(
                "storage/replays.py",
                "more = max(0, items - (progress.items if key == progress.key else 0))",
                "more = items",
            ),
        ),
    ),
    Mutant(
        "put-back-not-sent-again",
        "Items that a replay had only counted count as sent when it goes on.",
        ("lost", "miscounted"),
        (Edit("storage/stored_items.py", "and key >= begin_with:", "and key > begin_with:"),),
    ),
    Mutant(
        "put-back-all-at-once",
        "All that a replay asks for is queued at once.",
        ("over-limit",),
        (Edit("bulk/replay_feeding.py", "return len(sources) <= room or not own", "return True"),),
    ),
    Mutant(
        "put-back-forgotten",
        "Nobody goes on with a replay that a person began.",
        ("stuck",),
        (
            Edit(
                "bulk/replay_feeding.py",
                "        counts = self.replaying.run(replay_id, has_room=has_room)\n",
                "        counts = self.replaying.run(replay_id, has_room=lambda *_: False)\n",
            ),
        ),
    ),
    Mutant(
        "put-back-before-it-ends",
        "Items are put back although their import has not ended, or requeued them.",
        ("miscounted",),
        (
            Edit(
                "bulk/replaying.py",
                "entry is None or entry.state not in OUTCOMES",
                "entry is None",
            ),
        ),
    ),
    Mutant(
        "retried-rows-put-back",
        "Items of a row that was retried are put back with each of its imports.",
        ("miscounted",),
        (
            Edit(
                "bulk/replaying.py",
                "return lambda number: number not in retried",
                "return lambda number: True",
            ),
        ),
    ),
    Mutant(
        "uncounted-outcomes-put-back",
        "Items of a batch that died before it counted their outcomes are put back.",
        ("miscounted",),
        (Edit("bulk/replaying.py", "if recorded_in.get(item) == batch]", "if item and batch]"),),
    ),
    Mutant(
        "put-back-counted-on-the-old-day",
        "The outcome of an item that was put back counts on the day of its first receipt.",
        ("miscounted",),
        (
            Edit(
                "report/reporting.py",
                "day(one.counted_at / 1_000_000)",
                "day(one.received_at / 1_000_000)",
            ),
        ),
    ),
)
