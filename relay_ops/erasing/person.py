"""A person who is to be erased, and whether a row, a record or a line is about them.

An external id says for certain whom a row is about. A handle does so only where a row has no
external id: families share phone numbers, and a contact that merely has the same one must stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from import_relay.domain.erased_handles import (
    CONTACT_COLUMNS,
    handle,
    handles_in_record,
    handles_in_row,
)
from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import CONTACT_TYPE, key_digest
from import_relay.mapping.keys import HANDLES, IDENTIFIERS, record_key
from import_relay.report.closing import record_in
from relay_ops.matching import NOT_DIGITS

ID_SORTS = ("id", "external_id")
MIN_NATIONAL, MAX_NATIONAL, MAX_COUNTRY_CODE = 7, 9, 3
"""Digits of a number without its country's code, and of such a code."""
MIN_ID = 5
"""Characters of an id that is looked for in a text without any form: a shorter one is anywhere."""
_PARTS = re.compile(r"[,;|\t\r\n\"'<>]+")
"""What stands between the values of a row that nobody could split."""
_NOT_PLAIN = re.compile(r"""[^ -~]|["\\&<>']|ss""", re.IGNORECASE)
"""What JSON, CSV or XML may write in another way; and ss, which is the folded ß as well."""


def ids_of(handles: Iterable[str]) -> set[str]:
    """Those of the handles that say for certain who it is."""
    return {one for one in handles if one.partition(":")[0] in ID_SORTS}


@dataclass(slots=True)
class Known:
    """The ids and handles of a person. `keys`: of their records in the watermarks.

    `shared`: handles that another contact has as well; `others`: external ids of such contacts.
    `names`: how a person recognises them.
    `records`: (connection, id) as the CRMs know them. `spellings`: handles as they were written,
    where that is another case: (handle, value).
    """

    ids: set[str] = field(default_factory=set)
    handles: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    records: set[tuple[str, str]] = field(default_factory=set)
    names: dict[str, None] = field(default_factory=dict)
    spellings: set[tuple[str, str]] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    def as_object(self) -> dict[str, Any]:
        """What is kept of them until the erasure is done."""
        return {
            "ids": sorted(self.ids),
            "handles": sorted(self.handles),
            "keys": sorted(self.keys),
            "shared": sorted(self.shared),
            "records": sorted(map(list, self.records)),
            "spellings": sorted(map(list, self.spellings)),
        }

    @classmethod
    def of_object(cls, said: Mapping[str, Any]) -> Known:
        """What `as_object` made."""
        return cls(
            set(said["ids"]),
            set(said["handles"]),
            set(said["keys"]),
            set(said["shared"]),
            {(one[0], one[1]) for one in said["records"]},
            spellings={(one[0], one[1]) for one in said.get("spellings", ())},
        )

    def join(self, other: Known) -> None:
        """Add the ids and handles of somebody who is the same person."""
        self.ids |= other.ids
        self.handles |= other.handles
        self.keys |= other.keys
        self.records |= other.records
        self.names |= other.names
        self.spellings |= other.spellings

    def all(self) -> set[str]:
        """Ids and handles that nobody else has."""
        return (self.ids | self.handles) - self.shared

    def size(self) -> int:
        """Grows as long as more becomes known."""
        parts = (self.ids, self.handles, self.keys, self.shared)
        return sum(len(part) for part in parts) + len(self.records) + len(self.spellings)

    def watermark_keys(self) -> set[str]:
        """The keys that their own records may have, known or not."""
        values = [one.partition(":")[::2] for one in self.ids | (self.handles - self.shared)]
        found = set(self.keys)
        for sort, value in values:
            for column, its_sort in CONTACT_COLUMNS.items():
                if its_sort == sort and column in (*IDENTIFIERS, *HANDLES):
                    text = f"+{value}" if sort == "phone" else value
                    found.add(record_key(CONTACT_TYPE, {column: text}))
        return found


class Person:
    """Finds a person in whatever the bucket holds. Made anew when more becomes known."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self._handles = known.handles - known.shared
        self._keys = known.watermark_keys()
        self._digests = {key_digest(key) for key in self._keys}
        self._phones = [one[6:] for one in self._handles if one.startswith("phone:")]

    @cached_property
    def _texts(self) -> list[bytes]:
        """What is in an object that holds the person, in lower case; one of them is enough.

        An empty one, of an id without any plain part, is in every object.
        """
        handles = self.known.handles  # shared ones as well: they lead to the others
        named = [one.partition(":")[2] for one in (*self.known.ids, *handles, *self._keys)]
        records = [record for _, record in self.known.records]
        plain = {_longest_plain(one) for one in (*named, *records) if one}
        return [one.lower().encode() for one in sorted({*plain, *self._digests})]

    @cached_property
    def _digits(self) -> list[bytes]:
        """The last digits of each phone number, which all of its spellings have."""
        return [one[-MIN_NATIONAL:].encode() for one in self._phones]

    def may_be_in(self, content: bytes) -> bool:
        """A fast check of a whole object: False only if the person is certainly not in it."""
        lowered = content.lower()
        if any(text in lowered for text in self._texts):
            return True
        digits = content.translate(None, NOT_DIGITS) if self._digits else b""
        return any(one in digits for one in self._digits)

    def has_row(self, type_: str, columns: Mapping[str, Any], key: str = "") -> bool:
        """Whether a row is theirs: their contact, or a deal or an appointment of it."""
        handles = set(handles_in_row(type_, columns))
        ids = ids_of(handles)
        if ids:  # a deal may have moved to somebody else since
            return bool(ids & self.known.ids)
        is_known = (key or _key_of(type_, columns)) in self._keys
        return is_known or bool(handles & self._handles)

    def has_record(self, record: object) -> bool:
        """Whether an e-mail address or a phone number of theirs is anywhere in a record.

        A value may be JSON; a row that could not be split into values is a text.
        """
        found = [record, *_of_json(record)]
        if isinstance(record, str):
            found.append(_PARTS.split(record))
        return any(self._is_mine(one) for value in found for one in handles_in_record(value))

    def has_line(self, line: Mapping[str, Any]) -> bool:
        """Whether a line of a list says that it is about a record of theirs."""
        if line.get("key_digest") in self._digests:
            return True
        external_id = line.get("external_id")
        if external_id in (None, "") or line.get("type") not in (None, CONTACT_TYPE):
            return False
        return handle("external_id", external_id) in self.known.ids

    def has_text(self, value: object) -> bool:
        """Whether anything in a value mentions them: an id, a handle, a part of a message."""
        texts = [one.casefold() for one in _texts_in(value)]
        values = [one.partition(":")[2] for one in self.known.ids | self._handles]
        words = {word.strip("\"'`()[]{}=.,;!?") for text in texts for word in _words(text)}
        if words & {one for one in values if one}:
            return True
        return self.has_record(value) or any(
            phone in "".join(filter(str.isdigit, text)) for text in texts for phone in self._phones
        )

    def is_record(self, connection: str, item: object) -> bool:
        """Whether an item of a connection is the record that the CRM knows them by."""
        return (connection, record_in(item)) in self.known.records

    def has_any_record(self, item: object) -> bool:
        """The same of an item whose connection is not known."""
        record = record_in(item)
        return bool(record) and any(record == one for _, one in self.known.records)

    def learn_other(self, columns: Mapping[str, Any]) -> None:
        """Take from the row of another contact which handles say nothing."""
        handles = set(handles_in_row(CONTACT_TYPE, columns))
        ids = ids_of(handles)
        shared = (handles & self.known.handles) - ids
        self.known.shared |= shared
        if shared:
            self.known.others |= {one.partition(":")[2] for one in ids}

    def is_named_in(self, content: bytes) -> bool:
        """Whether unreadable bytes name them, by something that is hardly anybody else's."""
        text = content.replace(b"\x00", b"").decode("utf-8", "replace").casefold()
        for one in self.known.ids | self._handles:
            sort, _, value = one.partition(":")
            if sort == "phone":
                continue
            if sort in ID_SORTS and len(value) < MIN_ID:
                continue
            pattern = rf"(?<![\w@.-]){re.escape(value.casefold())}(?![\w@-])"
            if re.search(pattern, text):
                return True
        digits = "".join(char for char in text if char.isdigit())
        return any(one[-MAX_NATIONAL:] in digits for one in self._phones)

    def _is_mine(self, one: str) -> bool:
        if one in self._handles:
            return True
        sort, _, digits = one.partition(":")
        if sort != "phone" or len(digits) < MIN_NATIONAL:
            return False
        return any(
            phone.endswith(digits) and len(phone) - len(digits) <= MAX_COUNTRY_CODE
            for phone in self._phones
        )


def _key_of(type_: str, columns: Mapping[str, Any]) -> str:
    """The key of a row in the watermarks; empty if it has none."""
    try:
        return record_key(type_, columns)
    except RejectedRow:
        return ""


def learn_row(known: Known, type_: str, columns: Mapping[str, Any], key: str) -> None:
    """Take what a row of theirs says of them."""
    known.keys.update(filter(None, (key, _key_of(type_, columns))))
    if type_ != CONTACT_TYPE:
        return
    handles = set(handles_in_row(type_, columns))
    known.ids |= ids_of(handles)
    known.handles |= handles - ids_of(handles)
    for column, sort in CONTACT_COLUMNS.items():
        values = columns.get(column)
        for value in values if isinstance(values, list) else [values]:
            known.spellings |= spellings_of(sort, str(value or ""))
    if name := columns.get("full_name") or columns.get("display_name"):
        known.names[str(name)] = None


def learn_left_out(known: Known, notes: Iterable[Sequence[Any]]) -> None:
    """Take the handles that were left out of a row of theirs, as another contact has them."""
    for code, column, value, *_ in notes:
        if code == "value.shared_handle":
            left_out = set(handles_in_row(CONTACT_TYPE, {column: value}))
            known.handles |= left_out
            known.shared |= left_out


def spellings_of(sort: str, value: str) -> set[tuple[str, str]]:
    """A handle with its value as it was written, if that is another case."""
    one, value = handle(sort, value), value.strip()
    is_other = sort != "phone" and one.partition(":")[2] != value
    return {(one, value)} if is_other else set()


def owner_ids(type_: str, columns: Mapping[str, Any]) -> set[str]:
    """The ids by which a row names its contact."""
    if type_ == CONTACT_TYPE:
        return ids_of(handles_in_row(type_, columns))
    return set(handles_in_row(type_, columns))


def _of_json(record: object) -> Iterator[object]:
    """What the texts in a record hold that are JSON."""
    for text in _texts_in(record):
        if text.lstrip()[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):
                yield json.loads(text)


def _words(text: str) -> Iterator[str]:
    yield text
    for word in text.split():
        yield word
        yield from word.replace("(", " ").replace(")", " ").replace("=", " ").split()


def _texts_in(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str | int):
            yield str(one)


def _longest_plain(text: str) -> str:
    """The longest part of a text that every format writes as it is; empty if there is none."""
    return max(_NOT_PLAIN.split(text), key=len)
