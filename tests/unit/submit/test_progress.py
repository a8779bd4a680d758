"""How far a batch has come: what waits, and for how long submission pauses."""

import pytest

from import_relay.domain.models import ImportOptions, ItemOutcome, Outcome, Row
from import_relay.storage.pause import PauseState
from import_relay.submit.progress import MAX_PAUSE_S, BatchProgress, PauseRequest
from tests.support.builders import CONTACTS, change, occurrence

NOW = 1_000.0


def progress(failures: int = 0) -> BatchProgress:
    return BatchProgress(PauseState(consecutive_failures=failures), first_of_day=False)


def test_all_that_a_row_stands_for_waits_with_it() -> None:
    shadowed = ItemOutcome(occurrence(2), Outcome.SUPERSEDED)
    contact = Row("c#1", b"{}", CONTACTS, (change(number=0), change(number=1)), {}, (shadowed,))
    deal = Row("d#1", b"{}", ImportOptions("deal_details"), (change(number=3),), {})
    found = progress()

    found.requeue([contact, deal])

    assert found.to_requeue == {"d1/0", "d1/1", "d1/2", "d1/3"}
    assert found.blocked_contacts == {"c#1"}


@pytest.mark.parametrize(
    ("failures", "pause_s"), [(0, 60), (1, 120), (5, 1_920), (6, 3_600), (1_000, MAX_PAUSE_S)]
)
def test_each_failure_in_a_row_doubles_the_pause_up_to_an_hour(
    failures: int, pause_s: float
) -> None:
    found = progress(failures)

    found.pause("mateo.unavailable", NOW)

    assert found.stopped
    assert found.pause_request == PauseRequest("mateo.unavailable", NOW + pause_s, failures + 1)


@pytest.mark.parametrize(("asked_s", "pause_s"), [(1, 60), (600, 600)])
def test_a_wait_that_mateo_asks_for_can_only_lengthen_the_pause(
    asked_s: float, pause_s: float
) -> None:
    found = progress()

    found.pause("mateo.rate_limited", NOW, at_least_s=asked_s)

    assert found.pause_request is not None
    assert found.pause_request.until == NOW + pause_s


def test_a_day_that_is_spent_is_no_failure() -> None:
    found = progress(3)

    found.stop("quota.entities", NOW + 7)

    assert found.pause_request == PauseRequest("quota.entities", NOW + 7, 3)
