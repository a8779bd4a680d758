"""Every file in events/ is what its source reads, and becomes what is expected of it.

A file is named `<connection>.<case>`, by the connections of connections.toml; there is one of each
kind, which is named like it.
"""

import json
from functools import cache

import pytest

from import_relay.check.check_connections import check
from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.authentic import CONNECTIONS, SECRETS, connection_of, mapped, requests_of
from tests.support.webhooks import ROOT

FILE = ROOT / "layers" / "connections" / "connections.toml"
FUNCTIONS = frozenset(path.name for path in (ROOT / "functions").iterdir())

EXPECTED = {
    "activecampaign.opened.txt": ("ignored: event_type",),
    "activecampaign.subscribe.txt": ("contact 36, partial: full_name email whatsapp",),
    "activecampaign.tag-added.txt": ("contact 36, partial: full_name email whatsapp",),
    "activecampaign.unescaped-plus.txt": ("contact 36, partial: full_name email whatsapp",),
    "activecampaign.unsubscribe.txt": ("contact 36, partial: full_name email whatsapp",),
    "activecampaign.update.txt": ("contact 36, partial: full_name email",),
    "attio.deal-updated.json": ("rejected: row.token_missing",),
    "attio.list-entry-updated.json": ("ignored: entity",),
    "attio.people-merged.json": ("ignored: merged",),
    "attio.person-created.json": ("rejected: row.token_missing",),
    "attio.person-deleted.json": ("ignored: deleted",),
    "calcom.booking-cancelled.json": (
        "appointment …d00001: name start_time end_time cancelled_at contact_external_id",
    ),
    "calcom.booking-created.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …d00001: name start_time end_time contact_external_id",
    ),
    "calcom.booking-requested.json": (
        "appointment …d00001, partial: start_time end_time cancelled_at contact_external_id",
    ),
    "calcom.booking-rescheduled.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …d00002: name start_time end_time contact_external_id",
        "appointment …d00001, partial: start_time end_time cancelled_at contact_external_id",
    ),
    "calcom.phone-call.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …d00003: name start_time end_time contact_external_id",
    ),
    "calcom.ping.json": ("ignored: test",),
    "calendly.invitee-canceled.json": (
        "appointment …EE0001: name start_time end_time cancelled_at contact_external_id",
    ),
    "calendly.invitee-created.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …EE0001: name start_time end_time contact_external_id",
    ),
    "calendly.invitee-no-show.json": ("ignored: event_type",),
    "calendly.phone-call.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …EE0004: name start_time end_time contact_external_id",
    ),
    "calendly.rescheduled-new-invitee.json": (
        "contact ada@example.com: full_name email whatsapp",
        "appointment …EE0002: name start_time end_time contact_external_id",
    ),
    "calendly.rescheduled-old-invitee.json": (
        "appointment …EE0001: name start_time end_time cancelled_at contact_external_id",
    ),
    "close.contact-created.json": ("contact …mple01: full_name email whatsapp",),
    "close.contact-deleted.json": ("ignored: deleted",),
    "close.lead-updated.json": ("ignored: entity",),
    "close.meeting-canceled.json": (
        "appointment …mple01: name start_time end_time cancelled_at contact_external_id",
    ),
    "close.meeting-scheduled.json": (
        "appointment …mple01: name start_time end_time contact_external_id",
    ),
    "close.opportunity-updated.json": ("deal …mple01: name contact_external_id",),
    "cloudevents.batch.json": (
        "contact 1002: full_name email whatsapp",
        "ignored: event_type",
        "contact 1004: full_name email",
    ),
    "cloudevents.binary.json": ("contact 1005: full_name email whatsapp",),
    "cloudevents.contact-updated.json": ("contact 1001: full_name email whatsapp",),
    "cloudevents.plain-json.json": ("contact 1006: full_name email whatsapp",),
    "dataverse.appointment-canceled.json": ("appointment …000003, partial: cancelled_at",),
    "dataverse.appointment-created.json": (
        "appointment …000003: name description start_time end_time contact_external_id",
    ),
    "dataverse.appointment-of-a-whole-day.json": (
        "appointment …000003: name description start_time end_time contact_external_id",
    ),
    "dataverse.contact-created.json": (
        "contact …000001: full_name email whatsapp address_line1 zipcode city",
    ),
    "dataverse.contact-deleted.json": ("ignored: deleted",),
    "dataverse.contact-too-large.json": ("rejected: row.incomplete",),
    "dataverse.contact-updated.json": ("contact …000001, partial: full_name email",),
    "dataverse.opportunity-updated.json": ("deal …000002: name description contact_external_id",),
    "hubspot.appointment-changed.json": ("appointment 0-421-29010001, partial: start_time",),
    "hubspot.company-changed.json": ("ignored: entity",),
    "hubspot.contact-created.json": (
        "rejected: row.token_missing",
        "rejected: row.token_missing",
    ),
    "hubspot.contact-deleted.json": (
        "ignored: deleted",
        "ignored: deleted",
    ),
    "hubspot.contact-merged.json": ("ignored: merged",),
    "hubspot.contact-properties-changed.json": (
        "contact 1246965, partial: email",
        "contact 1246965, partial: city",
        "contact 1246978, partial: email",
    ),
    "hubspot.deal-associated.json": (
        "deal 8100001, partial: contact_external_id",
        "deal 8100001, partial: name",
    ),
    "hubspot.deal-dissociated.json": ("rejected: row.token_missing",),
    "hubspot.meeting-canceled.json": ("appointment 0-47-29010002, partial: cancelled_at",),
    "hubspot.sensitive-property-changed.json": ("rejected: row.token_missing",),
    "hubspot_workflow.company.json": ("ignored: entity",),
    "hubspot_workflow.contact.json": (
        "contact 251: full_name email whatsapp address_line1 zipcode city",
    ),
    "hubspot_workflow.deal.json": ("deal 8100001: name",),
    "json.batch.json": (
        (
            "contact 10001: full_name email whatsapp birthday address_line1 zipcode city "
            "loyalty_level newsletter"
        ),
        (
            "contact 10002: full_name email whatsapp address_line1 zipcode city "
            "loyalty_level newsletter"
        ),
        "contact 9007199254740993: full_name email",
    ),
    "json.customer-changed.json": (
        (
            "contact 10001: full_name email whatsapp birthday address_line1 zipcode city "
            "loyalty_level newsletter"
        ),
    ),
    "json.enveloped.json": ("contact 10001: full_name email", "contact 10002: full_name email"),
    "json.line-feed-in-text.json": ("contact 10001: full_name",),
    "json.lines.ndjson": ("contact 10001: full_name email", "contact 10002: full_name email"),
    "json.utf-16.json": ("contact 10001: full_name",),
    "json.windows-1252.json": ("contact 10001: full_name",),
    "pipedrive.activity-created.json": (
        "appointment 2: name description start_time end_time contact_external_id",
    ),
    "pipedrive.deal-changed.json": ("deal 1: name contact_external_id status_key",),
    "pipedrive.person-created.json": ("contact 3: full_name email whatsapp loyalty_level",),
    "pipedrive.person-deleted.json": ("ignored: deleted",),
    "pipedrive.person-merged.json": ("ignored: merged",),
    "pipedrive.v1-activity-added.json": (
        "appointment 2: name description start_time end_time contact_external_id",
    ),
    "pipedrive.v1-deal-updated.json": ("deal 1: name contact_external_id status_key",),
    "pipedrive.v1-person-added.json": ("contact 3: full_name email whatsapp",),
    "pipedrive.v1-person-deleted.json": ("ignored: deleted",),
    "salesforce_cdc.contact-changed.json": (
        "contact 003Xx0000004adAIAQ, partial: full_name email",
    ),
    "salesforce_cdc.contact-created.json": (
        "contact 003Xx0000004adCIAQ: full_name email whatsapp birthday",
    ),
    "salesforce_cdc.contact-deleted.json": ("ignored: deleted",),
    "salesforce_cdc.contact-gap.json": ("rejected: row.token_missing",),
    "salesforce_cdc.contact-overflow.json": ("rejected: row.incomplete",),
    "salesforce_cdc.contacts-changed-together.json": (
        "contact 003Xx0000004adAIAQ, partial: city",
        "contact 003Xx0000004adBIAQ, partial: city",
    ),
    "salesforce_cdc.contacts-converted.json": ("rejected: row.incomplete",),
    "salesforce_cdc.event-created.json": (
        "appointment 00UXx0000005evTMAQ: name start_time end_time contact_external_id",
    ),
    "salesforce_cdc.lead-changed.json": (
        "contact 00QXx0000002leDMAQ, partial: address_line1 zipcode",
    ),
    "salesforce_cdc.opportunity-created.json": (
        "deal 006Xx0000003opPIAQ: name description contact_external_id",
    ),
    "salesforce_cdc.opportunity-description-changed.json": (
        "deal 006Xx0000003opPIAQ, partial: name",
    ),
    "salesforce_flow.contact-changed.json": (
        "contact 003Xx0000004adAIAQ: full_name email whatsapp",
    ),
    "salesforce_flow.contacts-together.json": (
        "contact 003Xx0000004adAIAQ: full_name email whatsapp",
        "contact 003Xx0000004adBIAQ: full_name email whatsapp",
    ),
    "salesforce_outbound.contact-deleted.xml": ("ignored: deleted",),
    "salesforce_outbound.contacts-changed.xml": (
        (
            "contact 003Xx0000004adAIAQ: full_name email whatsapp birthday address_line1 "
            "zipcode city"
        ),
        "contact 003Xx0000004adBIAQ: full_name email",
    ),
    "salesforce_outbound.event-created.xml": (
        "appointment 00UXx0000005evTMAQ: name start_time end_time contact_external_id",
    ),
    "salesforce_outbound.lead-created.xml": (
        "contact 00QXx0000002leDMAQ: full_name email whatsapp address_line1 zipcode city",
    ),
    "salesforce_outbound.opportunity-changed.xml": (
        "deal 006Xx0000003opPIAQ: name description contact_external_id",
    ),
    "salesforce_outbound.person-account-changed.xml": (
        (
            "contact 003Xx0000004adAIAQ: full_name email whatsapp birthday address_line1 "
            "zipcode city"
        ),
    ),
    "shopify.customer-deleted.json": ("ignored: deleted",),
    "shopify.customer-merged.json": ("ignored: merged",),
    "shopify.customer-updated.json": (
        (
            "contact 706405506930370084, partial: full_name email whatsapp address_line1 "
            "address_line2 zipcode city"
        ),
    ),
    "shopify.customer-updated-2024-10.json": (
        (
            "contact 706405506930370084: full_name email whatsapp address_line1 "
            "address_line2 zipcode city email_marketing_opt_in"
        ),
    ),
    "shopify.email-consent-updated.json": (
        "contact 706405506930370084, partial: email_marketing_opt_in",
    ),
    "shopify.order-created.json": ("deal 820982911946154508: name contact_external_id",),
    "shopify.order-edited.json": ("ignored: event_type",),
    "shopify.sms-consent-updated.json": (
        "contact 706405506930370084, partial: sms_marketing_opt_in",
    ),
    "shopify.tags-added.json": ("ignored: not_mapped",),
    "standard_webhooks.contact-created.json": ("contact …343485: full_name email whatsapp",),
    "standard_webhooks.contact-deleted.json": ("ignored: event_type",),
    "zoho.appointment-updated.json": (
        (
            "appointment 5525000000490001, partial: name description start_time end_time "
            "contact_external_id"
        ),
    ),
    "zoho.contact-deleted.json": ("ignored: deleted",),
    "zoho.contact-updated.json": (
        "contact 5525000000460001, partial: full_name email whatsapp city",
    ),
    "zoho.contacts-created.json": (
        "rejected: row.token_missing",
        "rejected: row.token_missing",
    ),
    "zoho.deal-updated.json": ("deal 5525000000470001, partial: name contact_external_id",),
    "zoho.lead-updated.json": ("contact 5525000000460012, partial: email city",),
    "zoho.meeting-of-a-whole-day.json": (
        "appointment 5525000000480001, partial: name start_time end_time contact_external_id",
    ),
    "zoho.meeting-updated.json": (
        "appointment 5525000000480001, partial: name start_time end_time contact_external_id",
    ),
}
"""File → what becomes of each of its items, without anything read at a CRM: the row's record and
its further columns, or why there is none."""


def outcomes(name: str) -> tuple[str, ...]:
    """What becomes of each item of a file, in words."""
    kind = name.split(".", maxsplit=1)[0]
    split = connector_for(kind).split(requests_of(kind)[name], connection_of(kind).options)
    return tuple(outcome(kind, json.loads(item.text)) for item in split)


def outcome(kind: str, item: object) -> str:
    found = mapped(kind, [item])
    if found.outcomes:
        (item_outcome,) = found.outcomes
        return f"{item_outcome.outcome.name.lower()}: {item_outcome.reason}"
    (change,) = found.changes
    columns = [column for column in change.columns if column != "external_id"]
    identifier = own_id(kind, change.columns["external_id"])
    if "contact_external_id" in change.columns:
        own_id(kind, change.columns["contact_external_id"])
    record = f"{change.options.type.removesuffix('_details')} {short(identifier)}"
    return f"{record}{', partial' if change.partial else ''}: {' '.join(columns)}"


def own_id(kind: str, identifier: object) -> str:
    """The id as its sender knows it, without the prefix that it always has."""
    prefix, text = connection_of(kind).id_prefix, str(identifier)
    assert text.startswith(prefix)
    return text.removeprefix(prefix)


def short(text: str) -> str:
    """A long id by its end."""
    return text if len(text) < 20 else f"…{text[-6:]}"


def test_every_file_is_expected() -> None:
    names = {path.name for path in (ROOT / "events").iterdir()}
    assert {name for name in names if name.split(".")[0] not in FUNCTIONS} == EXPECTED.keys()


def test_the_example_connections_are_right_and_each_has_a_secret() -> None:
    assert list(check(FILE)) == []
    assert CONNECTIONS.keys() == kinds().keys() == SECRETS.keys()
    assert all(connection.kind == name for name, connection in CONNECTIONS.items())
    without = [kind for kind, secrets in SECRETS.items() if not any(secrets)]
    assert without == ["salesforce_cdc"]  # AWS vouches for it


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_file_becomes_what_is_expected(name: str) -> None:
    assert outcomes(name) == EXPECTED[name]


def test_the_rows_of_the_erp_are_as_mateo_wants_them() -> None:
    items = connector_for("json").split(requests_of("json")["json.batch.json"], {})
    first, second, third = mapped("json", [json.loads(item.text) for item in items]).changes
    assert first.columns == {
        "external_id": "10001",
        "full_name": "Grace Example",
        "email": "grace@example.com",
        "whatsapp": "+493023125002",
        "birthday": "1980-05-15",
        "address_line1": "Beispielstrasse 1",
        "zipcode": "10115",
        "city": "Berlin",
        "loyalty_level": "gold",
        "newsletter": "accepted",
    }
    assert second.columns["newsletter"] == "declined"
    assert third.columns["external_id"] == "9007199254740993"
    versions = [change.version for change in (first, second, third)]
    assert versions == [1_795_249_800_000_000, 1_795_249_860_000_000, 1_795_249_920_000_000]


@cache
def mapping(kind: str, type_name: str) -> RecordMapping:
    return RecordMapping(with_defaults(CONNECTIONS[kind]).record_types[type_name])


@pytest.mark.parametrize(("given", "sent"), [(True, "accepted"), (False, "declined"), (None, None)])
def test_consent_is_neither_given_nor_withdrawn_by_silence(given: object, sent: object) -> None:
    columns = mapping("json", "contact").columns
    assert columns({"newsletter": given}).values.get("newsletter") == sent
    assert "newsletter" not in columns({}).values
