"""HubSpot's records as expressions see them, in whatever way they arrive.

Called by `events`, `workflow_events` and `fetcher`. A record is `{"id", "objectTypeId",
"properties": {name: value}}`, of deals, appointments and meetings also `"associations":
{"contacts": [{"id"}]}`. Values are HubSpot's texts. The known times come as milliseconds in
webhooks and as ISO 8601 in the API: here they are always ISO 8601.

Appointments and meetings are different objects, and an id of one may be an id of the other: the id
of an appointment in Mateo begins with the type of the object.
"""

from collections.abc import Collection, Iterable, Mapping

from import_relay.connectors.shared.timestamps import utc_text
from import_relay.domain.connections import RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow

CONTACT, DEAL, APPOINTMENT, MEETING = "0-1", "0-3", "0-421", "0-47"
OBJECT_TYPES: Mapping[object, RecordTypeName] = {
    CONTACT: "contact",
    DEAL: "deal",
    APPOINTMENT: "appointment",
    MEETING: "appointment",
}
"""HubSpot's id of a type of object (guide "Understanding the CRM") → what its records become."""

CONTACTS = RecordType(
    "contact",
    {
        "external_id": "id",
        "full_name": "join(' ', [properties.firstname, properties.lastname][?@])",
        "email": "properties.email",
        "whatsapp": "[properties.mobilephone, properties.phone][?@]",
        "country_codes": "properties.hs_country_region_code || properties.country",
        "address_line1": "properties.address",
        "zipcode": "properties.zip",
        "city": "properties.city",
    },
)
DEALS = RecordType(
    "deal",
    {
        "external_id": "id",
        "name": "properties.dealname",
        "description": "properties.description",
        "contact_external_id": "associations.contacts[0].id",
    },
    allow_reassignment=True,
)
APPOINTMENTS = RecordType(
    "appointment",
    {
        "external_id": "join('-', [objectTypeId, id])",
        "name": "properties.hs_appointment_name || properties.hs_meeting_title",
        "start_time": "properties.hs_appointment_start || properties.hs_meeting_start_time",
        "end_time": "properties.hs_appointment_end || properties.hs_meeting_end_time",
        "cancelled_at": "contains(['CANCELED', 'CANCELLED'],"
        " properties.hs_appointment_status || properties.hs_meeting_outcome)"
        " && properties.hs_lastmodifieddate || null",
        "contact_external_id": "associations.contacts[0].id",
    },
    allow_reassignment=True,
)

_OF_APPOINTMENTS = {
    "hs_appointment_name": "hs_meeting_title",
    "hs_appointment_start": "hs_meeting_start_time",
    "hs_appointment_end": "hs_meeting_end_time",
    "hs_appointment_status": "hs_meeting_outcome",
}
HUBSPOT_COUNTERPARTS: Mapping[str, Mapping[str, str]] = {
    APPOINTMENT: _OF_APPOINTMENTS,
    MEETING: {meeting: appointment for appointment, meeting in _OF_APPOINTMENTS.items()},
}
"""Type of object → its property → what the same is called in the sister object, and only there."""
STATUSES = frozenset({"hs_appointment_status", "hs_meeting_outcome"})

WITHHELD = "REDACTED"
"""What HubSpot says instead of a sensitive value (page "Sensitive data")."""

DATETIME_OPTION: Mapping[str, str] = {
    "datetime_properties": "names of your own date properties that are mapped, with spaces between"
}
DATETIMES = frozenset(
    {
        "closedate",
        "createdate",
        "hs_appointment_end",
        "hs_appointment_start",
        "hs_createdate",
        "hs_lastmodifieddate",
        "hs_meeting_end_time",
        "hs_meeting_start_time",
        "hs_timestamp",
        "lastmodifieddate",
    }
)
_MAX_ID = 10**20
"""Own limit; HubSpot's ids are 64-bit integers."""


def record_id(value: object, field: str) -> str:
    """The id of a record as a text.

    Raises:
        RejectedRow: it is no whole number above zero.
    """
    known = optional_id(value)
    if known is None:
        raise RejectedRow("row.bad_value", field=field, value=value)
    return known


def optional_id(value: object) -> str | None:
    """The id of a record as a text, None if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_ID:
        return str(value)
    return None


def contacts(ids: Iterable[str]) -> dict[str, object]:
    """The associations of a record that belongs to these contacts."""
    return {"contacts": [{"id": one} for one in ids]}


def datetime_names(options: Mapping[str, str]) -> Collection[str]:
    """The properties whose values are times: HubSpot's and those that the connection names."""
    return DATETIMES.union(options.get("datetime_properties", "").split())


def plain_value(name: str, value: object, datetimes: Collection[str]) -> object:
    """The value of a property; a time in milliseconds becomes ISO 8601.

    Raises:
        RejectedRow: the milliseconds lie in no year that there is.
    """
    if name not in datetimes:
        return value
    text = str(value) if isinstance(value, int) else value
    if not isinstance(text, str):
        return value
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        return value
    try:
        return utc_text(int(text))
    except (OverflowError, ValueError) as error:  # a number of 4,300 digits is a ValueError
        field = f"properties.{name}"
        raise RejectedRow("row.bad_datetime", field=field, value=text) from error
