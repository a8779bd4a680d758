"""Which part of the rows an answer holds, and how it says so: ``limit``, ``offset``, ``Range``.

`query_params` calls `read_window`; `endpoints` calls `content_range` and `status_of`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mateo_emulator.errors import ApiError

MAX_PAGE_ROWS = 50
_HEADER = re.compile(r"([0-9]+)-([0-9]*)")
_FARTHEST = 10**18


@dataclass(frozen=True)
class Window:
    """The rows from ``offset`` on, at most ``limit`` of them."""

    offset: int = 0
    limit: int = MAX_PAGE_ROWS


WHOLE = Window()


def read_window(limit: str | None, offset: str | None, header: str | None = None) -> Window:
    """What the parameters and the ``Range`` header have in common, at most `MAX_PAGE_ROWS` rows.

    Texts that are no numbers, negative offsets and headers of any other form do nothing;
    ``limit=0`` is an empty window, wherever it begins.

    Raises:
        ApiError: 416 ``PGRST103`` for a negative limit, a header whose end is before its
            beginning, and a header that has nothing in common with the parameters.
    """
    wanted = _number(limit)
    if wanted == 0:
        return Window(0, 0)
    first = max(0, _number(offset) or 0)
    last = None if wanted is None else first + wanted - 1
    header_first, header_last = _read_header(header)
    if header_last is not None and header_last < header_first:
        raise unsatisfiable(
            "The lower boundary must be lower than or equal to the upper boundary"
            " in the Range header."
        )
    first = max(first, header_first)
    ends = [end for end in (last, header_last) if end is not None]
    if ends and min(ends) < first:
        raise unsatisfiable("Limit should be greater than or equal to zero.")
    return Window(first, min([MAX_PAGE_ROWS, *(end - first + 1 for end in ends)]))


def unsatisfiable(reason: str) -> ApiError:
    """416 ``PGRST103``: there is no such range."""
    return ApiError(416, "PGRST103", "Requested range not satisfiable", hint=reason)


def _number(text: str | None) -> int | None:
    if text is None or not re.fullmatch(r"-?[0-9]+", text):
        return None
    if len(text) > len(str(_FARTHEST)):
        return -1 if text.startswith("-") else _FARTHEST
    return min(int(text), _FARTHEST)


def _read_header(header: str | None) -> tuple[int, int | None]:
    match = _HEADER.fullmatch(header or "")
    if match is None:
        return 0, None
    return _number(match[1]) or 0, _number(match[2])


def content_range(offset: int, returned: int, total: int | None) -> str:
    """``0-24/100``; ``*`` for no rows and for a total that nobody asked for."""
    span = f"{offset}-{offset + returned - 1}" if returned else "*"
    return f"{span}/{'*' if total is None else total}"


def status_of(offset: int, returned: int, total: int | None) -> int:
    """200, or 206 when a total is known and fewer were returned.

    Raises:
        ApiError: 416 ``PGRST103`` when a total is known and the offset is beyond it.
    """
    if total is None:
        return 200
    if offset > total:
        raise unsatisfiable(
            f"An offset of {offset} was requested, but there are only {total} rows."
        )
    return 206 if returned < total else 200
