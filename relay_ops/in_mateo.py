"""What Mateo holds of records now. A permit and a request of the day for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from relay_ops.mateo import MateoAccount
from relay_ops.stack import Stack

MAX_RECORDS = 10
"""So that a part of a common name does not spend the day's requests."""


def stored_in_mateo(stack: Stack, records: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Type, external id and rows of the first `MAX_RECORDS` records that have an external id.

    Raises:
        CommandError: Mateo does not answer, or there is no permit.
    """
    named = [one for one in records if one[1]][:MAX_RECORDS]
    account = MateoAccount(stack) if named else None
    return [
        {
            "type": type_,
            "external_id": external_id,
            "rows": account.get(_path(type_), {"external_id": f"eq.{external_id}"}),
        }
        for type_, external_id in named
        if account is not None
    ]


def _path(type_: str) -> str:
    return type_
