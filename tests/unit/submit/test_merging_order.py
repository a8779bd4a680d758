"""The changes of a record merge into the same row in whatever order a batch has them."""

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from import_relay.domain.models import Claim, MappedChange
from tests.support.builders import change
from tests.unit.submit.changed import columns, merged, outcomes

COLUMNS = ("email", "city", "full_name")
VERSIONS = st.integers(1, 4)
CLAIMS = st.dictionaries(
    st.sampled_from(("*", *COLUMNS)),
    st.builds(
        lambda version, event, delivery, failed: Claim(
            version, event, f"{delivery}/0", "r1", failed=failed
        ),
        VERSIONS,
        st.sampled_from(("same", "claimed")),
        st.sampled_from(("d0", "d2", "d4")),
        st.booleans(),
    ),
    max_size=3,
)


@st.composite
def changes(draw: st.DrawFn) -> list[MappedChange]:
    """Up to four changes of one record, received one after the other in separate deliveries."""
    return [
        change(
            version=draw(VERSIONS),
            event=draw(st.sampled_from(("same", f"e{number}"))),
            delivery=f"d{number}",
            partial=draw(st.booleans()),
            columns={
                name: f"{name} {number}"
                for name in draw(st.lists(st.sampled_from(COLUMNS), min_size=1, unique=True))
            },
        )
        for number in draw(st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True))
    ]


def result_of(
    given: Sequence[MappedChange],
    claims: dict[str, Claim],
    *,
    unfinished: bool,
    never_created: bool,
) -> tuple[list[str], list[object]]:
    """The item ids that the result names, and all of the result."""
    result = merged(*given, claims=claims, unfinished=unfinished, never_created=never_created)
    rows = [
        (columns(row), row.claims, sorted(one.occurrence.item_id for one in row.changes))
        for row in result.rows
    ]
    blocked = sorted(one.occurrence.item_id for one in result.blocked)
    ended = sorted(outcomes(result))
    named = [*blocked, *(item_id for _, _, in_row in rows for item_id in in_row)]
    return [*named, *(item_id for item_id, _ in ended)], [rows, blocked, ended]


@given(changes(), CLAIMS, st.booleans(), st.booleans())
def test_the_order_of_arrival_changes_nothing(
    given: list[MappedChange], claims: dict[str, Claim], unfinished: bool, never_created: bool
) -> None:
    results = [
        result_of(order, claims, unfinished=unfinished, never_created=never_created)
        for order in itertools.permutations(given)
    ]

    assert all(one == results[0] for one in results)


@given(changes(), CLAIMS, st.booleans(), st.booleans())
def test_each_change_is_in_a_row_or_waits_or_ends_once(
    given: list[MappedChange], claims: dict[str, Claim], unfinished: bool, never_created: bool
) -> None:
    named, _ = result_of(given, claims, unfinished=unfinished, never_created=never_created)

    redelivered = {
        one.occurrence.item_id
        for one in given
        if any(one.occurrence.item_id == claim.item_id for claim in claims.values())
    }
    assert len(named) == len(set(named))
    assert {one.occurrence.item_id for one in given} - redelivered <= set(named)
