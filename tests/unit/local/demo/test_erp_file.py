"""When the demo moves on to the next day for the rows of its file."""

from types import SimpleNamespace
from typing import Any

import pytest

from local.demo.erp_file import HOLDING_QUEUE, ErpFile


def stack(*, used: int, queued: int, held: int) -> Any:
    """A stack with 25,000 entities a day, of which the bulk lane has 20,000."""

    def messages(visible: int) -> dict[str, int]:
        return {"visible": visible, "in_flight": 0, "delayed": 0}

    return SimpleNamespace(
        clock=SimpleNamespace(time=lambda: 0.0),
        client=lambda _: None,
        outputs={"LedgerTableName": "ledger"},
        provisioned=SimpleNamespace(resources={HOLDING_QUEUE: {"Ref": "held"}}),
        template=SimpleNamespace(parameters={"BulkShare": "80"}),
        queue_counts=lambda _: messages(queued),
        count_messages=lambda _: messages(held),
        mateo=lambda *_: {
            "limits": {"entities_per_day": 25_000},
            "usage": {"entities": used},
        },
    )


@pytest.mark.parametrize(
    ("used", "queued", "held", "waits"),
    [
        pytest.param(15_001, 50, 0, True, id="no room for a full import"),
        pytest.param(15_001, 0, 50, True, id="rows are held"),
        pytest.param(15_000, 50, 0, False, id="room for one"),
        pytest.param(20_000, 1, 0, False, id="only a wake waits"),
    ],
)
def test_rows_wait_for_the_next_day_without_room_for_a_full_import(
    used: int, queued: int, held: int, waits: bool
) -> None:
    file = ErpFile(stack(used=used, queued=queued, held=held), 1.0)

    assert file.waits_for_next_day() == waits


def test_rows_that_are_not_queued_yet_wait_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    file = ErpFile(stack(used=20_000, queued=0, held=0), 1.0)
    monkeypatch.setattr(file, "is_queued", lambda: False)

    assert file.waits_for_next_day()
