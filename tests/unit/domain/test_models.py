"""Item ids, rows, and what the request of an import says besides its payload."""

import pytest

from import_relay.domain.models import ImportOptions, ItemOutcome, Outcome, Row
from tests.support.builders import CONTACTS, change, occurrence


@pytest.mark.parametrize(
    ("options", "head"),
    [
        (ImportOptions("contact_details"), {"type": "contact_details"}),
        (
            ImportOptions("contact_details", contact_list_id="l1"),
            {"type": "contact_details", "contact_list_id": "l1"},
        ),
        (
            ImportOptions("contact_details", contact_list_external_id="customers"),
            {"type": "contact_details", "contact_list_external_id": "customers"},
        ),
        (
            ImportOptions("deal_details", allow_reassignment=True),
            {"type": "deal_details", "allow_deal_reassignment": True},
        ),
        (
            ImportOptions("appointment_details", allow_reassignment=False),
            {"type": "appointment_details", "allow_appointment_reassignment": False},
        ),
    ],
)
def test_an_import_says_only_what_was_configured(
    options: ImportOptions, head: dict[str, object]
) -> None:
    assert options.body_head() == head


def test_item_ids_of_attempts_differ_and_the_first_has_no_number() -> None:
    assert occurrence(3, delivery="d1").item_id == "d1/3"
    assert occurrence(3, delivery="d1", attempt=2).item_id == "d1/3~2"


def test_a_row_names_all_items_that_share_its_fate() -> None:
    shadowed = ItemOutcome(occurrence(2), Outcome.SUPERSEDED)
    row = Row("k", b"{}", CONTACTS, (change(number=0), change(number=1)), {}, (shadowed,))

    assert row.item_ids == ("d1/0", "d1/1", "d1/2")
