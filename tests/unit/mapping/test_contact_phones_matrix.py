"""A small sample of the phone benchmark: by default no number of twelve countries is wrong."""

import pytest

from tests.support.phone_numbers import COUNTRIES, WITHOUT_PLUS_IN_ITALY, counts, merged

PER_KIND = 12
SEED = 2


@pytest.mark.parametrize("region", COUNTRIES)
def test_no_number_is_wrong_by_default_and_at_most_one_in_a_hundred_is_lost(region: str) -> None:
    found = counts("leave_out", PER_KIND, SEED, [region])

    assert [text for totals in found.values() for text in totals.wrong] == []
    alone = merged(found, "alone", WITHOUT_PLUS_IN_ITALY)
    assert alone.right >= 0.99 * alone.total
    own = merged(found, "own")
    assert own.right + own.ambiguous >= 0.99 * own.total


@pytest.mark.parametrize("choice", ["prefer_mobile", "first_country"])
def test_other_choices_leave_out_less_and_send_wrong_numbers(choice: str) -> None:
    by_default = merged(counts("leave_out", PER_KIND, SEED, ["DE", "AT"]), "list")
    chosen = merged(counts(choice, PER_KIND, SEED, ["DE", "AT"]), "list")

    assert chosen.left_out < by_default.left_out
    assert chosen.right > by_default.right
    assert chosen.wrong
