"""Takes a person out of files of rows: the upload, the pages that were read of it, its report.

Rows have the columns of their file, so a person is known by the record's id in that connection, or
by an e-mail address or a phone number anywhere in the row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.rows import read_rows
from import_relay.domain.files import ROW_TEXT, FileRow, connection_of, file_id, is_row_file
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import Files, FileState
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.quota import day_of
from relay_ops.erasing.person import Person
from relay_ops.erasing.rewriting import Rewritten
from relay_ops.erasing.tables import table_where
from relay_ops.erasing.versions import unpacked
from relay_ops.stack import Stack

REPORTED = "files/"
TABLE_SUFFIXES = (".csv", ".xlsx")


class RowFiles:
    """The files of a stack. `delete_refused`: refused uploads that hold the person go as well."""

    def __init__(self, stack: Stack, *, delete_refused: bool = False) -> None:
        dynamodb, table = stack.client("dynamodb"), stack.ledger_table
        day = partial(day_of, stack.time_zone)
        counts = OutcomeCounts(dynamodb, table, day, clock=stack.clock)
        self._stack = stack
        self._delete_refused = delete_refused
        self._files = Files(dynamodb, table, counts, clock=stack.clock)
        self._objects = FileObjects(stack.client("s3"), stack.bucket)
        self.waiting: set[str] = set()
        self.refused: set[str] = set()
        self.unsearched: set[str] = set()

    def upload(self, person: Person, key: str) -> list[Rewritten]:
        """An upload goes as a whole, once its rows have been read; until then it is `waiting`.

        One that is `refused` has rows that nobody has imported: somebody decides whether it stays.
        """
        found = self._objects.upload(key) if is_row_file(key) else None
        if found is None or not self._holds(person, key, found.etag):
            return []
        noted = self._files.known([file_id(key, found.etag)])
        states = {one.state for one in noted.values()}
        if states & {FileState.FEEDING, FileState.FINISHED}:
            return [Rewritten(key, 1, None)]
        if FileState.REFUSED not in states:
            self.waiting.add(key)
            return []
        self.refused.add(key)
        return [Rewritten(key, 1, None)] if self._delete_refused else []

    def _holds(self, person: Person, key: str, etag: str) -> bool:
        """Whether it names them. An unreadable file is searched as far as it can be unpacked."""
        is_theirs, opened = _matcher(person, connection_of(key)), self._objects.opener(key, etag)
        try:
            return any(
                is_theirs(told) for row in read_rows(opened) for told in _told(row.record, row.text)
            )
        except LookupError:
            return False  # it was deleted or replaced meanwhile
        except FileUnreadable:
            with closing(opened()) as file:
                content = file.read()
            is_named = any(map(person.is_named_in, (content, unpacked(content))))
            if not is_named:
                self.unsearched.add(key)
            return is_named

    def page(self, person: Person, key: str) -> list[Rewritten]:
        """A row of theirs that still waits is empty then, and ends as rejected."""
        content = self._stack.objects.content(key)
        if content is None or not person.may_be_in(content):
            return []
        file = key.split("/")[1]
        (connection,) = [connection_of(one.key) for one in self._files.known([file]).values()] or [
            ""
        ]
        is_theirs, count, lines = _matcher(person, connection), 0, []
        for text in content.splitlines():
            row: Any = json.loads(text)
            is_page = isinstance(row, list)
            told = _told(row[1], FileRow(*row).text) if is_page else [row, *row.values()]
            if any(map(is_theirs, told)):
                row, count = ([row[0], {}] if is_page else {**row, "reason": ""}), count + 1
            lines.append(json.dumps(row))
        return [Rewritten(key, count, "\n".join(lines).encode())] if count else []

    def table(self, person: Person, key: str) -> list[Rewritten]:
        """A table of the report without their rows."""
        content = self._stack.objects.content(key) if key.endswith(TABLE_SUFFIXES) else None
        if content is None:
            return []
        connection = key.removeprefix(REPORTED).partition("/")[0]
        is_theirs = _matcher(person, connection)

        def is_hit(columns: dict[str, Any]) -> bool:
            return any(map(is_theirs, _told(columns, "")))

        found = table_where(is_hit, key, content)
        return [found] if found else []


def _told(record: Mapping[str, Any] | None, text: str) -> Sequence[object]:
    """What a row says: its record, or the text of one that nobody could read."""
    return (record, record.get(ROW_TEXT, "")) if record else (text,)


def _matcher(person: Person, connection: str) -> Callable[[Any], bool]:
    def is_theirs(record: Any) -> bool:
        return person.has_record(record) or person.is_record(connection, record)

    return is_theirs
