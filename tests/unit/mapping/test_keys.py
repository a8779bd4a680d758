"""What identifies a record, and the key that it has in the watermarks."""

import pytest

from import_relay.domain.errors import RejectedRow
from import_relay.mapping.keys import MAX_KEY, record_key


def test_the_external_id_identifies_before_any_handle() -> None:
    columns = {"email": "ada@example.com", "external_id": "7", "secondary_external_id": "8"}

    assert record_key("contact_details", columns) == "contact_details#external_id:7"


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"secondary_external_id": "8", "email": "a@example.com"}, "secondary_external_id:8"),
        ({"email": "Ada@Example.com", "sms": "+4915112345678"}, "email:ada@example.com"),
        ({"whatsapp": ["+4915112345678", "12"]}, "whatsapp:+4915112345678"),
        ({"external_id": None, "instagram": "Ada"}, "instagram:ada"),
    ],
)
def test_without_an_external_id_the_first_handle_identifies_whatever_its_case(
    columns: dict[str, object], key: str
) -> None:
    assert record_key("contact_details", columns) == f"contact_details#{key}"


@pytest.mark.parametrize("columns", [{}, {"external_id": None}, {"full_name": "Ada Example"}])
def test_a_row_without_any_identifier_is_rejected(columns: dict[str, object]) -> None:
    with pytest.raises(RejectedRow, match=r"row\.no_identifier"):
        record_key("contact_details", columns)


@pytest.mark.parametrize("type_", ["deal_details", "appointment_details"])
def test_a_handle_identifies_no_deal_and_no_appointment(type_: str) -> None:
    with pytest.raises(RejectedRow, match=r"row\.no_identifier"):
        record_key(type_, {"email": "ada@example.com"})


def test_a_very_long_identifier_fits_a_key_of_dynamodb_and_stays_distinct() -> None:
    keys = {record_key("deal_details", {"external_id": "x" * 5_000 + end}) for end in "ab"}

    assert len(keys) == 2
    assert all(len(key) < MAX_KEY for key in keys)
    longest = record_key("deal_details", {"external_id": "\N{GRINNING FACE}" * MAX_KEY})
    assert len(longest.encode()) < 2_048


def test_an_identifier_with_half_a_surrogate_pair_has_a_key() -> None:
    assert record_key("deal_details", {"external_id": "\ud800"}).endswith(":\ud800")
