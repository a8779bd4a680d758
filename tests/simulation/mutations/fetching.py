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
                "version = _not_before(found.version, change.version)",
                "version = change.version",
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
