"""Versions that do not compare: those of two connections, and times beside counters."""

import pytest

from import_relay.domain.models import Claim, MappedChange
from import_relay.submit.freshness import Freshness, freshness, in_order, is_older
from tests.support.builders import change
from tests.unit.submit.changed import FORCED

TIME = 1_793_000_000_000_000
MILLISECONDS = TIME * 1_000
"""A time in milliseconds that was taken for one in seconds."""


def by(connection: str, version: int, delivery: str, event: str = "e") -> MappedChange:
    """A change of a connection."""
    one = change(version=version, delivery=delivery, event=event)
    return one._replace(occurrence=one.occurrence._replace(connection=connection))


def claimed(connection: str, version: int, delivery: str = "d5", event: str = "x") -> Claim:
    return Claim(version, event, f"{delivery}/0", "r1", connection=connection)


@pytest.mark.parametrize(
    ("version", "claim"),
    [
        pytest.param(3, claimed("crm", TIME), id="a counter beside a time of another connection"),
        pytest.param(TIME, claimed("crm", MILLISECONDS), id="a time beside milliseconds"),
        pytest.param(3, claimed("crm", 7), id="counters of two connections"),
        pytest.param(3, claimed("erp", TIME), id="a counter beside a time of one connection"),
        pytest.param(TIME, claimed("erp", 7), id="a time beside a counter of one connection"),
    ],
)
def test_of_versions_that_do_not_compare_the_one_received_later_is_newer(
    version: int, claim: Claim
) -> None:
    assert is_older(by("erp", version, "d4"), claim)
    assert not is_older(by("erp", version, "d6"), claim)


@pytest.mark.parametrize(
    ("version", "claim"),
    [
        pytest.param(TIME, claimed("crm", TIME + 1), id="times of two connections"),
        pytest.param(3, claimed("erp", 7), id="counters of one connection"),
        pytest.param(TIME, claimed("erp", TIME + 1), id="times of one connection"),
    ],
)
def test_of_versions_that_compare_the_higher_one_is_newer(version: int, claim: Claim) -> None:
    assert is_older(by("erp", version, "d6"), claim)


def test_the_same_event_of_another_connection_is_no_repetition() -> None:
    """Two forms send the same answers of one person, for two contact lists."""
    form = by("webinar", TIME, "d6", event="text:1")._replace(by_receipt=True)
    known = claimed("newsletter", TIME, event="text:1")

    again = freshness(form, known, whole=None, was_never_created=False)
    same = freshness(
        form, known._replace(connection="webinar"), whole=None, was_never_created=False
    )

    assert (again, same) == (Freshness.FRESH, Freshness.DUPLICATE)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        pytest.param([("erp", 2), ("erp", 1)], [1, 0], id="counters of one connection"),
        pytest.param([("erp", TIME + 1), ("crm", TIME)], [1, 0], id="times"),
        pytest.param([("erp", 2), ("crm", 1)], [0, 1], id="counters of two connections"),
        pytest.param([("erp", TIME), ("erp", 1)], [0, 1], id="a time and a counter"),
    ],
)
def test_changes_are_sorted_by_versions_only_if_all_compare(
    versions: list[tuple[str, int]], expected: list[int]
) -> None:
    changes = [by(name, version, f"d{n}") for n, (name, version) in enumerate(versions)]

    assert sorted(changes, key=in_order(changes)) == [changes[n] for n in expected]


@pytest.mark.parametrize(("other", "older"), [("20261121T100001-000000", True), ("", False)])
def test_a_forced_replay_is_older_than_a_later_one_and_newer_than_anything_else(
    other: str, older: bool
) -> None:
    forced = by("erp", 1, "d1")
    forced = forced._replace(occurrence=forced.occurrence._replace(replay=FORCED))
    suffix = f".{other}" if other else ""

    assert is_older(forced, claimed("erp", 9, f"d0{suffix}")) is older


@pytest.mark.parametrize(("whole_at", "verdict"), [("d4", "DUPLICATE"), ("d6", "STALE")])
def test_a_column_that_was_said_after_a_whole_record_of_another_scale_stays(
    whole_at: str, verdict: str
) -> None:
    claim = Claim(TIME, "text:1", "d5/0", "r1", connection="erp")
    whole = Claim(MILLISECONDS, "x", f"{whole_at}/0", "r1", connection="crm")
    again = by("erp", TIME, "d3", "text:1")._replace(partial=True)

    assert freshness(again, claim, whole=whole, was_never_created=False).name == verdict
