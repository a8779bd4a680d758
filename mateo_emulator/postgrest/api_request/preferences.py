"""The ``Prefer`` header of a list: the only preference that means something here is a count.

`endpoints` calls `count_preference`. All three counts are exact here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast, get_args

Count = Literal["exact", "planned", "estimated"]


def count_preference(headers: Iterable[str]) -> Count | None:
    """The first count that is asked for; ``count=none`` and anything unknown ask for none."""
    preferences = (part.strip() for header in headers for part in header.split(","))
    for preference in preferences:
        name, _, value = preference.partition("=")
        if name == "count" and value in get_args(Count):
            return cast("Count", value)
    return None
