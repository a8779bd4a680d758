"""Identifiers by which the rows of an import are recognised, however Mateo shows them."""

import pytest

from import_relay.mapping.identifiers import Likeness, identifiers, likeness

ADA = {"external_id": "1", "email": "ada@example.com", "full_name": "Ada"}
BOB = {"external_id": "2", "full_name": "Bob"}


@pytest.mark.parametrize(
    ("posted", "shown"),
    [
        ("+493023125001", "+49 30 23125001"),
        ("+493023125001", "030 / 2312-5001"),
        ("+493023125001", ["0049 30 23125001"]),
        (["12", "+493023125001"], "+493023125001"),
    ],
)
def test_a_phone_number_is_the_same_in_each_of_its_forms(posted: object, shown: object) -> None:
    assert likeness([{"whatsapp": posted}], [{"sms": shown}]) is Likeness.SAME


@pytest.mark.parametrize(
    "column", ["email", "instagram", "facebook", "google_business_messaging", "postal"]
)
def test_a_handle_is_the_same_whatever_its_case(column: str) -> None:
    assert likeness([{column: "Ada.X"}], [{column: " ada.x "}]) is Likeness.SAME


def test_external_ids_in_another_case_may_be_the_same() -> None:
    assert likeness([{"external_id": "00Aa"}], [{"external_id": "00AA"}]) is Likeness.SHARED


def test_the_order_of_rows_does_not_matter() -> None:
    assert likeness([ADA, BOB], [BOB, ADA]) is Likeness.SAME


def test_each_row_needs_one_of_its_own() -> None:
    twice = [{"email": "ada@example.com"}, {"email": "ADA@example.com"}]

    assert likeness(twice, [twice[0], BOB]) is Likeness.SHARED
    assert likeness(twice, twice) is Likeness.SAME


def test_an_external_id_counts_more_than_a_handle() -> None:
    other = {"external_id": "9", "email": "ada@example.com"}

    assert likeness([ADA], [other]) is Likeness.SHARED


def test_another_number_of_rows_is_another_import() -> None:
    assert likeness([ADA], [ADA, BOB]) is Likeness.OTHER


def test_rows_that_share_nothing_are_others() -> None:
    assert likeness([ADA], [BOB]) is Likeness.OTHER
    assert likeness([ADA, BOB], [{"external_id": "8"}, {"email": "8@x"}]) is Likeness.OTHER


@pytest.mark.parametrize("shown", ["no row", {}, {"row": ADA}, {"externalId": "1"}])
def test_a_row_without_an_identifier_cannot_be_read(shown: object) -> None:
    assert likeness([ADA, BOB], [{"external_id": "8"}, shown]) is Likeness.UNREADABLE
    assert likeness([ADA, BOB], [BOB, shown]) is Likeness.SHARED


def test_empty_values_identify_nothing() -> None:
    assert (
        identifiers({"external_id": "", "email": None, "whatsapp": ["", None], "sms": "-"}) == set()
    )
