"""What identifies a person whose data was erased: keyed hashes, so that nobody reads who it was.

They are in a list; submission leaves out what it received of that person before.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CONTACT_COLUMNS: Mapping[str, str] = {
    "id": "id",
    "external_id": "external_id",
    "secondary_external_id": "external_id",
    "email": "email",
    "whatsapp": "phone",
    "sms": "phone",
    "instagram": "instagram",
    "facebook": "facebook",
    "google_business_messaging": "google_business_messaging",
}
"""Column of a contact's row → the sort of handle in it."""
OWNER_COLUMNS: Mapping[str, str] = {"contact_id": "id", "contact_external_id": "external_id"}
"""Columns with which the row of a deal or an appointment names its contact."""
MIN_DIGITS = 7
"""Of a phone number that is looked for within a record."""


def handle(sort: str, value: object) -> str:
    """A handle as it is hashed: its sort and its value, spelled in one way."""
    text = str(value).strip().casefold()
    if sort == "phone":
        text = "".join(char for char in text if char.isdigit()).lstrip("0")
    return f"{sort}:{text}"


def handles_in_row(type_: str, columns: Mapping[str, object]) -> Iterator[str]:
    """The handles by which a row names a person, its own or its owner's."""
    sorts = CONTACT_COLUMNS if type_ == "contact_details" else OWNER_COLUMNS
    for column, sort in sorts.items():
        value = columns.get(column)
        for one in value if isinstance(value, list) else [value]:
            if one not in (None, ""):
                yield handle(sort, one)


def handles_in_record(record: object) -> Iterator[str]:
    """E-mail addresses and phone numbers anywhere in a record that became no row."""
    pending: list[Any] = [record]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str):
            if "@" in value:
                yield handle("email", value)
            elif sum(map(str.isdigit, value)) >= MIN_DIGITS:
                yield handle("phone", value)


@dataclass(frozen=True, slots=True)
class ErasedHandles:
    """Whom to leave out. `until`: hash → when the person was erased, in µs since the epoch."""

    key: bytes = b""
    until: Mapping[str, int] = field(default_factory=dict)

    def digest(self, one: str) -> str:
        """The keyed hash of a handle."""
        return hmac.new(self.key, one.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def covers(self, handles: Iterator[str], received_at: int) -> bool:
        """Whether one of the handles was erased after this receipt (µs since the epoch)."""
        if not self.until:
            return False
        return any(received_at <= self.until.get(self.digest(one), -1) for one in handles)
