"""The names of a file of rows: how its rows are told from webhooks, in the queue and afterwards.

A file is an object under `inbox/<connection>/`. Its id follows from the object's key and ETag, so
that the same content under the same key is the same file, however often it is noticed.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn

INBOX = "inbox/"
ERROR_SUFFIX = ".error.json"
"""Of what the relay writes beside a file that it cannot read."""
_MARK = "-file-"
"""Only delivery ids of files have it."""
MAX_WAIT_DAYS = 120
"""From a file's upload until its last row is queued, in days. Claims are kept for longer."""
MAX_KEY_B = 900
"""Of a file's key in the names of what is written about it (S3: keys have 1,024 bytes)."""
ROW_TEXT, MORE = "relay_row", "relay_more"
"""Columns of a table of failures: the text of an unreadable row, and JSON of what has no column."""
ABOUT_ROW = ("relay_line", "relay_code", "relay_reason")
"""Its last columns, which say why a row was not imported. They replace older ones."""
LINES_PER_RECEIPT = 100
"""Lines of a file that count as received at once; a queue message holds as many items."""


class FileRow(NamedTuple):
    """One row: the line on which it begins, and its record; or why it cannot be read.

    `code`: of `codes.CODES`, empty for a row with a record. `detail` says more; `text` shows it.
    """

    line: int
    record: Mapping[str, Any] | None
    code: str = ""
    detail: str = ""
    text: str = ""


def file_id(key: str, etag: str) -> str:
    """The id of an object's content under its key."""
    return hashlib.sha256(f"{key}\n{etag}".encode()).hexdigest()[:16]


def connection_of(key: str) -> str:
    """The connection whose folder of the inbox a key is in; empty if it is in none."""
    parts = key.removeprefix(INBOX).split("/", 1)
    return parts[0] if len(parts) == 2 else ""


def fitting(key: str) -> str:
    """A key, or its beginning: with what the relay adds it must not be longer than S3 allows."""
    return key.encode()[:MAX_KEY_B].decode(errors="ignore")


def is_row_file(key: str) -> bool:
    """Whether an object is to be read: folders and the relay's own answers are not."""
    return key.startswith(INBOX) and not key.endswith(("/", ERROR_SUFFIX))


def with_more(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of a table of failures with what its column `relay_more` holds, but for filled cells.

    Raises:
        ValueError: that is no JSON object.
    """
    text = record.get(MORE)
    if not isinstance(text, str) or not text.strip():
        return record
    try:
        more = json.loads(text, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError(MORE) from error
    if not isinstance(more, dict):
        raise ValueError(MORE)
    given = {name: value for name, value in record.items() if name != MORE}
    return given | {name: value for name, value in more.items() if given.get(name, "") == ""}


def _refused(constant: str) -> NoReturn:
    """JSON has no NaN."""
    raise ValueError(constant)


def file_delivery(name: str, received_at: int) -> str:
    """The delivery id of a file's rows; it sorts by time. `received_at` in µs since the epoch."""
    seconds, microseconds = divmod(received_at, 1_000_000)
    timestamp = datetime.fromtimestamp(seconds, UTC)
    return f"{timestamp:%Y%m%dT%H%M%S}{microseconds:06}{_MARK}{name}"


def holds_file_rows(delivery: str) -> bool:
    """Whether the items of a delivery are rows of a file, put back or not."""
    return _MARK in delivery


def file_of(delivery: str) -> str:
    """The file whose rows these are; empty for webhooks, and for rows that a replay put back.

    What is put back is counted for its replay: its file ended without it.
    """
    _, mark, name = delivery.partition(_MARK)
    return name if mark and "." not in name else ""


def row_received_at(received_at: int, line: int) -> int:
    """When a row counts as received: later lines are newer, by less than a second per million."""
    return received_at + line // LINES_PER_RECEIPT * LINES_PER_RECEIPT
