"""What an import reserves of a day, as an entry keeps it and as an update writes it."""

import pytest

from import_relay.domain.lanes import Lane
from import_relay.storage.item_writes import attribute
from import_relay.storage.reservations import (
    Charge,
    Counter,
    Reservation,
    charges_of,
    charges_text,
    released,
    reserved,
    room_for,
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


def test_a_counter_that_does_not_exist_yet_has_room_only_if_its_limit_leaves_any() -> None:
    counters = [Counter("a", 1, 0), Counter("b", 2, -1), Counter("c", 3)]

    assert room_for(counters) == (attribute("a").not_exists() | attribute("a").lte(0)) & attribute(
        "b"
    ).lte(-1)
    assert room_for([Counter("c", 3)]) is None
