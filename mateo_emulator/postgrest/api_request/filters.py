"""The filters of a query: ``column=[not.]operator.value`` and ``[not.]and|or=(…)``.

`query_params` calls `read_filter` and `read_logic`; `plan` gives what they return its types. The
operators are those that Mateo lists; PostgREST's other ones are refused like any unknown word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mateo_emulator.errors import ApiError
from mateo_emulator.postgrest.api_request.fields import Reference, read_reference
from mateo_emulator.postgrest.api_request.scanner import Scanner

_COMPARISONS = ("eq", "neq", "gt", "gte", "lt", "lte", "isdistinct", "like", "ilike", "cs", "cd")
OPERATORS = frozenset((*_COMPARISONS, "in", "is"))
_OPERATOR = re.compile(r"([^.]*)\.", re.DOTALL)
_TRUTH = re.compile(r"null|unknown|true|false", re.IGNORECASE)
_ELEMENT = re.compile(r"[^,)]*")
_ARRAY = re.compile(r"\{[^{}]*\}")
_EXPECTED_OPERATOR = '"not" or operator (eq, gt, ...)'
# PostgreSQL's own limit is its stack; this one keeps the SQL inside what SQLite reads.
_MAX_DEPTH = 50


@dataclass(frozen=True)
class Filter:
    """One filter as it is written; ``texts`` are its values, one except for ``in``."""

    reference: Reference
    operator: str
    texts: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Logic:
    """``[not.]and(…)`` or ``[not.]or(…)``."""

    operator: Literal["and", "or"]
    parts: tuple[Filter | Logic, ...]
    negated: bool = False


def read_filter(key: str, text: str) -> Filter:
    """One parameter whose key names a column.

    Raises:
        ApiError: 400 ``PGRST100`` for what cannot be read.
    """
    names = Scanner("tree path", key)
    reference = read_reference(names)
    if names.take("."):
        raise not_embedded(key)
    names.need_end('"->>", "->" or end of input')
    scanner = Scanner("filter", text)
    found = _read_operation(scanner, reference, _rest)
    scanner.need_end()
    return found


def not_embedded(key: str) -> ApiError:
    """400 ``PGRST108``: a parameter for a related table; an import has none."""
    name = key.partition(".")[0]
    return ApiError(
        400, "PGRST108", f"'{name}' is not an embedded resource in this request",
        hint=f"Verify that '{name}' is included in the 'select' query parameter.",
    )  # fmt: skip


def _rest(scanner: Scanner) -> str:
    rest = scanner.text[scanner.at :]
    scanner.at = len(scanner.text)
    return rest


def _read_operation(
    scanner: Scanner, reference: Reference, read_value: Callable[[Scanner], str]
) -> Filter:
    negated = scanner.take("not.")
    word = scanner.match(_OPERATOR)
    if word is None:
        raise scanner.error(_EXPECTED_OPERATOR)
    operator = word[1]
    if operator not in OPERATORS:
        raise scanner.refusal(f"unknown single value operator {operator}")
    if operator == "is":
        texts = [_read_truth(scanner)]
    elif operator == "in":
        texts = _read_list(scanner)
    else:
        texts = [read_value(scanner)]
    return Filter(reference, operator, tuple(texts), negated)


def _read_truth(scanner: Scanner) -> str:
    word = scanner.match(_TRUTH)
    if word is None:
        raise scanner.error("null or trilean value (unknown, true, false)")
    return word[0].lower()


def _read_list(scanner: Scanner) -> list[str]:
    scanner.skip_space()
    scanner.need("(")
    scanner.skip_space()
    values = [_read_element(scanner)]
    while scanner.take(","):
        values.append(_read_element(scanner))
    scanner.need(")")
    scanner.skip_space()
    return [] if values == [""] else values


def _read_element(scanner: Scanner) -> str:
    quoted = scanner.quoted(before=",)")
    if quoted is not None:
        return quoted
    plain = scanner.match(_ELEMENT)
    return plain[0] if plain is not None else ""


def _inner_value(scanner: Scanner) -> str:
    """A value inside a logic tree: quoted, ``{…}``, or everything up to a comma or bracket."""
    if scanner.text.startswith("{", scanner.at):
        array = scanner.match(_ARRAY)
        if array is not None:
            return array[0]
    return _read_element(scanner)


def read_logic(operator: str, text: str, *, negated: bool) -> Logic:
    """One parameter ``and=(…)`` or ``or=(…)``; errors as in `read_filter`."""
    scanner = Scanner("logic tree", operator + text, shown=text)
    logic = _read_tree(scanner, 1, negated=negated)
    scanner.need_end()
    return logic


def _read_tree(scanner: Scanner, depth: int, *, negated: bool) -> Logic:
    if depth > _MAX_DEPTH:
        raise scanner.refusal(f"nested deeper than {_MAX_DEPTH} levels")
    operator: Literal["and", "or"] = "and" if scanner.take("and") else "or"
    if operator == "or":
        scanner.need("or", "logic operator (and, or)")
    scanner.skip_space()
    scanner.need("(")
    parts = [_read_part(scanner, depth)]
    while scanner.take(","):
        parts.append(_read_part(scanner, depth))
    scanner.need(")", '"," or ")"')
    scanner.skip_space()
    return Logic(operator, tuple(parts), negated)


_TREE = re.compile(r"[ \t]*(not\.)?(?=(?:and|or)[ \t]*\()")


def _read_part(scanner: Scanner, depth: int) -> Filter | Logic:
    tree = scanner.match(_TREE)
    if tree is not None:
        return _read_tree(scanner, depth + 1, negated=tree[1] is not None)
    reference = read_reference(scanner)
    scanner.need(".", "delimiter (.)")
    return _read_operation(scanner, reference, _inner_value)
