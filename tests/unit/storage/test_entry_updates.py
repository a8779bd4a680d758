"""The one builder of updates of entries: what has to hold, what is written, what is taken away."""

import pytest

from import_relay.storage.entries import UNFINISHED, Entry, State
from import_relay.storage.entry_updates import Move, nobody_reports, same_day, same_posts

ENTRY = Entry("r1", State.SENT, "contact_details", 10, "2026-11-21", 1.5, 120.0, posts=2)


def test_a_move_says_from_where_and_what_it_writes() -> None:
    update = Move("r1", [State.INTENDED, State.UNKNOWN], State.SENT, {"import_id": "i1"}).update(
        "t"
    )

    assert update == {
        "TableName": "t",
        "Key": {"pk": {"S": "import#r1"}},
        "UpdateExpression": "SET #state = :state, #import_id = :import_id",
        "ConditionExpression": "#state IN (:from0, :from1)",
        "ExpressionAttributeNames": {"#state": "state", "#import_id": "import_id"},
        "ExpressionAttributeValues": {
            ":state": {"S": "sent"},
            ":import_id": {"S": "i1"},
            ":from0": {"S": "intended"},
            ":from1": {"S": "unknown"},
        },
    }


def test_a_change_to_none_takes_an_attribute_away() -> None:
    update = Move("r1", [State.SENT], State.SENT, {"suspects": None}).update("t")

    assert update["UpdateExpression"] == "SET #state = :state REMOVE #suspects"
    assert ":suspects" not in update["ExpressionAttributeValues"]


@pytest.mark.parametrize("target", State)
def test_an_import_that_is_over_leaves_the_index_of_open_ones(target: State) -> None:
    update = Move("r1", [State.SENT], target).update("t")

    assert ("#open" in update["UpdateExpression"]) is (target not in UNFINISHED)


@pytest.mark.parametrize(
    "where", [same_day(ENTRY), same_posts(ENTRY), nobody_reports(ENTRY, now=7.0)]
)
def test_what_else_has_to_hold_is_a_part_of_the_condition(where: object) -> None:
    changes = {"day": "2026-11-22", "posts": 3, "reported_until": 9.0}
    update = Move("r1", [State.SENT], State.SENT, changes, where).update("t")  # type: ignore[arg-type]

    condition = update["ConditionExpression"]
    assert condition.startswith("#state IN (:from0) AND ")
    words = set(condition.replace("(", " ").replace(")", " ").split())
    assert {word for word in words if word[0] == "#"} <= update["ExpressionAttributeNames"].keys()
    assert {word for word in words if word[0] == ":"} <= update["ExpressionAttributeValues"].keys()
