"""``order``: ``created_at.desc.nullslast,id``.

`query_params` calls `read_order`; `plan` gives the terms their types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mateo_emulator.errors import ApiError
from mateo_emulator.postgrest.api_request.fields import Reference, read_reference
from mateo_emulator.postgrest.api_request.scanner import Scanner

_DIRECTION = re.compile(r"\.(asc|desc)(?=[.,]|[ \t]*$|[ \t]+,)")
_NULLS = re.compile(r"\.(nullsfirst|nullslast)(?=,|[ \t]*$|[ \t]+,)")

_MAX_TERMS = 1664  # PostgreSQL's own limit


@dataclass(frozen=True)
class OrderTerm:
    """One term of ``order``."""

    reference: Reference
    descending: bool = False
    nulls_first: bool = False


def read_order(text: str | None) -> tuple[OrderTerm, ...]:
    """The terms in their order; nulls come last when ascending, first when descending.

    Raises:
        ApiError: 400 ``PGRST100`` what cannot be read, ``54011`` too many terms.
    """
    if not text:
        return ()
    scanner = Scanner("order", text)
    terms = [_read_term(scanner)]
    while scanner.take(","):
        terms.append(_read_term(scanner))
    if len(terms) > _MAX_TERMS:
        raise ApiError(400, "54011", f"target lists can have at most {_MAX_TERMS} entries")
    return tuple(terms)


def _read_term(scanner: Scanner) -> OrderTerm:
    reference = read_reference(scanner)
    direction = scanner.match(_DIRECTION)
    descending = direction is not None and direction[1] == "desc"
    nulls = scanner.match(_NULLS)
    nulls_first = descending if nulls is None else nulls[1] == "nullsfirst"
    scanner.skip_space()
    if scanner.text[scanner.at : scanner.at + 1] not in ("", ","):
        scanner.take(".")
        raise scanner.error('"asc", "desc", "nullsfirst" or "nullslast"')
    return OrderTerm(reference, descending, nulls_first)
