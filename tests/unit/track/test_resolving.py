"""Which state the search for an import is in whose answer was lost."""

from datetime import UTC, datetime

import pytest

from import_relay.mateo.client import ImportStatus
from import_relay.track.reconciling import FoundImports
from import_relay.track.resolving import SearchState, search_state

ONE = ImportStatus(id="i1", created_at=datetime(2026, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize(
    ("found", "was_absent", "state"),
    [
        (FoundImports([ONE]), False, SearchState.FOUND),
        (FoundImports([ONE]), True, SearchState.FOUND),
        (FoundImports((), ["i2"]), False, SearchState.UNCERTAIN),
        (FoundImports((), ["i2"]), True, SearchState.UNCERTAIN),
        (FoundImports(), False, SearchState.ABSENT_ONCE),
        (FoundImports(), True, SearchState.ABSENT),
    ],
)
def test_only_two_lookups_in_a_row_without_a_trace_prove_absence(
    found: FoundImports, was_absent: bool, state: SearchState
) -> None:
    assert search_state(found, was_absent=was_absent) is state
