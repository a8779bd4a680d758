"""Rows on their way into one import: whose they are, how they are parted, and what refused them."""

import pytest

from import_relay.domain.models import ImportOptions, Row
from import_relay.mateo.client import Posted
from import_relay.mateo.post_results import PostResult
from import_relay.submit.attempts import REFUSAL_CALLS, Attempt, Calls, by_connection, group_of
from tests.support.builders import CONTACTS, change


def row(number: int, connection: str = "erp", options: ImportOptions = CONTACTS) -> Row:
    one = change(f"contact_details#external_id:{number}", number=number, options=options)
    one = one._replace(occurrence=one.occurrence._replace(connection=connection))
    return Row(one.key, one.text, options, (one,), {})


def refusal(code: str, status: int = 400) -> Posted:
    return Posted(PostResult.REFUSED, status=status, code=code)


def test_the_oldest_change_says_whose_a_row_is() -> None:
    later = row(1, "shop").changes[0]
    both = row(0)._replace(changes=(row(0).changes[0], later))

    assert group_of(both).connection == "erp"
    assert group_of(both).kind == ("erp", "contact_details")


def test_calls_are_spent_whole_or_not_at_all() -> None:
    calls = Calls()

    assert calls.spend(REFUSAL_CALLS - 1)
    assert not calls.spend(2)
    assert calls.spend(1)
    assert not calls.spend(1)


def test_the_first_refusal_of_its_kind_is_remembered() -> None:
    first = Attempt([row(0)]).refused(3, refusal("a"))
    again = first.refused(4, refusal("a"))
    other = again.refused(5, refusal("b"))

    assert [one.refused_at for one in (first, again, other)] == [3, 3, 5]
    assert other.answer == (400, "b")


def test_a_refusal_of_an_earlier_batch_stays_the_first() -> None:
    attempt = Attempt([row(0)], refused_at=0)

    assert attempt.refused(1, refusal("a")) is attempt


@pytest.mark.parametrize(
    ("connections", "parts"),
    [
        ("aab", [2, 1]),
        ("abbb", [1, 3]),
        ("abcd", [2, 2]),
        ("abcccc", [2, 4]),
        ("abababab", [4, 4]),
    ],
)
def test_rows_are_parted_between_connections(connections: str, parts: list[int]) -> None:
    attempt = Attempt([row(number, name) for number, name in enumerate(connections)])

    found = by_connection(attempt)

    assert [len(one.rows) for one in found] == parts
    left, right = ({group_of(row).connection for row in one.rows} for one in found)
    assert left.isdisjoint(right)
    assert found[0].calls is not found[1].calls


def test_rows_of_one_connection_are_not_parted() -> None:
    assert by_connection(Attempt([row(0), row(1)])) == ()
