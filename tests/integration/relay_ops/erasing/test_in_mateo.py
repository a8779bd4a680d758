"""Mateo's contacts are found by each spelling of a handle, and deleted one by one."""

import json

import pytest

from import_relay.storage.pacing import Permit, Permits
from relay_ops.checking import check_file
from relay_ops.erasing.in_mateo import delete_in_mateo, filters_of
from relay_ops.erasing.person import Known, learn_row
from relay_ops.exits import CommandError
from relay_ops.mateo import MateoAccount, account_of
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import Contacts, contacts
from tests.support.webhooks import ROOT

__all__ = ["contacts"]  # fixtures


def test_a_deletion_in_mateo_names_one_contact(stack: Stack, contacts: Contacts) -> None:
    for wrong in ("", "*", "eq.1", "7"):
        with pytest.raises(ValueError, match="UUID"):
            MateoAccount(stack).delete_contact(wrong)
    assert contacts.asked == []


def test_a_request_that_mateo_refuses_with_429_is_repeated(
    stack: Stack, contacts: Contacts
) -> None:
    slept: list[float] = []
    account = MateoAccount(stack, slept.append)
    contacts.busy = 3

    account.delete_contact(contacts.left["7"])

    assert [method for method, _ in contacts.asked] == ["DELETE"] * 4
    assert account.requests == 4
    assert slept == [1.0, 2.0, 4.0]
    assert "7" not in contacts.left


def test_a_request_is_repeated_three_times_at_most(stack: Stack, contacts: Contacts) -> None:
    contacts.busy = 10
    with pytest.raises(CommandError, match="status 429"):
        MateoAccount(stack, lambda _: None).get("contact_details", {"external_id": "eq.7"})
    assert len(contacts.asked) == 4


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> list[Permit]:
    """Permits that were renewed, since the first one expires while the connection is made."""
    renewed: list[Permit] = []

    def renew(permits: Permits, permit: Permit) -> Permit:
        renewed.append(taken(permits, permit))
        return renewed[-1]

    taken = Permits.renew
    monkeypatch.setattr(Permits, "renew", renew)
    monkeypatch.setattr(Permits, "is_in_time", lambda _, permit: permit in renewed)
    return renewed


def test_a_request_leaves_in_another_permit_if_connecting_took_longer_than_its_own(
    stack: Stack, contacts: Contacts, late: list[Permit]
) -> None:
    account = MateoAccount(stack)

    account.delete_contact(contacts.left["7"])

    assert (len(late), account.requests) == (1, 1)
    assert "7" not in contacts.left


def test_a_request_without_another_permit_does_not_leave(
    stack: Stack, contacts: Contacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Permits, "is_in_time", lambda *_: False)
    with pytest.raises(CommandError, match="busy"):
        MateoAccount(stack).delete_contact(contacts.left["7"])
    with pytest.raises(CommandError, match="busy"):
        check_file(ROOT / "layers" / "connections" / "connections.toml", account_of(stack))
    assert contacts.asked == []


def test_mateo_is_asked_for_each_spelling_and_for_no_blank() -> None:
    known = Known(ids={"external_id: ", "external_id:"})
    learn_row(known, "contact_details", {"email": "Eve@Example.com", "instagram": "eve"}, "")
    again = Known.of_object(json.loads(json.dumps(known.as_object())))
    assert sorted(filters_of(again)) == [
        ("email", "Eve@Example.com"),
        ("email", "eve@example.com"),
        ("instagram", "eve"),
    ]


def test_an_id_that_is_no_uuid_is_an_error_and_nothing_is_deleted(
    stack: Stack, contacts: Contacts
) -> None:
    contacts.left["7"] = "no id"
    with pytest.raises(CommandError, match="no id of a contact"):
        delete_in_mateo(stack, Known(ids={"external_id:7"}))
    assert {method for method, _ in contacts.asked} == {"GET"}
