"""Mateo's counts and its list of failures, reconciled: the sums hold whatever it says."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from import_relay.report.row_outcomes import RowCounts, RowOutcome, RowOutcomes

COUNT = st.none() | st.integers(0, 12)


@st.composite
def imports(draw: st.DrawFn) -> RowOutcomes:
    rows = draw(st.integers(1, 8))
    number = st.integers(0, rows - 1)
    return RowOutcomes(
        rows,
        RowCounts(draw(COUNT), draw(COUNT), draw(COUNT)),
        draw(st.lists(st.none() | number, max_size=9)),
        draw(st.frozensets(number)),
        draw(st.frozensets(number)),
    )


@given(imports())
def test_rows_and_outcomes_add_up_whatever_mateo_says(found: RowOutcomes) -> None:
    assert found.imported + found.failed + found.unaccounted == found.rows
    assert min(found.imported, found.failed, found.unaccounted, found.unnamed) >= 0
    counts = Counter(found.outcomes)
    assert counts[RowOutcome.IMPORTED] == found.imported
    assert counts.total() == found.rows


@given(imports())
def test_a_row_that_is_named_failed_for_certain_unless_another_may_be_meant(
    found: RowOutcomes,
) -> None:
    for number, outcome in enumerate(found.outcomes):
        if number in found.named:
            assert outcome in (RowOutcome.FAILED, RowOutcome.RETRIED)
            assert number not in found.uncertain - found.suspects
        elif outcome is RowOutcome.FAILED:
            assert found.imported == found.unaccounted == 0  # all failed


@given(imports())
def test_rows_that_cannot_be_told_apart_are_all_uncertain(found: RowOutcomes) -> None:
    others = {number for number in range(found.rows) if number not in found.named}
    if len({found.outcomes[number] for number in others}) > 1:
        assert found.uncertain == others | found.suspects


def test_an_entry_that_fits_no_row_costs_one_row() -> None:
    found = RowOutcomes(3, RowCounts(3, 2, 1), [None])
    assert (found.imported, found.failed, found.unnamed) == (2, 1, 1)
    assert [one.value for one in found.outcomes] == ["imported", "imported", "unaccounted"]


def test_an_entry_that_fits_no_row_may_be_another_error_of_one_that_is_named() -> None:
    assert RowOutcomes(3, RowCounts(3, 2, 1), [0, None]).failed == 1
    assert RowOutcomes(3, RowCounts(3, 3, 0), [0, None]).failed == 2


def test_a_count_that_is_missing_follows_from_the_others() -> None:
    assert RowOutcomes(3, RowCounts(3, 2, None)).failed == 1
    assert RowOutcomes(3, RowCounts(3, None, 1)).imported == 2
    assert RowOutcomes(3, RowCounts()).unaccounted == 3


def test_a_row_that_mateo_counts_for_each_of_its_errors_is_one() -> None:
    found = RowOutcomes(3, RowCounts(3, 2, 2), [1, 1])
    assert (found.imported, found.failed, found.unnamed) == (2, 1, 0)
    assert RowOutcomes(3, RowCounts(3, 3, 2)).failed == 2  # which contradicts itself
