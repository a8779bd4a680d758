"""What the kinds for Salesforce share: which objects are imported as what, and how ids compare.

Called by `salesforce_outbound` and `salesforce_cdc`.
"""

from collections.abc import Mapping
from typing import TypeGuard

from import_relay.connections import RecordTypeName

RECORD_TYPES: Mapping[object, RecordTypeName] = {
    "Contact": "contact",
    "Lead": "contact",
    "Opportunity": "deal",
    "Event": "appointment",
}
"""Object → what it becomes; the ids of two objects never meet, since they begin differently."""
SHORT_ID = 15
"""Characters of an id that tell records apart; three more are a checksum of their case."""
_LENGTHS = frozenset({SHORT_ID, 18})


def is_id(value: object) -> TypeGuard[str]:
    """Whether it has the form of a Salesforce id: 15 or 18 letters and digits."""
    return isinstance(value, str) and len(value) in _LENGTHS and value.isascii() and value.isalnum()
