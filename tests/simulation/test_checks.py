"""What the checks of a run find wrong, and what they allow."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from import_relay.storage.entries import State
from import_relay.submit import merging
from tests.simulation.checks.books import Applied, Books, Item
from tests.simulation.checks.counts import check_outcome_counts
from tests.simulation.checks.imports import check_imports
from tests.simulation.checks.limits import _insistence
from tests.simulation.checks.order import check_order
from tests.simulation.scenario import (
    POISON,
    Account,
    FaultProfile,
    PutBack,
    Record,
    Scenario,
    Webhook,
)
from tests.simulation.simulation import run
from tests.simulation.workload import FIRST_VERSION
from tests.support.aws import LEDGER

PROMPT = Account(batching_window_s=1.0)


def change(connection: str = "erp", **fields: str) -> Record:
    """A change of one contact; all of them have the same version."""
    everything = dict.fromkeys(("name", "city", "zip"), "first") if connection == "erp" else {}
    return Record("1000", FIRST_VERSION, everything | fields)


def broken(webhooks: Sequence[Webhook]) -> set[str]:
    """What is wrong in a run without any fault."""
    return {one.what for one in run(Scenario(9026, webhooks, account=PROMPT)).violations}


def test_a_repetition_may_lose_to_another_sender_of_the_same_version() -> None:
    erp = change()
    assert not broken(
        [
            Webhook(0.0, "erp", "e0", [erp]),
            Webhook(9.0, "hub", "e1", [change("hub", zip="second")]),
            Webhook(13.0, "erp", "e0", [erp]),
        ]
    )


@pytest.mark.parametrize(
    "others",
    [
        [],
        [Webhook(2.0, "hub", "e1", [change("hub", zip="x")])],
        [Webhook(2.0, "erp", "e1", [change(name="three")])],
    ],
)
@pytest.mark.parametrize("noted", [True, False])
def test_a_repeated_pair_of_changes_ends_with_the_second(
    noted: bool, others: list[Webhook], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not noted:  # the second is a duplicate at once, while the first waits
        monkeypatch.setattr(merging, "repeated", lambda claim, _: claim)
    pair = [change(name="one"), change(name="two")]
    found = broken([Webhook(0.0, "erp", "e0", pair), *others, Webhook(3.0, "erp", "e0", pair)])
    says = {"full_name": "one", "city": "first", "zipcode": "first"}
    stale = {f"1000: {column} of {value} after a newer one" for column, value in says.items()}
    assert found == (set() if noted else stale)


def test_a_change_that_was_sent_again_may_win_over_another_sender_of_the_same_version() -> None:
    said = change("hub", city="said")
    assert not broken(
        [
            Webhook(0.0, "hub", "e0", [said]),
            Webhook(2.5, "erp", "e1", [change()]),
            Webhook(5.0, "hub", "e0", [said]),
        ]
    )


def test_a_dead_letter_does_not_undo_a_repetition_that_came_after_it() -> None:
    said, kills = (Record("p1000", 0, {"name": name}) for name in ("one", POISON))
    pair = Webhook(3.0, "plain", "e1", [kills, said])
    assert not broken([Webhook(0.0, "plain", "e1", [said]), pair])


@pytest.mark.parametrize(
    ("applied", "is_stale"),
    [
        (["d1", "d1.r2", "d1.r1"], False),
        (["d1", "d2", "d1"], True),
        (["d1", "d2", "d2.r2", "d2.r1"], False),
        (["d2", "d2.r2", "d1.r1"], True),
    ],
)
def test_what_is_put_back_twice_may_come_in_any_order(applied: list[str], is_stale: bool) -> None:
    """Two webhooks of one version, of which the later one is newer, and two replays of them."""
    items = {f"{one}/0": Item(change(name=one[:2]), "erp", one, 0, 0, True, "e") for one in applied}
    wrong: list[str] = []
    books: Any = SimpleNamespace(
        items=items,
        applied=[
            Applied(0.0, "1000", {"full_name": one[:2]}, [f"{one}/0"], too_late=False)
            for one in applied
        ],
        by_key={},
        outcomes_of=lambda _: set(),
        wrong=lambda promise, _: wrong.append(promise),
    )

    check_order(books)

    assert wrong == ["stale"] * is_stale


def test_an_import_without_an_id_belongs_to_the_last_entry_before_it() -> None:
    """A replay posts the same payload again, and nobody ever learns the id of either import."""
    imports = {
        name: SimpleNamespace(payload=[], created_at=at) for name, at in (("a", 5), ("b", 99))
    }
    relay: Any = SimpleNamespace(mateo=SimpleNamespace(imports=imports))
    books = Books(relay, SimpleNamespace())  # type: ignore[arg-type]
    given_up = {"state": State.TIMED_OUT, "import_id": ""}
    books.entries = [
        {**given_up, "reference": "first", "created_at": 4.0},
        {**given_up, "reference": "second", "created_at": 98.0},
    ]
    books.frozen = {"first": ([], []), "second": ([], [])}

    assert [books._given_up(one) for one in imports] == ["first", "second"]


@pytest.mark.parametrize(
    ("unsure", "is_duplicated"), [("", True), ("1", False), ("2", True), ("12", False)]
)
def test_what_is_repeated_is_imported_again_only_if_it_may_have_failed(
    unsure: str, is_duplicated: bool
) -> None:
    items = {f"d{n}/0": Item(change(), "erp", f"d{n}", 0, 0, True, "e") for n in (1, 2)}
    wrong: list[str] = []
    books: Any = SimpleNamespace(
        relay=SimpleNamespace(mateo=SimpleNamespace(imports={})),
        entries=[],
        frozen={},
        times_applied=dict.fromkeys(items, 1),
        applied=[Applied(n, "1000", {}, [one], too_late=False) for n, one in enumerate(items)],
        by_key={"1000": [*items.items()][::-1]},
        outcomes={one: {"imported"} for one in items},
        unsure={f"d{n}/0" for n in unsure},
        wrong=lambda promise, _: wrong.append(promise),
    )

    check_imports(books)

    assert wrong == ["duplicated"] * is_duplicated


@pytest.mark.parametrize(
    ("between", "outcome", "is_duplicated"),
    [
        (("d1.r1/0", change(), "e"), "imported", True),
        (("d1.r1/0", change(), "e"), "failed", False),  # put back in vain
        (("d1.r1/0", change(), "e"), "unaccounted", False),  # perhaps
        (("d3.r1/0", change(name="second"), "other"), "imported", False),
    ],
)
def test_a_change_may_be_imported_again_after_something_came_in_between(
    between: tuple[str, Record, str], outcome: str, is_duplicated: bool
) -> None:
    item, record, event = between
    items = {f"d{n}/0": Item(change(), "erp", f"d{n}", 0, 0, True, "e") for n in (1, 2)}
    items[item] = Item(record, "erp", item.partition("/")[0], 0, 0, True, event)
    outcomes = {one: {"imported"} for one in items} | {item: {outcome}}
    wrong: list[str] = []
    books: Any = SimpleNamespace(
        relay=SimpleNamespace(mateo=SimpleNamespace(imports={})),
        entries=[],
        frozen={},
        times_applied={},
        applied=[Applied(n, "1000", {}, [one], too_late=False) for n, one in enumerate(items)],
        by_key={"1000": [*items.items()]},
        outcomes=outcomes,
        outcomes_of=lambda one: outcomes[one],
        unsure=set(),
        wrong=lambda promise, _: wrong.append(promise),
    )

    check_imports(books)

    assert wrong == ["duplicated"] * is_duplicated


@pytest.mark.parametrize(
    ("double_execution", "looked_for", "refused", "is_too_much"),
    [
        (0.0, 1, 20, False),
        (0.0, 1, 21, True),
        (0.5, 1, 40, False),
        (0.5, 1, 41, True),
        (0.0, 2, 28, False),
        (0.0, 2, 29, True),
    ],
)
def test_each_execution_of_an_import_may_post_while_all_is_refused(
    double_execution: float, looked_for: int, refused: int, is_too_much: bool
) -> None:
    wrong: list[str] = []
    books: Any = SimpleNamespace(
        relay=SimpleNamespace(
            fault_profile=FaultProfile(double_execution=double_execution),
            mateo=SimpleNamespace(
                requests=[SimpleNamespace(at=60.0 * n, why="spent") for n in range(refused)]
            ),
        ),
        entries=[{"posts": 1, "absent": 0}, *[{"posts": 1, "absent": 1}] * looked_for],
        wrong=lambda promise, _: wrong.append(promise),
    )

    _insistence(books)

    assert wrong == ["over-limit"] * is_too_much


def test_a_column_stays_as_it_was_if_a_newer_change_of_it_failed() -> None:
    """An older whole record leaves the column out: the newer value waits for a person."""
    first, older = change(), change(name="second", city="second", zip="second")
    newer = replace(change("hub", city="FAIL"), version=FIRST_VERSION + 5_000, failing=True)
    webhooks = [Webhook(0.0, "erp", "e0", [first]), Webhook(100.0, "hub", "e1", [newer])]
    assert not broken([*webhooks, Webhook(200.0, "erp", "e2", [older])])


def test_a_record_may_be_refused_for_a_value_that_only_a_test_told() -> None:
    """A webhook names the record, and when it is fetched the CRM shows the test's value."""
    told = {
        "e1": {"name": "one", "city": "one", "zip": "one"},
        "e2": {"name": "two", "city": "REFUSE", "zip": "two"},
    }
    changes = [
        Webhook(
            2.0 + n,
            "crm",
            event,
            [Record("1001", FIRST_VERSION + n * 1_000, fields, failing=event == "e2")],
            is_test=event == "e2",
        )
        for n, (event, fields) in enumerate(told.items())
    ]
    found = run(Scenario(1, changes), trace=True)
    assert found.violations == []
    assert "item.dead_lettered" in {one.what for one in found.trace}


def test_the_newest_value_may_wait_as_what_a_person_put_back() -> None:
    """An older webhook is put back when the CRM shows the newest value, which Mateo refuses. The
    webhook of that value ends as a duplicate of what was put back.
    """
    fields = ({"name": name, "city": name, "zip": name} for name in ("one", "REFUSE"))
    changes = [
        Webhook(2.2 * n, "crm", f"e{n}", [Record("1001", FIRST_VERSION + n, said, failing=n == 1)])
        for n, said in enumerate(fields)
    ]
    found = run(Scenario(1, changes, put_back=[PutBack(62.0)], account=PROMPT), trace=True)
    assert found.violations == []
    assert "item.dead_lettered" in {one.what for one in found.trace}


@pytest.mark.parametrize(
    ("counted", "is_dead_letter", "wrong"),
    [("1", False, False), ("0", False, True), ("0", True, False), ("1", True, False)],
)
def test_what_a_dying_process_said_of_a_dead_letter_need_not_be_counted(
    counted: str, is_dead_letter: bool, wrong: bool
) -> None:
    """The row that it was a copy of was refused since, so that it was tried itself, in vain."""
    day = "2026-10-31"
    relay = SimpleNamespace(
        dynamodb=SimpleNamespace(
            tables={LEDGER: {f"counts#{day}": {"duplicate": {"N": counted}}}},
        ),
        limits=SimpleNamespace(day=lambda _: day),
        unproven={"d2/0"} if is_dead_letter else set(),
    )
    found: list[str] = []
    books: Any = SimpleNamespace(
        relay=relay,
        outcomes={"d2/0": {"duplicate"}},
        items={"d2/0": Item(change(), "erp", "d2", 0, 0, True, "e")},
        wrong=lambda promise, _: found.append(promise),
    )

    check_outcome_counts(books)

    assert found == ["miscounted"] * wrong
