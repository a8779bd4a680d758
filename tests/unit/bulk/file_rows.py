"""Reads the rows of a file that is in memory."""

import io
from collections.abc import Callable
from typing import BinaryIO

from import_relay.bulk.formats.rows import read_rows
from import_relay.domain.files import FileRow


def opener(content: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(content)


def rows_of(content: bytes) -> list[FileRow]:
    return list(read_rows(opener(content)))


def records_of(content: bytes) -> list[object]:
    return [row.record for row in rows_of(content)]
