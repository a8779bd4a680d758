"""Faults in what is read at CRMs, and in who keeps a handle that several contacts have."""

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "unread-taken-for-gone",
        "A record that its CRM does not give now is taken for deleted.",
        ("unexpected",),
        (
            Edit(
                "submit/fetching.py",
                "        result.waiting |= waiting\n",
                "        result.gone |= waiting\n",
            ),
        ),
    ),
    Mutant(
        "read-with-the-version-of-its-event",
        "What was read later has the version of the event that asked for it.",
        ("stale",),
        (
            Edit(
                "submit/changes.py",
                "version_of(found, change))\n",
                "change.version)\n",
            ),
        ),
    ),
    Mutant(
        "stale-read-taken",
        "A state that is older than the event is imported with the event's version.",
        ("stale",),
        (
            Edit(
                "submit/changes.py",
                "may_lag = (may_be_stale or name in read.gone)",
                "may_lag = (name in read.gone)",
            ),
        ),
    ),
    Mutant(
        "not-there-yet-taken-for-gone",
        "A record that a replica has not got yet is taken for deleted.",
        ("unexpected",),
        (
            Edit(
                "submit/changes.py",
                "may_lag = (may_be_stale or name in read.gone)",
                "may_lag = may_be_stale",
            ),
        ),
    ),
    Mutant(
        "handles-in-any-order",
        "Of contacts with one e-mail address the first of the batch comes first.",
        ("stale",),
        (
            Edit(
                "submit/shared_handles.py",
                "    return _Parting(rows, shared).parted() if shared else Parted(rows)\n",
                "    return Parted(rows)\n",
            ),
        ),
    ),
)
