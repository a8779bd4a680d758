"""What an import reserves of a day, as an entry keeps it and as an update writes it."""

import pytest

from import_relay.domain.lanes import Lane
from import_relay.storage.reservations import (
    Charge,
    Counter,
    Reservation,
    charges_of,
    charges_text,
    released,
    reserved,
    update_of,
)

CHARGES = {"erp": Charge(3, 10), "shop-2": Charge(120, 5_000)}


@pytest.mark.parametrize("charges", [{}, CHARGES, {"a_b": Charge(0, 1)}])
def test_an_entry_keeps_what_connections_pay(charges: dict[str, Charge]) -> None:
    assert charges_of(charges_text(charges)) == charges


def test_the_text_of_charges_does_not_depend_on_their_order() -> None:
    assert charges_text(CHARGES) == charges_text(dict(reversed(CHARGES.items())))
    assert charges_text(CHARGES) == "erp=3/10 shop-2=120/5000"


def test_each_limit_leaves_room_for_the_rows() -> None:
    counters = reserved(
        Reservation("2026-11-21", 200, Lane.BULK, CHARGES), entities=1_000, bulk_entities=800
    )

    assert counters == [
        Counter("entities", 200, 800),
        Counter("imports", 1),
        Counter("bulk_entities", 200, 600),
        Counter("entities_of#erp", 3, 7),
        Counter("entities_of#shop-2", 120, 4_880),
    ]


def test_what_is_released_is_what_was_reserved_without_a_condition() -> None:
    counters = released(Reservation("2026-11-21", 200, Lane.BULK, CHARGES))

    assert [(one.name, one.amount, one.most) for one in counters] == [
        ("entities", -200, None),
        ("imports", -1, None),
        ("bulk_entities", -200, None),
        ("entities_of#erp", -3, None),
        ("entities_of#shop-2", -120, None),
    ]


def test_a_counter_that_nobody_touched_has_room_only_if_there_is_any() -> None:
    update = update_of(
        [Counter("a", 1, 0), Counter("b", 2, -1), Counter("c", 3)], expires_at=7, limits={"d": 9}
    )

    assert update == {
        "UpdateExpression": (
            "SET expires_at = if_not_exists(expires_at, :expires), #limit0 = :limit0 "
            "ADD #counter0 :amount0, #counter1 :amount1, #counter2 :amount2"
        ),
        "ConditionExpression": (
            "(attribute_not_exists(#counter0) OR #counter0 <= :most0) AND (#counter1 <= :most1)"
        ),
        "ExpressionAttributeNames": {
            "#counter0": "a",
            "#counter1": "b",
            "#counter2": "c",
            "#limit0": "d",
        },
        "ExpressionAttributeValues": {
            ":amount0": {"N": "1"},
            ":amount1": {"N": "2"},
            ":amount2": {"N": "3"},
            ":limit0": {"N": "9"},
            ":most0": {"N": "0"},
            ":most1": {"N": "-1"},
            ":expires": {"N": "7"},
        },
    }
