"""What the kinds for Salesforce share: which objects are imported as what, and how ids compare.

Called by `outbound_events` and `cdc_events`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeGuard

from import_relay.domain.connections import Connection, RecordTypeName

SALESFORCE_RECORD_TYPES: Mapping[object, RecordTypeName] = {
    "Contact": "contact",
    "Lead": "contact",
    "Opportunity": "deal",
    "Event": "appointment",
}
"""Object → what it becomes; the ids of two objects never meet, since they begin differently."""
OBJECT_OPTIONS: Mapping[str, RecordTypeName] = {
    "contact_objects": "contact",
    "deal_objects": "deal",
    "appointment_objects": "appointment",
}
"""Option of connections.toml that names further objects → what their records become."""
OBJECTS: Mapping[str, str] = {
    option: f"API names of further objects that become {name}s, with spaces between"
    for option, name in OBJECT_OPTIONS.items()
}
"""These options, and what they mean."""
_object_name = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
SHORT_ID = 15
"""Characters of an id that tell records apart; three more are a checksum of their case."""
_LENGTHS = frozenset({SHORT_ID, 18})


def record_type_of(name: object, options: Mapping[str, str]) -> RecordTypeName | None:
    """What the records of an object become; the connection overrides the defaults."""
    for option, record_type in OBJECT_OPTIONS.items():
        if name in options.get(option, "").split():
            return record_type
    return SALESFORCE_RECORD_TYPES.get(name)


def object_mistakes(connection: Connection) -> Iterable[tuple[str, str]]:
    """Invalid names of objects, objects with two record types, and empty options."""
    seen: dict[str, str] = {}
    for option, record_type in OBJECT_OPTIONS.items():
        if option not in connection.options:
            continue
        names = connection.options[option].split()
        if not names:
            yield option, "must name an object, e.g. Patient__c"
        if record_type not in connection.record_types:
            yield option, f"has no effect without a table [{connection.name}.{record_type}]"
        for name in names:
            if not _object_name.fullmatch(name):
                yield option, f"{name!r} is no API name of an object"
            if name in seen:
                yield option, f"{name!r} is in {seen[name]} as well"
            seen[name] = option


def is_id(value: object) -> TypeGuard[str]:
    """Whether it has the form of a Salesforce id: 15 or 18 letters and digits."""
    return isinstance(value, str) and len(value) in _LENGTHS and value.isascii() and value.isalnum()
