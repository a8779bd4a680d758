"""Which columns a list has and of which types they are (PostgREST's ``SchemaCache``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.api_request.fields import Reference


@dataclass(frozen=True)
class SchemaCache:
    """The columns that a query may name; ``orderable`` None means all of them.

    ``selectable`` are names that only ``select`` knows; ``name`` is what errors call the list.
    """

    columns: Mapping[str, Kind]
    orderable: Sequence[str] | None = None
    selectable: Mapping[str, Kind] = field(default_factory=dict)
    name: str = "import"

    def kind(self, reference: Reference, *, selecting: bool = False) -> Kind:
        """The type of what is referred to.

        Raises:
            ApiError: 400 ``42703`` for an unknown column, 404 ``42883`` for a way into text.
        """
        columns = {**self.columns, **self.selectable} if selecting else self.columns
        if reference.column not in columns:
            raise ApiError(400, "42703", f"column {self.name}.{reference.column} does not exist")
        if any(step.as_text for step in reference.path[:-1]):
            raise no_operator("text -> unknown")
        if not reference.path:
            return columns[reference.column]
        return "text" if reference.path[-1].as_text else "json"


def no_operator(expression: str) -> ApiError:
    """404 ``42883``: a type that does not have this operator; PostgREST lists it as 404."""
    hint = "No operator matches the given name and argument types."
    return ApiError(404, "42883", f"operator does not exist: {expression}", hint=hint)
