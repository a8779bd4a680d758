"""Draws conditions and orders about the imports of `test_postgrest_client`.

The values are mostly those that are there, so that a condition finds some rows and not others.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.integration.mateo_emulator.emulator import Json
from tests.integration.mateo_emulator.plain_query import EXTERNAL_ID, NOTE, Filter, Group, Term, of

ORDERABLE = ("type", "total_count", "reference_id", "allow_deal_reassignment", "contact_list_id",
             "created_at", "id", EXTERNAL_ID, NOTE)  # fmt: skip
terms = st.builds(
    Term, st.sampled_from(ORDERABLE), st.booleans(), st.sampled_from([None, True, False])
)
patterns = st.text(alphabet='ana,bAZë%_*(x)1:"', max_size=6)
FLAG = "allow_deal_reassignment"
NULLABLE = ("total_count", "hints", "failed_url", "payload_url", "contact_list_id", NOTE)
COMPARING = ("eq", "neq", "gt", "gte", "lt", "lte")


def conditions(rows: Sequence[Json]) -> st.SearchStrategy[Filter | Group]:
    """Conditions about values that are there, and about some that are not."""
    present = {
        column: sorted({of(row, column) for row in rows} - {None}, key=str)
        for column in ("id", "created_at", "type", "total_count", "reference_id", EXTERNAL_ID)
    }
    absent: dict[str, list[Any]] = {
        "id": ["00000000-0000-0000-0000-000000000000"],
        "created_at": ["2020-01-01T00:00:00+00:00", "2026-01-01T12:00:00+05:30"],
        "total_count": [-1, 7],
        "reference_id": ["nobody", "a\\b", "'; --"],
        EXTERNAL_ID: ["C-99"],
    }
    texts = st.sampled_from(["reference_id", EXTERNAL_ID])
    kinds = (
        one_of_kind([one_of_values(column, [*values, *absent.get(column, [])])
                     for column, values in present.items()]),
        st.builds(Filter, texts, st.sampled_from(["like", "ilike"]), patterns, st.booleans()),
        one_of_kind([*of_json(), filters(FLAG, ["eq", "neq", "isdistinct"], [True, False])]),
        one_of_kind([filters(FLAG, ["is"], ["null", "unknown", "true", "false"]),
                     *(filters(column, ["is"], ["null"]) for column in NULLABLE)]),
    )  # fmt: skip
    return st.recursive(one_of_kind(kinds), groups, max_leaves=6)


def one_of_kind(kinds: Sequence[st.SearchStrategy[Filter]]) -> st.SearchStrategy[Filter]:
    """Each kind as often as any other, however many filters there are of it."""
    return st.sampled_from(kinds).flatmap(lambda kind: kind)


def groups(parts: st.SearchStrategy[Filter | Group]) -> st.SearchStrategy[Filter | Group]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.builds(Group, st.sampled_from(["and", "or"]), several, st.booleans())


def filters(
    column: str, operators: Sequence[str], values: Sequence[Any]
) -> st.SearchStrategy[Filter]:
    return st.builds(
        Filter, st.just(column), st.sampled_from(operators), st.sampled_from(values), st.booleans()
    )


def one_of_values(column: str, values: Sequence[Any]) -> st.SearchStrategy[Filter]:
    # PostgREST cannot tell a list of one empty text from an empty list
    lists = st.lists(st.sampled_from(values), max_size=4).filter(lambda some: some != [""])
    return one_of_kind(
        [
            filters(column, [*COMPARING, "isdistinct"], values),
            st.builds(Filter, st.just(column), st.just("in"), lists, st.booleans()),
        ]
    )


def of_json() -> list[st.SearchStrategy[Filter]]:
    parts = [
        [],
        [{}],
        [{"note": 2}],
        [{"note": "2"}],
        [{"note": None}],
        [{"tags": [1]}],
        [{"tags": []}, {"external_id": "C-3"}],
        [{"note": True}, {"note": 1}],
    ]
    wholes = [
        [],
        [{"external_id": f"C-{a}", "note": b, "tags": [0, 1, 2, b]}
         for a, b in itertools.product(range(4), (1, 10, None, True))],
    ]  # fmt: skip
    return [
        filters("payload", ["cs"], parts),
        filters("payload", ["cd"], wholes),
        filters(NOTE, [*COMPARING, "isdistinct"], [0, 2, 2.5, 10, True]),
    ]
