"""What identifies a person whose data was erased: keyed hashes, so that nobody reads who it was.

They are in a list; submission leaves out what it received of that person before.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from import_relay.domain.models import CONTACT_TYPE

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
MIN_PHONE_DIGITS, MIN_PLAIN_DIGITS, MAX_PHONE_DIGITS = 7, 10, 17
"""Of a phone number within a record; plain digits without a plus or a zero before them may be any
number, so it takes more of them. ITU-T E.164 has 15 at most, and two zeros may stand before."""
NumbersOf = Callable[[str], Iterable[str]]
"""Which numbers, in E.164, a text may mean."""
_phone = re.compile(r"(?:tel:)?(?P<sign>[+(0]?)[\d\s()./-]+", re.IGNORECASE)
_named_address = re.compile(r"[^<>@]*<([^<>]*)>")
_separator = re.compile(r"[;,|]")
_date = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}")


def as_written(_: str) -> Iterable[str]:
    """No other numbers than the text itself says."""
    return ()


def handle(sort: str, value: object) -> str:
    """A handle as it is hashed: its sort and its value, spelled in one way.

    A number of JSON is the same as its text; 4711.0 is 4711. Ids may differ by case alone.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if sort != "external_id":
        text = text.casefold()
    if sort == "phone":
        text = "".join(char for char in text if char.isdigit()).lstrip("0")
    return f"{sort}:{text}"


def handles_in_row(
    type_: str, columns: Mapping[str, object], numbers_of: NumbersOf = as_written
) -> Iterator[str]:
    """The handles by which a row names a person, its own or its owner's."""
    sorts = CONTACT_COLUMNS if type_ == CONTACT_TYPE else OWNER_COLUMNS
    for column, sort in sorts.items():
        value = columns.get(column)
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield from _handles_of(sort, one, numbers_of)


def _handles_of(sort: str, value: object, numbers_of: NumbersOf) -> Iterator[str]:
    named = handle(sort, value)
    if named.partition(":")[2]:  # a blank is nobody's
        yield named
        if sort == "phone":
            yield from (handle(sort, number) for number in numbers_of(str(value)))


def handles_in_record(record: object, numbers_of: NumbersOf = as_written) -> Iterator[str]:
    """E-mail addresses and phone numbers anywhere in a record, whatever its fields are called."""
    pending: list[Any] = [record]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str | int):
            yield from _handles_in_text(str(value), numbers_of)


def _handles_in_text(text: str, numbers_of: NumbersOf) -> Iterator[str]:
    """The handles in one value, with a label, a name or a link around them or without."""
    if "@" in text:
        yield from (handle("email", one) for one in _addresses(text))
    elif may_be_phone(text):
        yield handle("phone", text)
    elif numbers_of is as_written or not _may_label_phone(text):
        return
    yield from (handle("phone", number) for number in numbers_of(text))


def _addresses(text: str) -> Iterator[str]:
    """The addresses of a text that is nothing else: a mention in a note makes it nobody's."""
    parts = _separator.split(text)
    for part in parts if all("@" in one for one in parts) else [text]:
        named = _named_address.fullmatch(part.strip())
        address = (named[1] if named else part).strip().strip("'\"")
        is_link = address[:7].lower() == "mailto:"
        yield address[7:].partition("?")[0] if is_link else address


def _may_label_phone(text: str) -> bool:
    """Whether a text has words and as many digits as a phone number, and begins with no date."""
    if not any(map(str.isalpha, text)) or _date.match(text.strip()):
        return False
    return sum(map(str.isdigit, text)) >= MIN_PHONE_DIGITS


def may_be_phone(text: str) -> bool:
    """Whether a text may be a phone number, and is no date and no short plain number."""
    text = text.strip()
    found = _phone.fullmatch(text)
    if not found or _date.match(text):
        return False
    least = MIN_PHONE_DIGITS if found["sign"] else MIN_PLAIN_DIGITS
    return least <= sum(map(str.isdigit, text)) <= MAX_PHONE_DIGITS


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
