"""The mark of what a person put back, and the ids that it gives to items."""

import json

import pytest

from import_relay.domain.replays import (
    Replay,
    as_object,
    original_delivery,
    put_back_delivery,
    replay_id_of,
    replay_of,
)

DELIVERY = "01KA3V5Z8Q-4f1d"
LATER = "01KA3V5Z8R-0000"


@pytest.mark.parametrize("force", [True, False])
def test_a_replay_comes_back_from_a_message_as_it_was(*, force: bool) -> None:
    replay = Replay("r1", 1_795_262_400_000_000, "the mapping was wrong", force)

    assert replay_of(json.loads(json.dumps({"replay": as_object(replay)}))) == replay


def test_items_that_nobody_put_back_have_no_replay() -> None:
    assert replay_of({"items": []}) is None
    assert replay_id_of(f"{DELIVERY}/3") == ""


def test_an_item_that_was_put_back_names_its_original_and_its_replay() -> None:
    put_back = put_back_delivery(DELIVERY, "r1")

    assert original_delivery(put_back) == original_delivery(DELIVERY) == DELIVERY
    assert replay_id_of(put_back) == replay_id_of(f"{put_back}/3~2") == "r1"


def test_ids_sort_by_receipt_and_then_by_replay() -> None:
    ids = [DELIVERY, put_back_delivery(DELIVERY, "r1"), put_back_delivery(DELIVERY, "r2"), LATER]

    assert sorted(ids) == ids
    assert sorted(f"{one}/0" for one in ids[1:]) == [f"{one}/0" for one in ids[1:]]
