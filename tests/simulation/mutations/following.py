"""Faults in tracking, in finding an import whose answer was lost, and in the state machine."""
# ruff: noqa: E501 - lines of the code as they are, once more indented

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
        "posted-again-unseen",
        "An import whose answer was lost is posted again without being looked up.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "tracking.py",
                "matches = lookup.matches(self._entry, by_reference=self._options.send_reference_id)",
                "matches = () if lookup else ()",
            ),
        ),
    ),
    Mutant(
        "absent-once",
        "An import that one look did not find is posted again.",
        (),
        (
            Edit(
                "tracking.py",
                "        if not self._entry.absent:\n            return self._note_absence()\n",
                "",
            ),
        ),
        harmless="it is posted a minute after the post before, and looked for right before that",
    ),
    Mutant(
        "absent-once-and-no-pause",
        "An import that one look did not find is posted again at once.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "tracking.py",
                "        if not self._entry.absent:\n            return self._note_absence()\n",
                "",
            ),
            Edit(
                "tracking.py",
                "return _wait(wait) if wait > 0 else self._post_again()",
                "return self._post_again()",
            ),
        ),
    ),
    Mutant(
        "absent-twice-in-a-row",
        "An import that two looks in a row did not find is posted again.",
        ("duplicated", "unexpected"),
        (Edit("tracking.py", "LAG_S = 60.0", "LAG_S = 0.1"),),
    ),
    Mutant(
        "any-import-adopted",
        "Any import of the type is taken for the one whose answer was lost.",
        ("lost", "duplicated", "unexpected"),
        (
            Edit(
                "reconciling.py",
                "            elif digest == entry.digest:\n",
                "            else:\n",
            ),
        ),
    ),
    Mutant(
        "import-of-another-adopted",
        "An import that belongs to another entry is adopted.",
        ("lost", "duplicated", "unexpected"),
        (
            Edit("reconciling.py", "if one.id not in owners and _may_be", "if _may_be"),
            Edit(
                "reconciling.py",
                "            elif digest == entry.digest:\n",
                "            else:\n",
            ),
            Edit(
                "tracking.py",
                "            if not ledger.claim_import(oldest.id, reference):\n"
                "                continue  # it became another entry's just now\n",
                "",
            ),
        ),
    ),
    Mutant(
        "looked-up-too-late",
        "Imports are looked up from the moment of the entry, by clocks that differ.",
        ("duplicated", "unexpected"),
        (Edit("reconciling.py", "WINDOW_S = 120.0", "WINDOW_S = 0.0"),),
    ),
    Mutant(
        "posted-again-without-a-word",
        "That an import is posted again is not written down first.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "tracking.py",
                "if not ledger.begin_post(entry, posted_at=self._clock(), deadline=self._deadline):",
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
                "state/ledger.py",
                "        return self.success_count + self.failed_count == self.total_count\n",
                "        return True\n",
            ),
            Edit(
                "tracking.py",
                "    return entry.total_count == entry.rows or (bool(entry.total_count) and stays)\n",
                "    return True\n",
            ),
        ),
    ),
    Mutant(
        "first-counts-believed",
        "Counts that add up are believed although rows are missing.",
        ("unreported", "stale"),
        (Edit("tracking.py", "BELIEVED_AFTER_S = 3_600.0", "BELIEVED_AFTER_S = 0.0"),),
    ),
    Mutant(
        "counts-of-another",
        "A poll writes the counts of one import for all.",
        ("unreported", "stale"),
        (
            Edit(
                "tracking.py",
                "counts=_counts(answers.get(entry.import_id))",
                "counts=_counts(answers.get(self._entry.import_id))",
            ),
        ),
    ),
    Mutant(
        "given-up-early",
        "An import is given up after minutes, not hours.",
        ("unreported", "stuck"),
        (
            Edit(
                "tracking.py",
                "entry.created_at + tools.options.tracking_hours * 3_600",
                "entry.created_at + tools.options.tracking_hours * 60",
            ),
        ),
    ),
    Mutant(
        "tracking-not-tried-again",
        "One failure of tracking ends the execution.",
        ("stuck", "lost"),
        (Edit("track_import.asl.yaml", _TASK + "40", _TASK + "0"),),
    ),
    Mutant(
        "report-not-tried-again",
        "One failure of the report ends the execution.",
        ("stuck",),
        (Edit("track_import.asl.yaml", _REPORT + "40", _REPORT + "0"),),
    ),
    Mutant(
        "tracking-ends-after-one-look",
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
        "A report that has to wait for Mateo is taken for written.",
        ("stuck", "lost"),
        (
            Edit(
                "track_import.asl.yaml",
                "      - { Variable: $.status, StringEquals: wait, Next: Wait }\n    Default: GaveUp\n",
                "    Default: GaveUp\n",
            ),
        ),
    ),
    Mutant(
        "gave-up-without-report",
        "An import that was given up gets no report.",
        ("stuck",),
        (
            Edit(
                "track_import.asl.yaml",
                "    # finished, gave_up, send_back\n",
                "      - { Variable: $.status, StringEquals: gave_up, Next: GaveUp }\n",
            ),
        ),
    ),
    Mutant(
        "execution-ends-early",
        "Step Functions ends an execution before the import may be given up.",
        ("stuck", "lost"),
        (Edit("track_import.asl.yaml", "TimeoutSeconds: 432000", "TimeoutSeconds: 7200"),),
    ),
)
