"""What the checks of order find wrong, and what they allow."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.simulation.checks.books import Item
from tests.simulation.checks.order import _UNTOLD, _came_together, _copies, _tags, _taken_back
from tests.simulation.scenario import Record


def test_a_change_is_as_new_as_its_last_copy_that_nobody_has() -> None:
    """What the sender said last could not be imported, and an older item says the same."""
    outcomes = {"e0/0": {"imported"}, "e2/0": {"failed"}, "e3/0": {"duplicate"}}
    books: Any = SimpleNamespace(
        items={item: SimpleNamespace(received_at=0) for item in outcomes},
        outcomes_of=outcomes.__getitem__,
    )
    versions = {item: (1, item, 0, "") for item in outcomes}

    assert [one[1] for one in _copies(books, versions)] == ["e3/0"]
    assert [one[1] for one in _copies(books, versions, _UNTOLD)] == ["e2/0", "e3/0"]


@pytest.mark.parametrize("ended", ["imported", "failed"])
def test_what_a_record_became_again_is_shown_unless_mateo_failed_it(ended: str) -> None:
    values = {"d1/0": "one", "d2/0": "two", "d3/0": "two"}
    outcomes = {"d1/0": {"imported"}, "d2/0": {ended}, "d3/0": {"duplicate"}}
    items = {
        item: Item(Record("8000", 0, {"name": value}), "plain", item[:2], n, n, True, item)
        for n, (item, value) in enumerate(values.items())
    }
    wrong: list[str] = []
    books: Any = SimpleNamespace(
        items=items,
        by_key={"8000": [*items.items()]},
        outcomes_of=outcomes.__getitem__,
        wrong=lambda promise, _: wrong.append(promise),
    )

    _taken_back(books, _tags(books), {("8000", "full_name"): "one"})

    assert wrong == ["stale"] * (ended == "imported")


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (("d1", 0), ("d1", 1), True),
        (("d1", 1), ("d1", 0), False),  # the newer one first
        (("d1", 0), ("d2", 1), False),
        (("d1", 0), ("d1", 2), False),  # the latter by e-mail alone
    ],
)
def test_two_changes_came_together_in_one_delivery_under_one_name(
    first: tuple[str, int], second: tuple[str, int], together: bool
) -> None:
    items = {
        f"{delivery}/{n}": Item(
            Record("7000", 1, {}, without_id=n == 2), "erp", delivery, n, 0, True, "e"
        )
        for delivery in ("d1", "d2")
        for n in range(3)
    }
    older, newer = ((1, delivery, n, "") for delivery, n in (first, second))

    assert _came_together(SimpleNamespace(items=items), older, newer) is together  # type: ignore[arg-type]
