"""Whom a text means: the persons whose records hold it, each with their ids and handles.

A text that is exactly one person's id, e-mail address or phone number means that person, even if
others mention it. If nobody has it, it stands for itself alone: a person who mentions it is not
meant.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from import_relay.domain.erased_handles import CONTACT_COLUMNS, handle, may_be_phone
from import_relay.domain.models import CONTACT_TYPE, ErasureDemand
from import_relay.domain.notes import as_lists
from import_relay.domain.provenance import parse_rows
from import_relay.report.closing import record_in
from import_relay.storage.bucket_reads import SILENT, Bucket, Memory, read_all
from import_relay.storage.stored_items import IMPORTS, REPORTS
from relay_ops.erasing.person import (
    MAX_COUNTRY_CODE,
    Known,
    learn_left_out,
    learn_row,
    owner_ids,
    spellings_of,
)
from relay_ops.erasing.rewriting import is_erased_in, ndjson
from relay_ops.matching import Needle, needle
from relay_ops.stack import Stack

PLACES = (IMPORTS, "rejected/", "outcomes/")


@dataclass(slots=True)
class Choosing:
    """Finds out who a text means on one stack.

    `connection`: the text is the id of a record there, which has this `external_id`, if any.
    `is_certain`: the persons that were found have the text as an id, an address or a number.
    `memory`: keeps the objects that are read here for the next reader.
    """

    stack: Stack
    needle: Needle
    connection: str = ""
    external_id: str = ""
    is_certain: bool = False
    memory: Memory = field(default_factory=Memory)
    _found: list[Known] = field(default_factory=list)
    _erased: set[str] = field(default_factory=set)
    """Imports in which somebody was erased before."""

    def persons(self, advance: Callable[..., None] = SILENT) -> list[Known]:
        """Everybody whom the text may mean. Only a part of a name may mean several persons."""
        bucket = self.stack.objects
        keys = [one.key for prefix in PLACES for one in bucket.keys(prefix)]
        advance(0, total=len(keys))
        self._read(keys, advance)
        reports = list(self._reports(bucket, {key.split("/")[1] for key in keys}))
        advance(0, total=len(keys) + len(reports))
        self._read(reports, advance)
        if self.connection:
            return self._found
        exact = [one for one in self._found if has_handle(one, self.needle.given)]
        self.is_certain = bool(exact)
        if exact:
            return exact
        if self.by_text_alone():
            return [one for one in self._found if self._has_national(one)]
        return self._found

    def by_text_alone(self) -> Known | None:
        """A person of whom only the text is known; None if the text can only be a name."""
        text = self.needle.text
        if "@" in text:
            written = spellings_of("email", self.needle.given)
            return Known(handles={handle("email", text)}, spellings=written)
        if may_be_phone(text):
            return Known(handles={handle("phone", text)})
        if any(char.isdigit() for char in text) and " " not in text:
            return Known(ids={handle("external_id", self.needle.given or text)})
        return None

    def _has_national(self, known: Known) -> bool:
        """Whether a number of theirs is the text, but for the code of a country."""
        digits = self.needle.digits
        phones = [one.partition(":")[2] for one in known.handles if one.startswith("phone:")]
        return bool(digits) and any(
            one.endswith(digits) and len(one) - len(digits) <= MAX_COUNTRY_CODE for one in phones
        )

    def _read(self, keys: Iterable[str], advance: Callable[..., None]) -> None:
        for found in read_all(self._of_object, keys, advance):
            for one in found:
                self._add(one)

    def _reports(self, bucket: Bucket, kept: Collection[str]) -> Iterator[str]:
        """The rows of reports that say more than their imports, which were read before.

        The report of an import that is kept says nothing more, unless somebody was erased in it.
        """
        for one in bucket.keys(REPORTS):
            folder, _, name = one.key.rpartition("/")
            reference = folder.rpartition("import=")[2]
            if name == "rows.ndjson.gz" and (reference not in kept or reference in self._erased):
                yield one.key

    def _of_object(self, key: str) -> list[Known]:
        content = self.stack.objects.remembering(self.memory).content(key)
        if content is None:
            return []
        if key.startswith(IMPORTS) and is_erased_in(content):
            self._erased.add(key.split("/")[1])
        if not self.needle.may_be_in(content):
            return []
        if key.startswith(IMPORTS):
            return list(self._of_import(content))
        return list(self._of_lines(ndjson(content)))

    def _of_import(self, content: bytes) -> Iterator[Known]:
        body, _, text = content.partition(b"\n")
        sent = json.loads(body)
        if self.connection and sent["type"] != CONTACT_TYPE:
            return  # a deal may have the same number
        for row, kept in zip(sent["payload"], parse_rows(json.loads(text)), strict=True):
            items = [one.occurrence for one in kept.items]
            theirs = [one.item for one in items if self.connection in ("", one.connection)]
            if self._is_hit(row, theirs):
                known = _known(sent["type"], row, kept.key, items)
                if sent["type"] == CONTACT_TYPE:
                    notes = (note for one in kept.items for note in as_lists(one.notes))
                    learn_left_out(known, notes)
                yield known

    def _is_hit(self, row: Mapping[str, Any], items: Iterable[object]) -> bool:
        if self.connection:  # it is an id of that CRM, and nothing else
            return any(record_in(one) == self.needle.given for one in items)
        return self.needle.is_in(row) or any(self.needle.is_in(one) for one in items)

    def _of_lines(self, lines: Iterable[Mapping[str, Any]]) -> Iterator[Known]:
        for line in lines:
            external_id = line.get("external_id")
            if not external_id or line.get("type") != CONTACT_TYPE:
                continue
            if self.connection not in ("", line.get("connection")):
                continue
            if self._is_named(str(external_id)) or self._is_hit({}, [line.get("item")]):
                known = Known(ids={handle("external_id", external_id)})
                learn_row(known, CONTACT_TYPE, {"external_id": external_id}, "")
                yield known

    def _is_named(self, external_id: str) -> bool:
        if self.connection:
            return bool(self.external_id) and external_id == self.external_id
        return self.needle.is_value(external_id)

    def _add(self, one: Known) -> None:
        """Join what is certainly about the same person, or has the same handle and no id."""
        same = [each for each in self._found if _are_same(each, one)]
        self._found = [each for each in self._found if each not in same]
        for each in same:
            one.join(each)
        self._found.append(one)


def has_handle(known: Known, text: str) -> bool:
    """Whether a text is exactly an id or a handle of theirs, or their record's id in a CRM."""
    values = {handle(sort, text) for sort in CONTACT_COLUMNS.values()}
    records = {record for _, record in known.records}
    return bool(values & (known.ids | known.handles)) or text.strip() in records


def demanded(stack: Stack, connection: str, demand: ErasureDemand) -> Known:
    """Whom a webhook demands to erase: everybody who is that record of its CRM, or was."""
    known = Known(records={(connection, demand.record)})
    if demand.external_id:
        known.ids.add(handle("external_id", demand.external_id))
        learn_row(known, CONTACT_TYPE, {"external_id": demand.external_id}, "")
    for one in Choosing(stack, needle(demand.record), connection, demand.external_id).persons():
        known.join(one)
    return known


def _are_same(one: Known, other: Known) -> bool:
    if one.ids and other.ids:
        return bool(one.ids & other.ids)
    return bool(one.handles & other.handles)


def _known(type_: str, row: Mapping[str, Any], key: str, items: Iterable[Any]) -> Known:
    known = Known()
    learn_row(known, type_, row, key if type_ == CONTACT_TYPE else "")
    known.ids |= owner_ids(type_, row)
    if type_ == CONTACT_TYPE:
        known.records |= {
            (one.connection, record) for one in items if (record := record_in(one.item))
        }
    return known
