"""``select``: which columns an answer shows, under which names, as which types.

`query_params` calls `read_select`; `plan` gives the items their types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mateo_emulator.errors import ApiError
from mateo_emulator.postgrest.api_request.fields import Reference, read_name, read_reference
from mateo_emulator.postgrest.api_request.scanner import Scanner

_ALIAS_END = re.compile(r":(?!:)")
_TYPE = re.compile(r"[\w $]+")
_STAR = re.compile(r"\*(?=[ \t]*(?:,|$))")


@dataclass(frozen=True)
class SelectItem:
    """One item of ``select``; without a reference it is the star, all columns."""

    reference: Reference | None
    alias: str | None = None
    cast: str | None = None


def read_select(text: str | None) -> tuple[SelectItem, ...] | None:
    """``id,total:total_count::text,payload->0->>email``; None, empty and ``*`` mean all.

    Raises:
        ApiError: 400 ``PGRST100``, or ``PGRST200`` for a related table.
    """
    if text is None or not text.strip() or text.strip() == "*":
        return None
    scanner = Scanner("select parameter", text)
    items = [_read_item(scanner)]
    while scanner.take(","):
        items.append(_read_item(scanner))
    return tuple(items)


def _read_item(scanner: Scanner) -> SelectItem:
    scanner.skip_space()
    if scanner.match(_STAR):
        scanner.skip_space()
        return SelectItem(None)
    alias = _read_alias(scanner)
    reference = read_reference(scanner)
    if scanner.text[scanner.at : scanner.at + 1] in ("(", "!"):
        raise ApiError(
            400,
            "PGRST200",
            f"Could not find a relationship between 'import' and '{reference.column}'"
            " in the schema cache",
        )
    cast = _read_cast(scanner)
    scanner.skip_space()
    if scanner.text[scanner.at : scanner.at + 1] not in ("", ","):
        raise scanner.error('"->>", "->", "::", "," or end of input')
    return SelectItem(reference, alias, cast)


def _read_alias(scanner: Scanner) -> str | None:
    start = scanner.at
    if scanner.text[start : start + 1] not in ("-", ""):
        name = read_name(scanner)
        if scanner.match(_ALIAS_END):
            return name
    scanner.at = start
    return None


def _read_cast(scanner: Scanner) -> str | None:
    if not scanner.take("::"):
        return None
    name = scanner.match(_TYPE)
    if name is None:
        raise scanner.error("letter or digit")
    return name[0].strip().lower()
