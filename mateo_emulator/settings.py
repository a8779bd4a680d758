"""Everything that can be changed: limits and behaviour at run time, the rest at the start.

`__main__` fills `Start` from flags and the environment, `emulator` keeps the current
`DocumentedLimits` and `Behaviour`, `admin` changes them. Each field of `Behaviour` is one thing
that the API's documents leave open; its default is what a careful client should be able to live
with.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

FieldKind = Literal["string", "datetime", "boolean", "number", "date", "string_list"]
Entity = Literal["contact", "deal", "appointment"]

# What is defined from the start: the keys of the guide's examples, and two that a shop would have.
PREPARED_FIELDS: dict[Entity, dict[str, FieldKind]] = {
    "contact": {
        "last_contacted_at": "datetime", "my_custom_field_key": "string", "loyalty_level": "string",
    },
}  # fmt: skip
PREPARED_CHANNELS = ["my_marketing_channel_key", "newsletter"]


_Seconds = Annotated[float, Field(ge=0, le=1e8)]
_Microseconds = Annotated[float, Field(ge=0, le=1e8)]
_Count = Annotated[int, Field(ge=0, le=10**9)]
_Size = Annotated[int, Field(ge=1, le=10**9)]


class _Changeable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentedLimits(_Changeable):
    """The documented limits; None switches one off."""

    requests_per_second: _Count | None = 2
    requests_per_day: _Count | None = 10_000
    entities_per_day: _Count | None = 25_000
    request_timeout_s: Annotated[float, Field(gt=0, le=1e8)] = 2.0
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"unknown time zone {value!r}"
            raise ValueError(message) from error
        return value


class Behaviour(_Changeable):
    """What the emulator does where the documents say nothing, or say it in two ways."""

    # Background processing: no guarantee on time is documented.
    processing_delay_s: _Seconds = 0.3
    processing_jitter_s: _Seconds = 0.0
    processing_per_row_us: _Microseconds = 50.0  # a row takes this long, or longer if it must
    processing_order: Literal["due", "newest", "random"] = "due"
    stalled: bool = False
    visible_after_s: _Seconds = 0.0
    # POST /import
    reference_id: Literal["refuse", "ignore", "accept"] = "refuse"
    created_status: Literal[200, 201, 204] = 201
    empty_answer: Literal["object", "empty", "no_content"] = "object"
    obeys_select: bool = True
    over_quota: Literal["refuse", "cut"] = "refuse"
    auto_contact_lists: bool = False
    rows_per_import_max: _Size | None = None
    body_bytes_max: _Size | None = None
    # GET /import
    counts: Literal["at_once", "late", "growing", "never"] = "at_once"
    counts_delay_s: _Seconds = 0.0
    failed_count: Literal["number", "null_for_none", "null"] = "number"
    failed_entries: Literal["row", "twice", "number"] = "row"
    failed_list_delay_s: _Seconds = 0.0
    failed_file: Literal["json", "ndjson", "csv"] = "json"
    files_host: str = ""
    payload: Literal["as_sent", "normalised"] = "as_sent"
    failed_selectable: bool = False
    failed_inline_max: _Count = 100
    failed_url_always: bool = False
    payload_inline_max: _Count = 1_000
    link_lifetime_s: Annotated[float, Field(gt=0, le=1e8)] = 3_600.0
    strict_order: bool = True
    rate_limit_headers: Literal["all", "no_retry_after", "none"] = "all"
    # Rows
    custom_fields_strict: bool = True
    custom_fields: dict[Entity, dict[str, FieldKind]] = PREPARED_FIELDS
    marketing_channels: list[str] = PREPARED_CHANNELS
    handle_conflict: Literal["move", "fail"] = "move"
    no_valid_phone: Literal["fail", "drop"] = "fail"
    default_country_codes: list[str] = []


@dataclass(frozen=True)
class Start:
    """What a process is started with; None means "as it was last time, else the default"."""

    state: Path
    host: str = "127.0.0.1"
    port: int = 4010
    token: str | None = None
    requests_per_second: int | None = None
    requests_per_day: int | None = None
    entities_per_day: int | None = None
    time_zone: str | None = None
    clock_offset_s: float | None = None

    def limits(self) -> dict[str, object]:
        """The limits that were given at the start."""
        given = {
            "requests_per_second": self.requests_per_second,
            "requests_per_day": self.requests_per_day,
            "entities_per_day": self.entities_per_day,
            "time_zone": self.time_zone,
        }
        return {name: value for name, value in given.items() if value is not None}
