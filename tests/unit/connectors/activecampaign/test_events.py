"""ActiveCampaign: forms whose names nest, partial contacts, and which events count."""

import json

import pytest

from import_relay.connectors.activecampaign import events as connector
from import_relay.connectors.complete_connections import kind_mistakes, with_defaults
from import_relay.connectors.contract import Change
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.mapping.record_mapping import RecordMapping
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, sample

EVENTS = {
    "activecampaign.opened.txt": ("ignored: event_type",),
    "activecampaign.subscribe.txt": ("contact 36, partial: full_name email whatsapp",),
    "activecampaign.tag-added.txt": ("contact 36, partial: full_name email whatsapp",),
    "activecampaign.unescaped-plus.txt": ("contact 36, partial: full_name email whatsapp",),
    "activecampaign.unsubscribe.txt": ("contact 36, partial: full_name email whatsapp",),
    "activecampaign.update.txt": ("contact 36, partial: full_name email",),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(signers.path_secret, headers={"content-type": "application/x-www-form-urlencoded"})

SECRET = "example-path-secret"  # invented
CONNECTION = with_defaults(Connection("activecampaign", "activecampaign"))


def nested(body: str | bytes) -> object:
    (item,) = connector.split(request(body), {})
    assert item.event_id == content_id(item.text)
    return json.loads(item.text)


def unreadable(body: str | bytes, **headers: str) -> str:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body, headers), {})
    return caught.value.code


def interpret(item: object, connection: Connection = CONNECTION) -> Change:
    return connector.interpret(item, connection)


def row(name: str, **columns: str) -> dict[str, object]:
    change = interpret(nested(sample(name)))
    assert (change.record_type, change.partial) == ("contact", True)
    contact = RecordType("contact", columns)
    connection = with_defaults(Connection("x", "activecampaign", {}, {"contact": contact}))
    mapping = RecordMapping(connection.record_types["contact"])
    return mapping.columns(change.record, partial=change.partial).values


# ---------------------------------------------------------------- authentication


def test_the_secret_at_the_end_of_the_address_authenticates_the_sender() -> None:
    given = request(path=f"/webhooks/ac/{SECRET}")
    connector.verify(given, ["old", SECRET], {}, now=NOW)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/webhooks/ac", "signature.missing"),
        ("/webhooks/ac/", "signature.missing"),
        (f"/webhooks/{SECRET}", "signature.missing"),
        (f"/webhooks/ac/{SECRET}/", "signature.mismatch"),
        (f"/webhooks/ac/{SECRET.upper()}", "signature.mismatch"),
        (f"/webhooks/ac/x/{SECRET}", "signature.mismatch"),
    ],
)
def test_any_other_address_is_refused(path: str, code: str) -> None:
    with pytest.raises(SignatureError) as caught:
        connector.verify(request(path=path), [SECRET], {}, now=NOW)
    assert caught.value.code == code


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("contact[email]=a%40example.com", {"contact": {"email": "a@example.com"}}),
        ("contact%5Bemail%5D=a", {"contact": {"email": "a"}}),
        ("contact[fields][12]=x&contact[id]=3", {"contact": {"fields": {"12": "x"}, "id": "3"}}),
        ("list=0&list=1", {"list": "1"}),
        ("a[]=x&a[]=y", {"a": {"0": "x", "1": "y"}}),
        ("a[][b]=x&a[][b]=y", {"a": {"0": {"b": "x"}, "1": {"b": "y"}}}),
        ("a=x&a[b]=y", {"a": {"b": "y"}}),
        ("a[b]=y&a=x", {"a": "x"}),
        ("a=&b", {"a": "", "b": ""}),
        ("a=1+1%2B", {"a": "1 1+"}),
        ("a[b=1&c]=2&[d]=3&e[f]g=4&h[[i]]=5", {"a[b": "1", "c]": "2", "[d]": "3", "e[f]g": "4"}),
        ("a=Stra%C3%9Fe", {"a": "Straße"}),
        ("a=%00%EF%BF%BE", {"a": "\x00\ufffe"}),
        ("a=x;b=y", {"a": "x;b=y"}),
        ("a=x\r\n", {"a": "x"}),
    ],
)
def test_names_nest_as_in_php(body: str, expected: dict[str, object]) -> None:
    found = nested(f"type=update&{body}")
    assert isinstance(found, dict)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "delivery.wrong_shape"),
        ("contact[id]=3", "delivery.wrong_shape"),
        ("type[a]=update", "delivery.wrong_shape"),
        ('{"type": "update"}', "delivery.wrong_shape"),
        ("type=update&a=%FF", "delivery.not_utf8"),
        (b"type=update&a=\xff", "delivery.not_utf8"),
        ("type=update" + "&a=1" * 5_000, "delivery.not_form"),
        ("type=update&a" + "[b]" * 10 + "=1", "delivery.too_deep"),
        ("type=update&a" + "[b]" * 100_000 + "=1", "delivery.too_deep"),
    ],
)
def test_a_body_that_is_no_such_form_is_unreadable(body: str | bytes, code: str) -> None:
    assert unreadable(body) == code


def test_a_compressed_body_is_unreadable() -> None:
    assert unreadable("type=update", **{"content-encoding": "gzip"}) == "delivery.compressed"


# ---------------------------------------------------------------- changes


@pytest.mark.parametrize(
    "event_type", ["subscribe", "unsubscribe", "update", "contact_tag_added", "contact_tag_removed"]
)
def test_events_about_a_contact_are_partial_contacts(event_type: str) -> None:
    item = {"type": event_type, "contact": {"id": "3"}}
    assert interpret(item) == Change(item, "contact", partial=True)


@pytest.mark.parametrize("event_type", ["open", "click", "deal_add", "Update", None, ["update"]])
def test_other_events_are_ignored(event_type: object) -> None:
    assert interpret({"type": event_type, "contact": {"id": "3"}}).ignored == "event_type"


@pytest.mark.parametrize("contact", [None, "3", []])
def test_an_event_without_a_contact_is_rejected(contact: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        interpret({"type": "update", "contact": contact})
    assert (caught.value.code, caught.value.field) == ("row.not_an_object", "contact")


@pytest.mark.parametrize("item", [7, [], None, "text"])
def test_an_item_that_is_no_object_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        interpret(item)


@pytest.mark.parametrize(
    ("date_time", "version"),
    [
        ("2026-11-21T03:30:00-06:00", 1_795_253_400_000_000),
        ("2026-11-21 09:30:00", 1_795_253_400_000_000),
        ("", None),
        (None, None),
        ({"a": "b"}, None),
    ],
)
def test_the_events_time_orders_the_changes(date_time: object, version: int | None) -> None:
    item = {"type": "update", "date_time": date_time, "contact": {"id": "3"}}
    assert interpret(item).version == version


# ---------------------------------------------------------------- mapping


def test_a_subscription_is_mapped() -> None:
    assert row("activecampaign.subscribe.txt") == {
        "external_id": "36",
        "full_name": "Mara Example",
        "email": "mara@example.com",
        "whatsapp": "+493023125001",
    }


def test_custom_fields_can_be_mapped_by_their_number() -> None:
    columns = row("activecampaign.update.txt", loyalty='contact.fields."1"', other="contact.x")
    assert (columns["loyalty"], "other" in columns) == ("gold", False)


def test_a_field_that_an_event_does_not_hold_is_not_set() -> None:
    assert "loyalty" not in row("activecampaign.tag-added.txt", loyalty='contact.fields."1"')


def test_an_unsubscription_can_be_mapped_to_declined() -> None:
    consent = "type == 'unsubscribe' && 'declined' || null"
    assert row("activecampaign.unsubscribe.txt", newsletter=consent)["newsletter"] == "declined"
    assert "newsletter" not in row("activecampaign.subscribe.txt", newsletter=consent)


def test_an_opened_mail_is_ignored() -> None:
    assert interpret(nested(sample("activecampaign.opened.txt"))).ignored == "event_type"


# ---------------------------------------------------------------- options


def test_there_are_no_options_and_no_other_record_types() -> None:
    types = {"deal": RecordType("deal", {"external_id": "deal.id"})}
    given = Connection("ac", "activecampaign", {"auth": "path"}, types)
    assert [key for key, _ in kind_mistakes(connector, given)] == ["auth", "deal"]
    assert list(kind_mistakes(connector, CONNECTION)) == []
