"""The fake counts and lists failed rows as `mateo_emulator` does with the same settings."""

import pytest

from mateo_emulator.imports.results import Counts, counts_shown, entries_shown
from mateo_emulator.settings import Behaviour
from tests.simulation.mateo_failures import FailureLists

ENTRY: dict[str, object] = {
    "code": "23514",
    "message": "email",
    "input": {"external_id": "A-1", "city": "Kiel"},
}
FAILURES = [(2, ENTRY), (0, ENTRY)]


@pytest.mark.parametrize("form", ["row", "twice", "number"])
def test_the_fake_lists_failed_rows_as_the_emulator_does(form: str) -> None:
    behaviour = Behaviour.model_validate({"failed_entries": form})
    assert FailureLists(form).entries(FAILURES) == entries_shown(FAILURES, behaviour)


def test_a_normalised_entry_keeps_the_id_of_its_row() -> None:
    (shown,) = FailureLists("normalised").entries(FAILURES[:1])
    assert shown["input"] == {"external_id": "A-1", "city": "kiel", "country": "DEUTSCHLAND"}


@pytest.mark.parametrize(
    ("null_count", "setting"),
    [("never", "number"), ("none", "null_for_none"), ("always", "null")],
)
@pytest.mark.parametrize("failed", [0, 2])
def test_the_fake_counts_failed_rows_as_the_emulator_does(
    null_count: str, setting: str, failed: int
) -> None:
    behaviour = Behaviour.model_validate({"failed_count": setting})
    shown = counts_shown(Counts(5, 5 - failed), 0, 0, behaviour)
    assert FailureLists(null_count=null_count).count(failed) == shown.failed_count
