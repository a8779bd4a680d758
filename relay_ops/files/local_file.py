"""A file of rows on this machine: whether it can be read, and how many rows it has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.rows import MAX_FILE_B, encoding_of, read_rows
from import_relay.bulk.reading import MAX_ROWS
from import_relay.domain.codes import CODES
from import_relay.domain.files import FileRow
from relay_ops.exits import UsageMistake
from relay_ops.files.plan import Plan
from relay_ops.output import number_of

MAX_SHOWN = 20
"""Unreadable or rejected rows that a command lists; the rest is counted."""


@dataclass(slots=True)
class LocalFile:
    """What a file holds.

    `unreadable`: the first such rows, of `unreadable_rows`. `encoding`: as `encoding_of` says.
    """

    path: Path
    encoding: str = ""
    rows: int = 0
    unreadable_rows: int = 0
    unreadable: list[FileRow] = field(default_factory=list)

    def remarks(self) -> list[str]:
        """Whether its encoding is a guess, and which rows cannot be read."""
        guess = guess_remarks(self.encoding)
        if not self.unreadable:
            return guess
        listed = (f"  line {row.line}: {row.code} {row.detail}" for row in self.unreadable)
        more = ["  …"] if self.unreadable_rows > MAX_SHOWN else []
        many = f"Unreadable, and will be rejected: {number_of(self.unreadable_rows, 'row')}:"
        return [*guess, many, *(text.rstrip() for text in listed), *more]


def count_rows(path: Path, advance: Callable[[float], object]) -> LocalFile:
    """Read a file to its end, as the relay will.

    Raises:
        UsageMistake: there is none, or the relay would refuse it.
    """
    found = LocalFile(path)
    for row in rows_of(path, advance):
        found.rows += 1
        if row.record is None:
            found.unreadable_rows += 1
            if len(found.unreadable) < MAX_SHOWN:
                found.unreadable.append(row)
    found.encoding = encoding_at(path)
    return found


def encoding_at(path: Path) -> str:
    """The encoding in which the relay reads a file that it can read; "" of a workbook."""
    return encoding_of(lambda: path.open("rb"))


def guess_remarks(encoding: str) -> list[str]:
    """That an encoding is a guess, if it is one."""
    if not encoding or encoding.startswith("UTF-"):
        return []
    return [f"Its text is read as {encoding}, a guess from its letters: compare some of them."]


def rows_of(path: Path, advance: Callable[[float], object] = lambda _: None) -> Iterator[FileRow]:
    """The rows of a file; `advance` is called with how many more were read.

    Raises:
        UsageMistake: there is none, it cannot be read, or the relay would refuse it.
    """
    try:
        if not path.is_file():
            raise UsageMistake(f"{path} is no file.")
        for number, row in enumerate(_checked_rows(path), 1):
            if number % 1_000 == 0:
                advance(1_000)
            yield row
    except FileUnreadable as error:
        raise UsageMistake(refusal_text(path, error.code, error.detail, error.line)) from error
    except OSError as error:
        raise UsageMistake(f"{path} cannot be read: {error.strerror or error}.") from error


def etag_of(path: Path) -> str:
    """The ETag that S3 gives an object of this content, uploaded in one part (its MD5)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _checked_rows(path: Path) -> Iterator[FileRow]:
    """The rows, under the limits of the relay."""
    if path.stat().st_size > MAX_FILE_B:
        raise FileUnreadable("file.too_large", f"{path.stat().st_size:,} bytes")
    number = 0
    for number, row in enumerate(read_rows(lambda: path.open("rb")), 1):
        if number > MAX_ROWS:
            raise FileUnreadable("file.too_many_rows")
        yield row
    if not number:
        raise FileUnreadable("file.empty")


def accepted(path: Path, plan: Plan) -> Plan:
    """The plan of a file.

    Raises:
        UsageMistake: the relay would refuse the file, since its rows would wait too long.
    """
    if plan.refusal:
        raise UsageMistake(refusal_text(path, "file.waits_too_long", plan.refusal))
    return plan


def refusal_text(path: Path, code: str, detail: str, line: int | None = None) -> str:
    """Why a file cannot be imported, and what to do."""
    explained = CODES[code]
    return (
        f"{path} cannot be imported, {code}: {explained.what}{more_text(detail, line)}\n"
        f"{explained.what_to_do}\nNothing was uploaded."
    )


def more_text(detail: str, line: int | None) -> str:
    """What else is known of a refusal, to be said after what it means; or nothing."""
    where = f" (line {line})" if line else ""
    return f" {detail}{where}." if detail else where and f" See line {line}."
