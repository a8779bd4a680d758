"""What identifies a record: the columns that do, in their order, and the key that they make.

Called by `changes` and `mapping`; the key names a record in the watermarks.
"""

import hashlib
from collections.abc import Mapping

from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import CONTACT_TYPE

IDENTIFIERS = ("external_id", "secondary_external_id")
PHONE_COLUMNS = ("whatsapp", "sms")
HANDLES = ("email", *PHONE_COLUMNS, "instagram", "facebook", "google_business_messaging")
MAX_KEY = 400
"""Characters of an identifier within a key: DynamoDB takes 2,048 bytes, four to a character."""


def record_key(type_: str, columns: Mapping[str, object]) -> str:
    """What identifies the record in Mateo: the external id, else the first handle there is.

    Raises:
        RejectedRow: the row has no identifier at all.
    """
    for column in IDENTIFIERS:
        if columns.get(column):
            return _short_key(type_, column, str(columns[column]))
    if type_ == CONTACT_TYPE:
        for column in HANDLES:
            value = columns.get(column)
            if value:
                first = value[0] if isinstance(value, list) else value
                return _short_key(type_, column, str(first).lower())
    raise RejectedRow("row.no_identifier", field="external_id")


def _short_key(type_: str, column: str, value: str) -> str:
    """A key that DynamoDB takes: a very long identifier is replaced by its digest."""
    if len(value) > MAX_KEY:
        encoded = value.encode("utf-8", "surrogatepass")
        value = f"sha256:{hashlib.sha256(encoded).hexdigest()}"
    return f"{type_}#{column}:{value}"
