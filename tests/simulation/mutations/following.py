"""Faults in tracking, in finding an import whose answer was lost, and in the state machine."""

from tests.simulation.mutations.mutant import Edit, Mutant

_TASK = """    Resource: ${TrackImportArn}
    # Longer than the function may run, so that no two invocations for one import overlap.
    TimeoutSeconds: 75
    Retry:
      # 5 s, 10 s, ... up to 15 minutes: about eight hours in all, half of that with jitter.
      - ErrorEquals: [States.ALL]
        IntervalSeconds: 5
        BackoffRate: 2
        MaxDelaySeconds: 900
        MaxAttempts: """
_REPORT = """    TimeoutSeconds: 330
    Retry:
      - ErrorEquals: [States.ALL]
        IntervalSeconds: 5
        BackoffRate: 2
        MaxDelaySeconds: 900
        MaxAttempts: """

MUTANTS = (
    Mutant(
        "posted-again-without-lookup",
        "An import whose answer was lost is posted again without being looked up.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "track/resolving.py",
                "    if found.matches:\n        return SearchState.FOUND\n"
                "    if found.suspects:\n        return SearchState.UNCERTAIN\n",
                "",
            ),
        ),
    ),
    Mutant(
        "absent-once",
        "An import that one poll did not find is posted again.",
        (),
        (
            Edit(
                "track/resolving.py",
                "return SearchState.ABSENT if was_absent else SearchState.ABSENT_ONCE",
                "return SearchState.ABSENT",
            ),
        ),
        harmless="it is posted a minute after the first post, and looked up right before",
    ),
    Mutant(
        "absent-once-and-no-pause",
        "An import that one poll did not find is posted again at once.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "track/resolving.py",
                "return SearchState.ABSENT if was_absent else SearchState.ABSENT_ONCE",
                "return SearchState.ABSENT",
            ),
            Edit(
                "track/resolving.py",
                "return wait(pause_s) if pause_s > 0 else _repost(poll)",
                "return _repost(poll)",
            ),
        ),
    ),
    Mutant(
        "absent-twice-in-a-row",
        "An import that two polls in a row did not find is posted again.",
        ("duplicated", "unexpected"),
        (Edit("track/accepted_imports.py", "LAG_S = 60.0", "LAG_S = 0.1"),),
    ),
    Mutant(
        "any-import-adopted",
        "Any import of the type counts as the one whose answer was lost.",
        ("lost", "duplicated", "unexpected"),
        (
            Edit(
                "track/reconciling.py",
                "        if canonical_digest(shown) == self.entry.digest:\n",
                "        if shown:\n",
            ),
        ),
    ),
    Mutant(
        "accepted-import-any-suspect",
        "The first of several imports that may be one that Mateo accepted is adopted.",
        ("lost", "duplicated", "unexpected", "unreported", "miscounted"),
        (
            Edit(
                "track/reconciling.py",
                "        if len(of_its_time) < 2:\n",
                "        if of_its_time:\n",
            ),
        ),
    ),
    Mutant(
        "accepted-import-other-order",
        "The first of several imports that Mateo accepted counts as the last one.",
        ("lost", "duplicated", "unexpected", "unreported", "miscounted"),
        (
            Edit(
                "track/accepted_imports.py",
                "    pairs = list(zip(accepted, listed, strict=True))\n",
                "    pairs = list(zip(accepted, reversed(listed), strict=True))\n",
            ),
        ),
    ),
    Mutant(
        "accepted-taken-for-refused",
        "A 2xx without an id counts as a refusal.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "mateo/post_results.py",
                "        return PostResult.ACCEPTED\n",
                "        return PostResult.REFUSED\n",
            ),
        ),
    ),
    Mutant(
        "import-of-another-adopted",
        "An import that belongs to another entry is adopted.",
        ("lost", "duplicated", "unexpected"),
        (
            Edit("track/reconciling.py", "if one.id not in owners and _may_be", "if _may_be"),
            Edit(
                "track/reconciling.py",
                "        if canonical_digest(shown) == self.entry.digest:\n",
                "        if shown:\n",
            ),
            Edit(
                "track/resolving.py",
                "        if not ledger.claim_import(oldest.id, reference):\n"
                "            continue  # it became another entry's just now\n",
                "",
            ),
        ),
    ),
    Mutant(
        "looked-up-too-late",
        "Imports are looked up from the time of the entry, by clocks that differ.",
        ("duplicated", "unexpected"),
        (Edit("track/accepted_imports.py", "WINDOW_S = 120.0", "WINDOW_S = 0.0"),),
    ),
    Mutant(
        "posted-again-unrecorded",
        "An import is posted again without a note in the ledger before.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "track/resolving.py",
                "if not ledger.begin_post(entry, posted_at=poll.clock(), deadline=poll.deadline):",
                "if not entry.reference:",
            ),
        ),
    ),
    Mutant(
        "done-without-adding-up",
        "An import is done once Mateo has counted anything.",
        ("unreported", "stale"),
        (
            Edit(
                "storage/entries.py",
                "        return self.success_count + (self.failed_count or 0) == "
                "self.total_count\n",
                "        return True\n",
            ),
            Edit(
                "track/tracking.py",
                "    if entry.is_counted and entry.total_count == entry.rows:\n",
                "    if entry.is_counted:\n",
            ),
        ),
    ),
    Mutant(
        "first-counts-believed",
        "Counts that add up are believed although rows are missing.",
        ("unreported", "stale"),
        (Edit("track/tracking.py", "BELIEVED_AFTER_S = 3_600.0", "BELIEVED_AFTER_S = 0.0"),),
    ),
    Mutant(
        "counts-of-another",
        "A poll writes the counts of one import for all imports.",
        ("unreported", "stale"),
        (
            Edit(
                "track/tracking.py",
                "counts=_counts((answers or {}).get(entry.import_id))",
                "counts=_counts((answers or {}).get(poll.entry.import_id))",
            ),
        ),
    ),
    Mutant(
        "given-up-early",
        "An import is given up after minutes, not hours.",
        ("unreported", "stuck"),
        (
            Edit(
                "track/polling.py",
                "self.options.tracking_hours * 3_600",
                "self.options.tracking_hours * 60",
            ),
        ),
    ),
    Mutant(
        "given-up-unasked",
        "An import is given up some hours after it was sent, whether Mateo could be asked or not.",
        ("unreported",),
        (
            Edit(
                "track/tracking.py",
                "        return _blocked(poll, blocker)\n",
                "        over = poll.age() >= poll.options.tracking_hours * 3_600\n"
                "        return TIMED_OUT if over else _blocked(poll, blocker)\n",
            ),
            Edit(
                "report/reporting.py",
                "            return self._wait(entry, blocker)\n",
                "            if not timed_out:\n                return self._wait(entry, blocker)\n"
                "            result = ImportResult()\n",
            ),
        ),
    ),
    Mutant(
        "absent-import-given-up",
        "An import that Mateo certainly has not got is given up, and its records are not requeued.",
        ("unreported",),
        (
            Edit(
                "track/resolving.py",
                "    if poll.is_over() or poll.entry.posts >= MAX_POSTS:\n"
                "        return Tracked(TrackingStatus.REQUEUE)\n",
                "    if poll.is_over() or poll.entry.posts >= MAX_POSTS:\n        return "
                "TIMED_OUT\n",
            ),
        ),
    ),
    Mutant(
        "recognised-by-digest-alone",
        "An import is recognised only if Mateo shows its rows exactly as they were posted.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "track/reconciling.py",
                "Likeness.SAME: _Verdict.SAME",
                "Likeness.SAME: _Verdict.OTHER",
            ),
        ),
    ),
    Mutant(
        "unreadable-import-is-another",
        "An import whose rows cannot be read counts as one of another client: it is posted again.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "track/reconciling.py",
                "        if not isinstance(shown, list):\n            return _Verdict.SUSPECT\n",
                "        if not isinstance(shown, list):\n            return _Verdict.OTHER\n",
            ),
        ),
    ),
    Mutant(
        "rows-that-tell-nothing-are-others",
        "An import whose rows have no identifier counts as one of another client.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "mapping/identifiers.py",
                "return Likeness.OTHER if all(found) else Likeness.UNREADABLE",
                "return Likeness.OTHER",
            ),
        ),
    ),
    Mutant(
        "emptied-import-is-another",
        "An import that shows fewer rows than it has counts as one of another client.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "track/reconciling.py",
                "if not shown or len(shown) < min(total or 0, self.entry.rows):",
                "if len(shown) < 0:",
            ),
        ),
    ),
    Mutant(
        "tracking-not-retried",
        "One failure of tracking ends the execution.",
        ("stuck", "lost"),
        (Edit("track_import.asl.yaml", _TASK + "40", _TASK + "0"),),
    ),
    Mutant(
        "report-not-retried",
        "One failure of the report ends the execution.",
        ("stuck",),
        (Edit("track_import.asl.yaml", _REPORT + "40", _REPORT + "0"),),
    ),
    Mutant(
        "tracking-ends-after-one-poll",
        "An import that is not done yet is reported.",
        ("unreported", "stale"),
        (
            Edit(
                "track_import.asl.yaml",
                "      - { Variable: $.status, StringEquals: wait, Next: Wait }\n"
                "      - { Variable: $.status, StringEquals: abandoned, Next: Abandoned }\n",
                "      - { Variable: $.status, StringEquals: abandoned, Next: Abandoned }\n",
            ),
        ),
    ),
    Mutant(
        "report-that-waits-is-done",
        "A report that has to wait for Mateo counts as written.",
        ("stuck", "lost"),
        (
            Edit(
                "track_import.asl.yaml",
                "      - { Variable: $.status, StringEquals: wait, Next: Wait }\n    Default: "
                "TimedOut\n",
                "    Default: TimedOut\n",
            ),
        ),
    ),
    Mutant(
        "execution-ends-early",
        "Step Functions ends an execution before the import may be given up.",
        ("stuck", "lost"),
        (Edit("track_import.asl.yaml", "TimeoutSeconds: 1728000", "TimeoutSeconds: 7200"),),
    ),
)
