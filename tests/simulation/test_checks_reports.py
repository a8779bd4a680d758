"""What the checks of reports find wrong, and what they allow."""

from types import SimpleNamespace
from typing import Any

import pytest

from import_relay.track.polling import Poll
from tests.simulation.checks.reports import _unaccounted_for_a_reason
from tests.simulation.mateo_failures import FailureLists
from tests.simulation.scenario import Account, FaultProfile, Record, Scenario, Webhook
from tests.simulation.simulation import run
from tests.simulation.workload import FIRST_VERSION

EVERYTHING = dict.fromkeys(("name", "city", "zip"), "first")


@pytest.mark.parametrize(
    ("tracking_hours", "wrong"),
    [
        (1.5, set()),
        (24.0, {"contact-0001: rows are unaccounted for, though all are listed"}),
    ],
)
def test_a_list_of_failures_may_come_too_late_only_for_an_import_that_was_followed_long_enough(
    tracking_hours: float, wrong: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poll, "is_over", lambda poll: poll.entry.answered_s >= 5_400)
    lists = FailureLists("row", late_s=14_400.0, null_count="always")
    good = Record("1000", FIRST_VERSION, EVERYTHING)
    bad = Record("1001", FIRST_VERSION, EVERYTHING | {"city": "FAIL"}, failing=True)
    scenario = Scenario(
        1,
        [Webhook(0.0, "erp", "e0", [good, bad])],
        fault_profile=FaultProfile(lists=lists),
        account=Account(batching_window_s=1.0, tracking_hours=tracking_hours),
    )
    assert {one.what for one in run(scenario).violations} == wrong


@pytest.mark.parametrize("arrived", [True, False])
def test_a_list_of_failures_may_not_arrive(arrived: bool) -> None:
    wrong: list[str] = []
    mateo = SimpleNamespace(
        unread_files=set() if arrived else {"i1"}, imports={"i1": SimpleNamespace(finished_at=0.0)}
    )
    books: Any = SimpleNamespace(
        relay=SimpleNamespace(mateo=mateo, fault_profile=FaultProfile(), account=Account()),
        ended_at={"r1": 3_600.0},
        wrong=lambda promise, _: wrong.append(promise),
    )
    summary = {"state": "finished", "import_id": "i1", "created_at": "1970-01-01T00:00:00Z"}

    _unaccounted_for_a_reason(books, "r1", summary)

    assert wrong == ["unreported"] * arrived
