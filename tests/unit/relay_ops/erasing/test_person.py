"""What makes a record a person's, and what does not."""

import pytest

from relay_ops.erasing.person import Known, Person


def test_a_deal_is_a_persons_unless_its_row_names_another_contact() -> None:
    eve = Person(Known(ids={"external_id:7"}, keys={"deal_details#external_id:D-1"}))
    assert eve.has_row("deal_details", {"external_id": "D-1", "contact_external_id": "7"})
    assert eve.has_row("deal_details", {"external_id": "D-1", "name": "moved"})
    assert not eve.has_row("deal_details", {"external_id": "D-1", "contact_external_id": "2"})


@pytest.mark.parametrize(
    "record",
    [
        "7;Eve;Eve@example.com;x",
        "7,Eve,+49 171 2345678",
        {"people": '[{"mail": "eve@example.com"}]'},
    ],
)
def test_a_line_that_was_not_split_and_a_cell_of_json_are_searched(record: object) -> None:
    eve = Person(Known(handles={"email:eve@example.com", "phone:491712345678"}))
    assert eve.has_record(record)
    assert not eve.has_record("7;Steve;steve@example.com;+49 171 99")
    assert not eve.has_record({"note": "met Eve, eve@example.com, twice", "id": 2})
