"""The columns that Mateo documents for each type of record, and what they hold.

Used by the check of connections and by `values`.

Source: the reference of contact_details and appointment_details and the Contact Import guide; the
columns of deals are inferred from those of appointments.
"""

from collections.abc import Mapping

from import_relay.domain.connections import RecordTypeName

_HANDLES = ("email", "whatsapp", "sms", "instagram", "facebook", "google_business_messaging")
_OPT_INS = tuple(
    f"{channel}_{what}_opt_in"
    for channel in (*_HANDLES, "postal")
    for what in ("transactional", "marketing")
)
_OF_CONTACTS = (
    *("full_name", "display_name", "salutation", "birthday", "is_blocked", "country_codes"),
    *("postal", "address_line1", "address_line2", "city", "zipcode", "country"),
)
_OF_DEALS = (
    *("id", "external_id", "contact_id", "contact_external_id"),
    *("name", "description", "status_key", "type_key", "assignee_id"),
)

DOCUMENTED: Mapping[RecordTypeName, frozenset[str]] = {
    "contact": frozenset(
        ("id", "external_id", "secondary_external_id", *_HANDLES, *_OPT_INS, *_OF_CONTACTS)
    ),
    "deal": frozenset(_OF_DEALS),
    "appointment": frozenset(
        (*_OF_DEALS, "start_time", "end_time", "confirmed_at", "cancelled_at")
    ),
}

_TEXTS = ("name", "description", "status_key", "type_key", "assignee_id")
TYPES: Mapping[RecordTypeName, Mapping[str, str]] = {
    "contact": {
        **dict.fromkeys(("full_name", "display_name", "salutation", "postal"), "text"),
        **dict.fromkeys(("address_line1", "address_line2", "city", "zipcode", "country"), "text"),
        **{column: "text" for column in _OPT_INS if column.endswith("_transactional_opt_in")},
        **{column: "boolean" for column in _OPT_INS if column.endswith("_marketing_opt_in")},
        "is_blocked": "boolean",
        "birthday": "date",
    },
    "deal": dict.fromkeys(_TEXTS, "text"),
    "appointment": {
        **dict.fromkeys(_TEXTS, "text"),
        **dict.fromkeys(("start_time", "end_time", "confirmed_at", "cancelled_at"), "datetime"),
    },
}
"""Column → one of `connections.VALUE_TYPES`; ids and handles have rules of their own."""
