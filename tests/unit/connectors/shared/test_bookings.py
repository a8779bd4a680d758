"""What booking tools have in common: two items for each booking, and a person's address as id."""

import json

import pytest

from import_relay.connectors.shared.bookings import (
    auth_mistakes,
    booked,
    check_auth,
    items,
    person,
)
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow, SignatureError
from tests.support.webhooks import request

TEXT = '{"id":12345678901234567890,"uid":"b1"}'


def test_a_booking_is_an_item_for_each_record_with_the_event_as_it_was_received() -> None:
    found = items("e1", TEXT, ("contact", "appointment"))

    assert [one.event_id for one in found] == ["e1", "e1"]
    assert all(TEXT in one.text for one in found)
    assert [booked(json.loads(one.text)) for one in found] == [
        ("contact", json.loads(TEXT)),
        ("appointment", json.loads(TEXT)),
    ]


@pytest.mark.parametrize("item", [None, [], {}, {"record": 1, "event": {}}, {"record": "contact"}])
def test_an_item_that_is_no_booking_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        booked(item)


@pytest.mark.parametrize(
    ("email", "reachable", "known"),
    [
        (" Ada@Example.com ", True, {"id": "ada@example.com", "email": "Ada@Example.com"}),
        ("4915112345678@sms.cal.com", False, {"id": "4915112345678@sms.cal.com", "email": None}),
        ("", True, {"id": None, "email": None}),
        (None, True, {"id": None, "email": None}),
    ],
)
def test_a_person_is_known_by_its_address_in_lower_case(
    email: object, reachable: bool, known: dict[str, object]
) -> None:
    assert person(email, reachable=reachable) == known


def test_a_sender_that_signs_nothing_needs_a_secret_in_its_address() -> None:
    def refuse(*_: object) -> None:
        raise SignatureError("signature.mismatch")

    check_auth(request("{}", path="/webhooks/c/s3cret"), ["s3cret"], {"auth": "path"}, refuse)
    for path, options in (("/webhooks/c/wrong", {"auth": "path"}), ("/webhooks/c/s3cret", {})):
        with pytest.raises(SignatureError):
            check_auth(request("{}", path=path), ["s3cret"], options, refuse)


def test_an_unsupported_method_is_a_mistake() -> None:
    given = Connection("c", "calendly", {"auth": "none"})

    assert [key for key, _ in auth_mistakes(given)] == ["auth"]
    assert not list(auth_mistakes(Connection("c", "calendly", {"auth": "path"})))
