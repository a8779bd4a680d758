"""What the columns and custom fields of a row may hold, and how a value of each kind is read.

Used by `contacts` and `deals_and_appointments`. The columns of contacts and appointments are
documented; those of deals are inferred from appointments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql import boolean as postgresql_boolean
from mateo_emulator.postgresql import jsonb
from mateo_emulator.postgresql.numbers import read_numeric, shown
from mateo_emulator.records.dates import read_date, read_datetime
from mateo_emulator.records.failure import RowFailure
from mateo_emulator.settings import Behaviour, Entity, FieldKind

JsonValue = str | int | float | bool | list[str] | None
Reader = Callable[[str, object], JsonValue]

HANDLE_COLUMNS = ("email", "whatsapp", "sms", "instagram", "facebook", "google_business_messaging")
CONTACT_IDENTIFIERS = ("id", "external_id", "secondary_external_id")
CONTACT_KEYS = frozenset((*CONTACT_IDENTIFIERS, *HANDLE_COLUMNS, "country_codes"))
ENGAGEMENT_IDENTIFIERS = ("id", "external_id")
CONTACT_REFERENCES = ("contact_id", "contact_external_id")
ENGAGEMENT_KEYS = frozenset((*ENGAGEMENT_IDENTIFIERS, *CONTACT_REFERENCES))
_CHANNELS = (*HANDLE_COLUMNS, "postal")
_SUBSCRIPTIONS = ("requested", "accepted", "declined")


def read_string(name: str, value: object) -> JsonValue:
    """A text; numbers and booleans become one, as PostgreSQL casts them."""
    if isinstance(value, (str, bool, int, float)):
        return _text_of(value)
    raise _wrong(name, "text", value)


def read_row_boolean(name: str, value: object) -> JsonValue:
    """A boolean, one of PostgreSQL's words for it, or the number 1 or 0."""
    found = None
    if isinstance(value, (bool, int, str)):
        found = postgresql_boolean.read_boolean(_text_of(value))
    if found is None:
        raise _wrong(name, "boolean", value)
    return found


def read_number(name: str, value: object) -> JsonValue:
    """A number, or a text that holds one as PostgreSQL reads a numeric."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    try:
        number = read_numeric(value) if isinstance(value, str) else None
    except ApiError as error:
        raise RowFailure(error.code, f'{error.message} ("{name}")') from error
    if number is None:
        raise _wrong(name, "numeric", value)
    return shown(number)


def _text_of(value: str | float) -> str:
    return value if isinstance(value, str) else jsonb.to_text(value)


def read_string_list(name: str, value: object) -> JsonValue:
    """A list of texts."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise _wrong(name, "text[]", value)


def read_uuid_text(name: str, value: object) -> JsonValue:
    """A text that is kept as it is; assignees are not known here, so any is accepted."""
    if isinstance(value, str):
        return value
    raise _wrong(name, "uuid", value)


def _read_undefined(name: str, value: object) -> JsonValue:
    if isinstance(value, (str, int, float)):
        return value
    return read_string_list(name, value)


def _read_subscription(name: str, value: object) -> JsonValue:
    if isinstance(value, str) and value in _SUBSCRIPTIONS:
        return value
    raise _wrong(name, "enum public.marketing_subscription_status", value)


def _wrong(name: str, kind: str, value: object) -> RowFailure:
    shown = value if isinstance(value, str) else type(value).__name__
    return RowFailure("22P02", f'invalid input syntax for type {kind}: "{shown}" ("{name}")')


_KINDS: dict[FieldKind, Reader] = {
    "string": read_string,
    "datetime": lambda _, value: read_datetime(value),
    "boolean": read_row_boolean,
    "number": read_number,
    "date": lambda _, value: read_date(value),
    "string_list": read_string_list,
}


def _columns(kind: FieldKind, *names: str) -> dict[str, Reader]:
    return dict.fromkeys(names, _KINDS[kind])


COLUMNS: dict[Entity, dict[str, Reader]] = {
    "contact": {
        **_columns("string", "full_name", "display_name", "salutation", "postal"),
        **_columns("string", "address_line1", "address_line2", "city", "zipcode", "country"),
        **_columns("string", *(f"{channel}_transactional_opt_in" for channel in _CHANNELS)),
        **_columns("boolean", "is_blocked"),
        **_columns("boolean", *(f"{channel}_marketing_opt_in" for channel in _CHANNELS)),
        **_columns("date", "birthday"),
    },
    "deal": {
        **_columns("string", "name", "description", "status_key", "type_key"),
        "assignee_id": read_uuid_text,
    },
    "appointment": {
        **_columns("string", "name", "description", "status_key", "type_key"),
        **_columns("datetime", "start_time", "end_time", "confirmed_at", "cancelled_at"),
        "assignee_id": read_uuid_text,
    },
}
_COMPUTED = frozenset((
    "organisation_id", "created_at", "updated_at", "fts", "number_of_marketing_opt_in_requests",
    "latest_marketing_opt_in_request_sent_at", "campaign_messages_this_month",
))  # fmt: skip
TABLES: dict[Entity, str] = {
    "contact": "contact_details", "deal": "deal_details", "appointment": "appointment_details",
}  # fmt: skip


@dataclass(frozen=True)
class FieldRules:
    """How the flat keys of one entity's rows are read under one `Behaviour`."""

    entity: Entity
    readers: Mapping[str, Reader]
    strict: bool

    @classmethod
    def of(cls, entity: Entity, behaviour: Behaviour) -> FieldRules:
        """Documented columns, defined custom fields and, for contacts, marketing channels."""
        custom = behaviour.custom_fields.get(entity, {})
        channels = behaviour.marketing_channels if entity == "contact" else []
        readers = {
            **{key: _KINDS[kind] for key, kind in custom.items()},
            **dict.fromkeys(channels, _read_subscription),
            **COLUMNS[entity],
        }
        return cls(entity, readers, behaviour.custom_fields_strict)

    def read(self, name: str, value: object) -> JsonValue:
        """The value to store under a key; null clears it.

        Raises:
            RowFailure: ``22P02`` or ``22007`` for a wrong value, ``428C9`` for a computed column,
                ``42703`` for an unknown key when those are refused.
        """
        if name in _COMPUTED:
            raise RowFailure("428C9", f'column "{name}" can only be updated to DEFAULT')
        reader = self.readers.get(name)
        if reader is None and self.strict:
            table = TABLES[self.entity]
            raise RowFailure("42703", f'column "{name}" of relation "{table}" does not exist')
        return None if value is None else (reader or _read_undefined)(name, value)


def known_keys(entity: Entity, behaviour: Behaviour) -> frozenset[str]:
    """Every key that already means something in a row of this entity."""
    own = CONTACT_KEYS if entity == "contact" else ENGAGEMENT_KEYS
    return frozenset((*own, *FieldRules.of(entity, behaviour).readers, *_COMPUTED))


def read_identifier(row: Mapping[str, object], name: str) -> str | None:
    """An id of the row as text, None if it is missing or null; numbers are taken as texts."""
    value = row.get(name)
    if value is None:
        return None
    text = read_string(name, value)
    if not isinstance(text, str) or not text.strip():
        raise RowFailure("23514", f'"{name}" must not be empty')
    return text


def merged(stored: Mapping[str, object], changes: Mapping[str, JsonValue]) -> dict[str, object]:
    """Stored fields with the changes of a row: null clears, a missing key leaves untouched."""
    both = {**stored, **changes}
    return {name: value for name, value in both.items() if value is not None}
