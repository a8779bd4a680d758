"""Which contact a row belongs to: deals and appointments must not overtake theirs."""

import json

from import_relay.domain.models import CONTACT_TYPE, Row
from import_relay.mapping.keys import record_key


def contact_key(row: Row) -> str:
    """The key of the contact that a deal or an appointment belongs to; empty if it names none."""
    contact = json.loads(row.text).get("contact_external_id")
    return record_key(CONTACT_TYPE, {"external_id": contact}) if contact else ""
