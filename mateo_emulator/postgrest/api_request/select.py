"""``select``: which columns an answer shows, under which names, as which types.

`query_params` and `endpoints` call `read_select`; `imports.listing` shows each row with
`Selected.show`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql import jsonb
from mateo_emulator.postgresql.casts import cast, check_cast
from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.api_request.fields import Reference, read_name, read_reference
from mateo_emulator.postgrest.api_request.scanner import Scanner
from mateo_emulator.postgrest.schema_cache import SchemaCache

_ALIAS_END = re.compile(r":(?!:)")
_TYPE = re.compile(r"[\w $]+")
_STAR = re.compile(r"\*(?=[ \t]*(?:,|$))")


@dataclass(frozen=True)
class Selected:
    """One key of the answer; ``kind`` is the type of its value, ``target`` that of a cast."""

    name: str
    reference: Reference
    kind: Kind
    source_kind: Kind
    target: str | None = None

    def show(self, value: object) -> object:
        """What the answer shows where the column has this value.

        Raises:
            ApiError: 400 when the cast cannot read the value.
        """
        path = self.reference.path
        if path:
            exists, value = jsonb.get(value, [step.key for step in path])
            value = jsonb.scalar_text(value) if exists and path[-1].as_text else value
        return value if self.target is None else cast(value, self.source_kind, self.target)


def read_select(text: str | None, schema: SchemaCache) -> tuple[Selected, ...] | None:
    """``id,total:total_count::text,payload->0->>email``; None, empty and ``*`` mean all.

    Raises:
        ApiError: 400 ``PGRST100``, ``42703``, ``PGRST200`` for a related table, or one of
            `casts.check_cast`.
    """
    if text is None or not text.strip() or text.strip() == "*":
        return None
    scanner = Scanner("select parameter", text)
    selected = _read_item(scanner, schema)
    while scanner.take(","):
        selected += _read_item(scanner, schema)
    return tuple(selected)


def _read_item(scanner: Scanner, schema: SchemaCache) -> list[Selected]:
    scanner.skip_space()
    if scanner.match(_STAR):
        scanner.skip_space()
        return [
            Selected(name, Reference(name), kind, kind) for name, kind in schema.columns.items()
        ]
    alias = _read_alias(scanner)
    reference = read_reference(scanner)
    if scanner.text[scanner.at : scanner.at + 1] in ("(", "!"):
        raise ApiError(
            400,
            "PGRST200",
            f"Could not find a relationship between 'import' and '{reference.column}'"
            " in the schema cache",
        )
    target = _read_cast(scanner)
    scanner.skip_space()
    if scanner.text[scanner.at : scanner.at + 1] not in ("", ","):
        raise scanner.error('"->>", "->", "::", "," or end of input')
    kind = schema.kind(reference, selecting=True)
    shown = kind if target is None else check_cast(kind, target)
    return [Selected(alias or reference.name, reference, shown, kind, target)]


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
