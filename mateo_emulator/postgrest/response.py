"""The rows of an answer before they are written (PostgREST's ``Response``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.media_type import OutputRow


@dataclass(frozen=True)
class Found:
    """The rows of an answer, the types of their values, and how many there are in all."""

    rows: Sequence[OutputRow]
    kinds: Mapping[str, Kind]
    total: int | None = None
