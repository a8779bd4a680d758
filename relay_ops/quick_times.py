"""Reads times in AWS's answers quickly: a list of objects has one for each of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.session import Session
from botocore.utils import parse_timestamp


def with_quick_times(session: Session) -> Session:
    """The session, whose clients read the usual form of a time without looking for others."""
    parsers: Any = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=listed_time)
    return session


def listed_time(said: Any) -> datetime:
    """A time as any service writes it: in ISO 8601, as HTTP does, or in s since the epoch."""
    if isinstance(said, str) and "T" in said[8:]:
        try:
            return datetime.fromisoformat(said)
        except ValueError:
            pass
    found: datetime = parse_timestamp(said)
    return found
