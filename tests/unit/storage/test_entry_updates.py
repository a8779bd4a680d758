"""Moves of entries: what has to hold, what is written, what is taken away."""

import pytest

from import_relay.storage.entries import UNFINISHED, Entry, State
from import_relay.storage.entry_updates import Move, nobody_reports, same_day, same_posts
from tests.simulation import expressions
from tests.unit.storage.test_item_writes import read_out

ENTRY = Entry(
    "r1", State.SENT, "contact_details", 10, "2026-11-21", 1.5, 120.0, posts=2, reported_until=5.0
)
AS_READ = {
    "state": {"S": "sent"},
    "day": {"S": "2026-11-21"},
    "posts": {"N": "2"},
    "reported_until": {"N": "5.0"},
}


def test_a_move_says_from_where_and_what_it_writes() -> None:
    move = Move("r1", [State.INTENDED, State.UNKNOWN], State.SENT, {"import_id": "i1"})
    update = move.update("t")

    assert (update["TableName"], update["Key"]) == ("t", {"pk": {"S": "import#r1"}})
    assert read_out(update, "UpdateExpression") == "SET state = 'sent', import_id = 'i1'"
    assert read_out(update, "ConditionExpression") == "state IN ('intended', 'unknown')"


def test_a_change_to_none_removes_an_attribute() -> None:
    update = Move("r1", [State.SENT], State.SENT, {"suspects": None}).update("t")

    assert read_out(update, "UpdateExpression") == "SET state = 'sent' REMOVE suspects"


@pytest.mark.parametrize("target", State)
def test_an_import_that_is_over_leaves_the_index_of_open_ones(target: State) -> None:
    update = Move("r1", [State.SENT], target).update("t")

    removes_mark = "REMOVE open" in read_out(update, "UpdateExpression")
    assert removes_mark is (target not in UNFINISHED)


@pytest.mark.parametrize(
    ("where", "attribute", "otherwise"),
    [
        (same_day(ENTRY), "day", {"S": "2026-11-22"}),
        (same_posts(ENTRY), "posts", {"N": "3"}),
        (nobody_reports(ENTRY, now=7.0), "reported_until", {"N": "6.0"}),
        (nobody_reports(ENTRY, now=7.0), "state", {"S": "unknown"}),
    ],
)
def test_a_move_needs_the_entry_as_it_was_read(
    where: object, attribute: str, otherwise: dict[str, str]
) -> None:
    expected = [State.SENT, State.UNKNOWN]
    update = Move("r1", expected, State.SENT, where=where).update("t")  # type: ignore[arg-type]
    holds = expressions.condition(update["ConditionExpression"])
    names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]

    assert holds(AS_READ, names, values)
    assert not holds(AS_READ | {attribute: otherwise}, names, values)


@pytest.mark.parametrize(("now", "may"), [(4.0, False), (5.0, False), (5.1, True)])
def test_a_report_waits_until_the_one_that_was_begun_is_certainly_over(
    now: float, *, may: bool
) -> None:
    update = Move("r1", [State.SENT], State.SENT, where=nobody_reports(ENTRY, now=now)).update("t")
    holds = expressions.condition(update["ConditionExpression"])

    names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
    assert holds(AS_READ, names, values) is may
    never_begun = {name: one for name, one in AS_READ.items() if name != "reported_until"}
    assert holds(never_begun, names, values)
