"""The daily pages of a stack: written on request, and opened in a browser."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from import_relay.report.daily.daily_files import PAGE_FILE
from relay_ops.exits import CommandError, UsageMistake
from relay_ops.stack import Stack

_FUNCTION = "WriteDailyReport"
_PREFIX = "daily/date="
READABLE_S = 3_600
"""How long the address of a page works."""


def write_daily(stack: Stack, day: str) -> str:
    """Have the page of a day (YYYY-MM-DD) written as it is now; empty: today. Returns its key.

    Raises:
        CommandError: the function failed, or the stack has none.
        UsageMistake: the day has not begun.
    """
    if day and date.fromisoformat(day) > stack.now().date():
        raise UsageMistake(f"--date {day}: this day has not begun.")
    function = stack.resources.get(_FUNCTION)
    if function is None:
        raise CommandError(f"{stack.name} writes no daily pages. Deploy a newer version of it.")
    stack.refresh()
    payload = json.dumps({"date": day}).encode()
    answer = stack.client("lambda").invoke(FunctionName=function, Payload=payload)
    content: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise CommandError(
            f"{function} failed: {content.get('errorType', 'no answer')}. "
            "Its log group has the location of the error."
        )
    return str(content["key"])


def page_key(stack: Stack, day: str = "") -> str:
    """The key of the page of a day; of the newest one if it is empty.

    Raises:
        CommandError: there is no such page.
    """
    prefix = f"{_PREFIX}{day}/" if day else _PREFIX
    pages = [one.key for one in stack.objects.keys(prefix) if one.key.endswith(f"/{PAGE_FILE}")]
    if not pages:
        which = f"of {day}" if day else "yet"
        raise CommandError(f"There is no daily page {which}. `relay daily` writes one.")
    return max(pages)


def page_address(stack: Stack, key: str) -> str:
    """Where a browser sees a page, without a login, for an hour."""
    place = {"Bucket": stack.bucket, "Key": key}
    address: str = stack.client("s3").generate_presigned_url(
        "get_object", Params=place, ExpiresIn=READABLE_S
    )
    return address
