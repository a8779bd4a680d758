"""Worlds whose poison raises an error instead of killing the process: no other record suffers."""

from collections.abc import Mapping
from typing import Any

import pytest

from import_relay.connectors.contract import Change
from import_relay.domain.models import Occurrence
from import_relay.domain.reasons import Unexpected
from import_relay.submit import changes
from import_relay.submit.batch_report import BatchReport
from import_relay.submit.changes import Mapper
from import_relay.submit.submission import Submission
from tests.simulation.connections import DeadlyMapper
from tests.simulation.scenario import POISON
from tests.simulation.simulation import run
from tests.simulation.workload import POISONED, scenario_of

SEEDS = range(POISONED // 2, 40 * POISONED, POISONED)
"""Of worlds with poison."""
ONE_BATCH = 187
"""In this world good records share each batch of the poison."""


class RaisingMapper(DeadlyMapper):
    """The mapper of such a world."""

    def _change(self, occurrence: Occurrence) -> Change:
        item = occurrence.item
        if self._relay.is_poisoned and isinstance(item, Mapping) and item.get("name") == POISON:
            self._relay.poison.add(occurrence.item_id)
            raise KeyError("name")
        return Mapper._change(self, occurrence)


@pytest.fixture(autouse=True)
def reports(monkeypatch: pytest.MonkeyPatch) -> list[BatchReport]:
    """What became of each batch; the function fails where its handler does."""
    found: list[BatchReport] = []
    real = Submission.submit

    def submit(self: Submission, *given: Any, **more: Any) -> BatchReport:
        report = real(self, *given, **more)
        found.append(report)
        if report.failure:
            raise Unexpected(report.failure)
        return report

    monkeypatch.setattr(Submission, "submit", submit)
    monkeypatch.setattr(DeadlyMapper, "_change", RaisingMapper._change)
    return found


def test_no_promise_is_broken_where_a_record_raises_an_error(reports: list[BatchReport]) -> None:
    broken = {seed: run(scenario_of(seed)).violations for seed in SEEDS}

    assert {seed: found for seed, found in broken.items() if found} == {}
    assert any(one.failure for one in reports)
    assert any(one.dead_lettered for one in reports)


def test_an_error_that_fails_the_whole_batch_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "OF_NO_ITEM", (Exception,))

    found = run(scenario_of(ONE_BATCH)).violations

    assert {one.promise for one in found} == {"stuck"}
