"""Texts and numbers of the daily page: nothing that a value holds becomes markup. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from import_relay.report.tables import visible

MAX_PAGE_TEXT = 500
"""Characters of one text of a page; a reason may quote a whole value."""


def escaped(text: str) -> str:
    """A text for a page, on one line; characters that a browser would obey are escaped.

    A longer one is cut.
    """
    shown = text if len(text) <= MAX_PAGE_TEXT else f"{text[:MAX_PAGE_TEXT]} …"
    whole = visible(shown).encode("utf-8", "backslashreplace").decode()
    return escape(whole, quote=True)


def number(count: int) -> str:
    """A whole number with separators."""
    return f"{count:,}"


def how_many(count: int, noun: str) -> str:
    """`1 group`, `1,200 groups`."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def time_of_day(at: float, zone: ZoneInfo) -> str:
    """Hours and minutes of a time in s since the epoch."""
    return f"{datetime.fromtimestamp(at, zone):%H:%M}"


def date_and_time(at: float, zone: ZoneInfo) -> str:
    """Date, hours and minutes of a time in s since the epoch."""
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def duration(minutes: float | None) -> str:
    """Minutes for a reader: `4 min`, `3.1 h`; a dash if there are none."""
    if minutes is None:
        return "-"
    whole = round(minutes)
    if whole < 1:
        return "< 1 min"
    return f"{whole} min" if whole < 120 else f"{whole / 60:,.1f} h"


def prose(text: str) -> str:
    """A sentence of ours or Mateo's; what stands between backticks is shown as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped(text))


def html_table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """A table; whole numbers stand to the right. It scrolls sideways by itself."""
    listed = list(rows)
    numbers = {place for row in listed[:1] for place, one in enumerate(row) if isinstance(one, int)}
    head = "".join(
        f'<th scope="col"{_right(place in numbers)}>{escaped(one)}</th>'
        for place, one in enumerate(columns)
    )
    body = "".join(f"<tr>{''.join(map(_cell, enumerate(row)))}</tr>" for row in listed)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(caption)}">'
        f"<table><caption>{escaped(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _right(is_number: bool) -> str:  # noqa: FBT001 - read at its one call
    return ' class="n"' if is_number else ""


def _cell(numbered: tuple[int, str | int]) -> str:
    place, value = numbered
    if isinstance(value, int):
        return f'<td class="n">{number(value)}</td>'
    if place == 0:
        return f'<th scope="row">{escaped(value)}</th>'
    return f"<td>{escaped(value)}</td>"
