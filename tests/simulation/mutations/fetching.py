"""Faults in fetching records at CRMs, and in which of several contacts keeps a handle."""

from tests.simulation.mutations.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "unread-taken-for-gone",
        "A record that its CRM does not give now counts as deleted.",
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
        "A record that is fetched later has the version of the event that named it.",
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
        "A record that a replica has not got yet counts as deleted.",
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
        "Contacts that share an e-mail address stay in the order of the batch.",
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
