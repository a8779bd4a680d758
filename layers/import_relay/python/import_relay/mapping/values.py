"""One value of a record as its column takes it, or why it cannot be used. Called by `mapping`.

`converter` gives the function for a column; each returns None for a value that says nothing, and
raises `Unusable` for one that Mateo would not take or that may mean two things.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from functools import partial
from types import MappingProxyType

from import_relay.domain.connections import RecordType
from import_relay.mapping.columns import TYPES
from import_relay.mapping.datetimes import (
    LONG_YEARS,
    YEARS,
    explicit_datetime,
    is_named_day,
    is_only_a_date,
    plain_date,
    says_no_time,
    time_zone,
)
from import_relay.mapping.texts import clean_id, clean_text, is_empty

Converter = Callable[[object], object]

IDS = ("id", "external_id", "secondary_external_id", "contact_external_id", "contact_id")
PREFIXED = frozenset(("external_id", "secondary_external_id", "contact_external_id"))
"""Columns with ids of the connection's own records: each gets the connection's prefix."""
TIMES_OF_DAY = frozenset(("start_time", "end_time"))
"""Columns of appointments by which Mateo sends reminders: midnight would send them in the night."""
WHOLE_DAY = "note.whole_day"
"""Code of the note of a time that an appointment of whole days does not have."""
ASSIGNEE = "assignee_id"
ANSWERS = ("requested", "accepted", "declined")
"""What a contact's answer to a marketing channel may be (Mateo's Contact Import guide)."""
EMAIL = "email"
NAMES_AT_A_SERVICE = ("instagram", "facebook", "google_business_messaging")
MAX_VALUES = 1_000
"""Values in one column of a record."""
_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\\\"]+@[^@\s,;:<>()\[\]\\\"]+\.[^@\s,;:<>()\[\]\\\".]+")
"""As the constraint `valid_email`, without what separates or wraps addresses."""
_DECIMAL = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BOOLEANS = MappingProxyType({"true": True, "t": True, "false": False, "f": False})
MAX_ADDRESS = 254
"""Characters of an address (RFC 5321, erratum 1690)."""


class Unusable(ValueError):  # what the value is, not what went wrong
    """A value that cannot be sent: the code of a note, the value, and what is known of it."""

    def __init__(self, code: str, value: object, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.value = value
        self.reason = reason


def converter(column: str, record_type: RecordType) -> Converter:
    """Converts a value into the form of this column.

    Raises:
        ValueError: the record type's `time_zone` is none.
    """
    if column in IDS:
        prefix = record_type.id_prefix if column in PREFIXED else ""
        return partial(_prefixed, prefix) if prefix else _id
    own_rule = _rule(column, record_type)
    if own_rule is not None:
        return own_rule
    zone = time_zone(record_type.time_zone) if record_type.time_zone else None
    known = TYPES[record_type.name].get(column)
    if known == "date":
        return _date(zone, YEARS)
    if known == "datetime" and column in TIMES_OF_DAY:
        return _datetime(partial(_time_of_day, zone=zone))
    if known == "datetime":
        return _datetime(partial(explicit_datetime, zone=zone, years=YEARS))
    return of_type(known or _own_type(column, record_type), zone)


def _rule(column: str, record_type: RecordType) -> Converter | None:
    """What a column with a rule of its own takes; None: its type decides."""
    if column in record_type.marketing_channels:
        return _answer
    if record_type.name != "contact":
        return _uuid if column == ASSIGNEE else None
    return _HANDLES.get(column)


def of_type(type_: str | None, zone: tzinfo | None) -> Converter:
    """Converts a value into a custom field's type; None: the type is not known."""
    converters: Mapping[str | None, Converter] = {
        "text": _text,
        "number": _number,
        "boolean": _boolean,
        "date": _date(zone),
        "datetime": _datetime(partial(explicit_datetime, zone=zone)),
        "list": _list,
        None: _any,
    }
    return converters[type_]


def _own_type(column: str, record_type: RecordType) -> str | None:
    if column in record_type.datetimes:
        return "datetime"
    return record_type.types.get(column)


def _cleaned(value: str, clean: Callable[[str], str] = clean_text) -> str | None:
    if value.isascii() and "\0" not in value:  # most texts; `clean` would do the same
        return value.strip() or None
    try:
        return clean(value) or None
    except ValueError as error:
        raise Unusable("value.bad_text", value, str(error)) from error


def _only_one(value: object) -> object:
    """The one value of a list that has no other, or the value itself."""
    if not isinstance(value, list):
        return value
    said = [one for one in value if not is_empty(one)]
    if len(said) > 1:
        raise Unusable("value.bad_type", value, f"{len(said)} values, the column takes one")
    return said[0] if said else None


def _id(value: object) -> str | None:
    if isinstance(value, str):
        return _cleaned(value, clean_id)
    if value is None or type(value) is int:
        return None if value is None else str(value)
    raise Unusable("value.bad_type", value, f"{_kind(value)}, not a text or a whole number")


def _prefixed(prefix: str, value: object) -> str | None:
    text = _id(value)
    return text and prefix + text


def _handle(value: object) -> str | None:
    return _id(_only_one(value))


def _email(value: object) -> str | None:
    address = _only_one(value) if type(value) is list else value
    if address is None:
        return None
    if not isinstance(address, str):
        raise Unusable("value.bad_email", value, f"{_kind(address)}, not a text")
    address = _cleaned(address, clean_id)
    if address is None:
        return None
    if address[0] == address[-1] == "'":  # a spreadsheet's mark of a text, or a quote
        address = address.strip("'")
    if len(address) > MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        raise Unusable("value.bad_email", value, _wrong_address(address))
    return address


def _wrong_address(address: str) -> str:
    if address.lower().startswith("mailto:"):
        return "begins with mailto: (read with `replace(…, 'mailto:', '')`)"
    if address.count("@") > 1:
        return "more than one address (the first is `split(…, ';')[0]`)"
    return "not one address of the form name@domain"


_HANDLES: Mapping[str, Converter] = MappingProxyType(
    {EMAIL: _email, **dict.fromkeys(NAMES_AT_A_SERVICE, _handle)}
)


def _text(value: object) -> str | int | None:
    if type(value) is list:
        value = _only_one(value)
    if isinstance(value, str):
        return _cleaned(value)
    if value is None or type(value) is int:
        return value
    raise Unusable("value.bad_type", value, f"{_kind(value)}, not a text")


def _answer(value: object) -> str | None:
    """A marketing channel's answer; of any other Mateo would refuse the whole row."""
    text = _text(value)
    answer = text.lower() if isinstance(text, str) else text
    if answer is None or answer in ANSWERS:
        return answer
    reason = f"not one of {', '.join(ANSWERS)} (`lookup` reads other words)"
    raise Unusable("value.bad_type", value, reason)


def _uuid(value: object) -> str | None:
    text = _id(_only_one(value))
    if text is None or _UUID.fullmatch(text):
        return text
    raise Unusable("value.bad_type", value, "not the UUID of a user in Mateo")


def _number(value: object) -> int | float | None:
    value = _only_one(value)
    if isinstance(value, str):
        text = _cleaned(value)
        if text is None:
            return None
        if not _DECIMAL.fullmatch(text):
            reason = "not a number (`to_decimal(…, ',')` reads a decimal comma)"
            raise Unusable("value.bad_type", text, reason)
        value = plain_number(text)
    if value is None or (type(value) in (int, float) and _is_finite(value)):
        return value  # type: ignore[return-value]  # checked by its type
    raise Unusable("value.bad_type", value, f"{_kind(value)}, not a number")


def plain_number(text: str) -> int | float:
    """The number that a decimal text such as `-12.50` says, whole if it can be."""
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)


def _boolean(value: object) -> bool | None:
    value = _only_one(value)
    if isinstance(value, str):
        text = _cleaned(value)
        value = _BOOLEANS.get((text or "").lower(), text)
    if value is None or isinstance(value, bool):
        return value
    reason = f"{_kind(value)}, not true or false (`lookup` reads other words)"
    raise Unusable("value.bad_type", value, reason)


def _date(zone: tzinfo | None, years: range = LONG_YEARS) -> Converter:
    write = partial(plain_date, zone=zone, years=years)
    return partial(_time, code="value.bad_date", write=write)


def _datetime(write: Callable[[object], str]) -> Converter:
    return partial(_time, code="value.bad_datetime", write=write)


def _time_of_day(value: object, zone: tzinfo | None) -> str:
    """A time; a date alone is that of an appointment that lasts whole days, and has none."""
    if is_named_day(value):
        raise Unusable(WHOLE_DAY, value)
    written = explicit_datetime(value, zone, years=YEARS)
    if is_only_a_date(value):
        raise Unusable(WHOLE_DAY, value)
    return written


def _time(value: object, code: str, write: Callable[[object], str]) -> str | None:
    if type(value) is list:
        value = _only_one(value)
    if isinstance(value, str):
        value = _cleaned(value, clean_id)
    if value is None:
        return None
    try:
        return None if says_no_time(value) else write(value)
    except Unusable:
        raise
    except ValueError as error:
        raise Unusable(code, value, str(error)) from error


def _list(value: object) -> list[object] | None:
    entries = value if isinstance(value, list) else [value]
    found = list(_entries(entries))
    if any(not isinstance(one, str) for one in found):
        raise Unusable("value.bad_type", value, "not a list of texts")
    return found or None


def check_number(values: Sequence[object], most: int) -> None:
    """Return if a column takes so many values; else `Unusable`."""
    if len(values) > most:
        reason = f"{len(values)} values; at most {most} go into a column"
        raise Unusable("value.too_many_values", None, reason)


def _entries(entries: list[object]) -> Iterator[object]:
    check_number(entries, MAX_VALUES)
    for entry in entries:
        cleaned = _scalar(entry)
        if cleaned is not None:
            yield cleaned


def _any(value: object) -> object:
    """A custom field of which nothing is known: a text, number, boolean, or a list of them."""
    if isinstance(value, list):
        return list(_entries(value)) or None
    return _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, str):
        return _cleaned(value)
    if value is None or isinstance(value, bool) or (_is_number(value) and _is_finite(value)):
        return value
    raise Unusable("value.bad_type", value, f"{_kind(value)}, not a text, number or boolean")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _kind(value: object) -> str:
    """What JSON calls the value, as it stands at the beginning of a reason."""
    kinds = {bool: "a boolean", int: "a number", float: "a number with a fraction", str: "a text"}
    if isinstance(value, float) and not math.isfinite(value):
        return "a number beyond all bounds"
    return kinds.get(type(value), "a list" if isinstance(value, list) else "an object")
