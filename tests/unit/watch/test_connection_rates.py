"""Which rates of a connection's day are high enough for a mail."""

from collections.abc import Mapping

import pytest

from import_relay.storage.connection_counts import ConnectionCounts
from import_relay.watch.connection_rates import (
    MIN_ITEMS,
    HighRate,
    RateLimits,
    high_rates,
    high_rates_of_few,
    undecided,
)

LIMITS = RateLimits(bad_percent=5.0, ignored_percent=50.0)
PHONES = "phone_numbers"


def found(
    outcomes: Mapping[str, int], notes: Mapping[tuple[str, str], int] | None = None
) -> list[HighRate]:
    return high_rates({"erp": ConnectionCounts(outcomes, notes or {})}, LIMITS)


@pytest.mark.parametrize("outcome", ["rejected", "failed"])
def test_more_than_a_twentieth_is_too_much(outcome: str) -> None:
    assert found({"imported": 95, outcome: 5}) == []
    assert found({"imported": 94, outcome: 6}) == [HighRate("erp", outcome, 6, 100)]


def test_marked_tests_count_for_no_rate() -> None:
    assert found({"imported": 94, "rejected": 6, "test": 900}) == [
        HighRate("erp", "rejected", 6, 100)
    ]


def test_more_than_a_half_may_not_be_ignored() -> None:
    assert found({"imported": 50, "ignored": 50}) == []
    assert found({"imported": 49, "ignored": 51}) == [HighRate("erp", "ignored", 51, 100)]


def test_more_than_a_twentieth_of_phones_left_out_is_too_much() -> None:
    assert found({"imported": 100}, {("value.bad_phone", PHONES): 5}) == []
    assert found({"imported": 100}, {("value.bad_phone", PHONES): 6}) == [
        HighRate("erp", "left_out", 6, 100, PHONES)
    ]


def test_all_reasons_for_which_values_of_a_field_are_left_out_count_together() -> None:
    notes = {("value.bad_phone", PHONES): 3, ("value.ambiguous_phone", PHONES): 3}

    assert found({"imported": 100}, notes) == [HighRate("erp", "left_out", 6, 100, PHONES)]


def test_each_field_counts_for_itself() -> None:
    notes = {("value.bad_phone", PHONES): 4, ("value.bad_date", "birthday"): 4}

    assert found({"imported": 100}, notes) == []


def test_a_value_that_was_completed_is_no_value_left_out() -> None:
    assert found({"imported": 100}, {("phone.completed", PHONES): 90}) == []


def test_items_that_were_never_mapped_do_not_dilute_the_rate_of_values_left_out() -> None:
    outcomes = {"imported": 60, "ignored": 40, "duplicate": 40}

    (rate,) = found(outcomes, {("value.bad_phone", PHONES): 6})

    assert (rate.count, rate.of, rate.percent) == (6, 60, 10.0)


def test_the_rates_of_few_records_are_not_judged() -> None:
    assert found({"rejected": MIN_ITEMS - 2, "imported": 1}) == []
    assert found({"rejected": MIN_ITEMS - 1, "imported": 1}) != []
    assert found({"ignored": MIN_ITEMS - 1}) == []


@pytest.mark.parametrize("outcome", ["rejected", "failed"])
def test_of_few_records_a_rate_is_high_only_if_none_is_good(outcome: str) -> None:
    assert found({outcome: 2}) == []
    assert found({outcome: 3}) == [HighRate("erp", outcome, 3, 3)]
    assert found({outcome: 3, "test": 1}) == [HighRate("erp", outcome, 3, 3)]
    assert found({outcome: 9, "superseded": 1}) == []


def test_few_records_count_together_with_those_of_days_before() -> None:
    today = {"erp": ConnectionCounts({"imported": 3, "rejected": 1}, {("value.bad_date", "b"): 1})}
    before = {"erp": ConnectionCounts({"imported": 20, "failed": 9}, {})}
    few = undecided(today)

    assert few == {"erp": {("rejected", ""), ("left_out", "b")}}
    assert high_rates_of_few(few, [today], LIMITS) == []
    assert high_rates_of_few(few, [before, today], LIMITS) == []
    assert high_rates_of_few(few, [today] * 5, LIMITS) == [
        HighRate("erp", "rejected", 5, 20, days=5),
        HighRate("erp", "left_out", 5, 20, "b", days=5),
    ]


@pytest.mark.parametrize("outcomes", [{"imported": 2}, {"ignored": 2}, {"rejected": 3}, {}])
def test_a_day_without_bad_records_or_with_enough_of_them_is_decided(
    outcomes: Mapping[str, int],
) -> None:
    assert undecided({"erp": ConnectionCounts(outcomes, {})}) == {}


def test_each_connection_is_judged_by_its_own_records() -> None:
    counts = {
        "large": ConnectionCounts({"imported": 10_000}, {}),
        "small": ConnectionCounts({"rejected": 30}, {}),
    }

    assert [rate.connection for rate in high_rates(counts, LIMITS)] == ["small"]


def test_handles_that_contacts_lost_count_as_left_out() -> None:
    notes = {
        ("note.shared_handle", "email"): 4,
        ("note.taken_handle", "email"): 4,
        ("sent", "email"): 100,
    }

    (rate,) = found({"imported": 100}, notes)

    assert (rate.rate, rate.field, rate.count, rate.of) == ("left_out", "email", 8, 100)


def test_few_phones_are_measured_by_the_records_that_have_one() -> None:
    notes = {("value.no_valid_phone", "whatsapp"): 20, ("sent", "whatsapp"): 5}

    assert found({"imported": 5_000}, notes) == [HighRate("erp", "left_out", 20, 25, "whatsapp")]
    assert found({"imported": 5_000}, notes | {("sent", "whatsapp"): 400}) == []


def test_what_was_sent_is_no_value_left_out() -> None:
    assert found({"imported": 100}, {("sent", "email"): 100}) == []
