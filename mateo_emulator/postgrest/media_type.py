"""What an answer looks like: an array, a single object, CSV; chosen by the ``Accept`` header.

`endpoints` calls `negotiate` before it does anything and `Representation.write` with the rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql import jsonb
from mateo_emulator.postgresql.casts import text_of
from mateo_emulator.postgresql.values import Kind

OutputRow = Mapping[str, object]
_NEEDS_QUOTES = re.compile(r'[",()\\\s]')


@dataclass(frozen=True)
class Representation:
    """A form for the rows; ``stripped`` leaves out keys whose value is null."""

    form: Literal["array", "object", "csv"] = "array"
    media_type: str = "application/json"
    stripped: bool = False

    @property
    def content_type(self) -> str:
        """The header of the answer."""
        return f"{self.media_type}; charset=utf-8"

    def single(self) -> Representation:
        """The same for one row, which Mateo shows as an object where PostgREST has an array."""
        return replace(self, form="object") if self.form == "array" else self

    def write(self, rows: Sequence[OutputRow], kinds: Mapping[str, Kind]) -> bytes:
        """The body; ``kinds`` are the types of the values by their keys.

        Raises:
            ApiError: 406 ``PGRST116`` when a single object is wanted and there is not one row.
        """
        if self.form == "csv":
            return _csv(rows, kinds).encode()
        shown: object = [jsonb.without_nulls(row) for row in rows] if self.stripped else rows
        if self.form == "object":
            if len(rows) != 1:
                raise ApiError(
                    406,
                    "PGRST116",
                    "Cannot coerce the result to a single JSON object",
                    hint=f"The result contains {len(rows)} rows",
                )
            (shown,) = shown  # type: ignore[misc]
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def negotiate(accept: str | None) -> Representation:
    """The form that is wanted most among those there are.

    Raises:
        ApiError: 406 ``PGRST107`` when none of them is wanted.
    """
    wanted = [_read_range(part) for part in (accept or "*/*").split(",") if part.strip()]
    for media_type, parameters, weight in sorted(wanted, key=lambda one: one[2], reverse=True):
        found = _representation(media_type, parameters)
        if found is not None and weight > (0.0, True):
            return found
    raise ApiError(
        406, "PGRST107",
        f"None of these media types are available: {', '.join(one[0] for one in wanted)}",
    )  # fmt: skip


def _read_range(text: str) -> tuple[str, Sequence[str], tuple[float, bool]]:
    """Type, parameters, and its weight; what is named goes before ``*/*`` of the same weight."""
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = 1.0
    for parameter in parameters:
        match = re.fullmatch(r"q\s*=\s*(\d(?:\.\d{0,3})?)", parameter, re.ASCII)
        weight = float(match[1]) if match else weight
    return media_type, parameters, (weight, media_type != "*/*")


def _representation(media_type: str, parameters: Sequence[str]) -> Representation | None:
    stripped = "nulls=stripped" in parameters
    suffix = ";nulls=stripped" if stripped else ""
    match media_type:
        case "*/*" | "application/json":
            return Representation()
        case "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array":
            name = f"application/vnd.pgrst.array+json{suffix}" if stripped else "application/json"
            return Representation("array", name, stripped)
        case "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object":
            return Representation("object", f"application/vnd.pgrst.object+json{suffix}", stripped)
        case "text/csv":
            return Representation("csv", "text/csv")
    return None


def _csv(rows: Sequence[OutputRow], kinds: Mapping[str, Kind]) -> str:
    """A line of names and a line per row, written as PostgreSQL writes a record."""
    if not rows:
        return "\n"
    lines = [",".join(kinds)]
    lines += [",".join(_field(row.get(name), kind) for name, kind in kinds.items()) for row in rows]
    return "\n".join(lines)


def _field(value: object, kind: Kind) -> str:
    if value is None:
        return ""
    if kind == "boolean":
        return "t" if value else "f"
    text = text_of(value, kind)
    if text and not _NEEDS_QUOTES.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
