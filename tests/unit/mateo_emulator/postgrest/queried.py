"""A table's columns, and queries of it: planned, or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.api_request.query_params import read_query_params
from mateo_emulator.postgrest.plan import ReadPlan, plan_read
from mateo_emulator.postgrest.schema_cache import SchemaCache

COLUMNS: dict[str, Kind] = {
    "id": "uuid",
    "name": "text",
    "count": "integer",
    "flag": "boolean",
    "created_at": "timestamp",
    "type": "import_type",
    "payload": "json",
}
SCHEMA = SchemaCache(COLUMNS, ("created_at",))
NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)


def parsed(*parameters: tuple[str, str], schema: SchemaCache = SCHEMA) -> ReadPlan:
    return plan_read(read_query_params(parameters), schema, NOW)


def refused(*parameters: tuple[str, str]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parsed(*parameters)
    return caught.value
