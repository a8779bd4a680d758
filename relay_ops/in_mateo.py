"""What Mateo holds of records now. A permit and a request of the day for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from relay_ops.history import MateoRecord
from relay_ops.mateo import MateoAccount
from relay_ops.stack import Stack

MAX_RECORDS = 10
"""So that a part of a common name does not spend the day's requests."""


def asked_for(records: Sequence[MateoRecord]) -> Sequence[MateoRecord]:
    """The records that Mateo is asked for: the first `MAX_RECORDS` that something names there."""
    return [one for one in records if one.value][:MAX_RECORDS]


def stored_in_mateo(stack: Stack, records: Sequence[MateoRecord]) -> list[dict[str, Any]]:
    """Type, name and rows of each record: `{"type": …, "external_id": …, "rows": […]}`.

    Raises:
        CommandError: Mateo does not answer, or there is no permit.
    """
    account = MateoAccount(stack) if records else None
    return [
        {
            "type": one.type,
            one.column: one.value,
            "rows": account.get(one.type, {one.column: f"eq.{one.value}"}),
        }
        for one in records
        if account is not None
    ]
