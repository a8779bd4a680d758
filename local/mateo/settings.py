"""Everything that can be changed: limits and behaviour at run time, the rest at the start.

`__main__` fills `Start` from flags and the environment, `sandbox` keeps the current `Limits` and
`Behaviour`, `admin` changes them. Each field of `Behaviour` is one thing that the API's documents
leave open; its default is what a careful client should be able to live with.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

FieldKind = Literal["string", "datetime", "boolean", "number", "date", "string_list"]
Entity = Literal["contact", "deal", "appointment"]


class _Changeable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(_Changeable):
    """The documented limits; None switches one off."""

    requests_per_second: int | None = Field(default=2, ge=0)
    requests_per_day: int | None = Field(default=10_000, ge=0)
    entities_per_day: int | None = Field(default=25_000, ge=0)
    request_timeout_s: float = Field(default=2.0, gt=0)
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
    processing_delay_s: float = Field(default=0.3, ge=0)
    processing_jitter_s: float = Field(default=0.0, ge=0)
    processing_per_row_us: float = Field(default=50.0, ge=0)
    stalled: bool = False
    visible_after_s: float = Field(default=0.0, ge=0)
    # POST /import
    reference_id: Literal["refuse", "ignore", "accept"] = "refuse"
    empty_answer: Literal["empty", "object", "no_content"] = "empty"
    auto_contact_lists: bool = False
    rows_per_import_max: int | None = Field(default=None, ge=1)
    body_bytes_max: int | None = Field(default=None, ge=1)
    # GET /import
    failed_selectable: bool = False
    failed_inline_max: int = Field(default=100, ge=0)
    failed_url_always: bool = False
    payload_inline_max: int = Field(default=1_000, ge=0)
    link_lifetime_s: float = Field(default=3_600.0, gt=0)
    strict_order: bool = True
    rate_limit_headers: Literal["all", "no_retry_after", "none"] = "all"
    # Rows
    custom_fields_strict: bool = False
    custom_fields: dict[Entity, dict[str, FieldKind]] = Field(
        default={"contact": {"last_contacted_at": "datetime"}}
    )
    marketing_channels: list[str] = Field(default=[])
    handle_conflict: Literal["move", "fail"] = "move"
    no_valid_phone: Literal["fail", "drop"] = "fail"
    default_country_codes: list[str] = Field(default=[])


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
