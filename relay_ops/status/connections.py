"""What became of each connection's items lately, for `relay status`."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from import_relay.domain.connections import parse_connections
from import_relay.domain.toml_tables import read_text
from import_relay.storage.outcome_counts import OutcomeCounts
from relay_ops.stack import Stack

SHOWN_DAYS = 7
"""Whose items are counted: by the day of their receipt."""


def names_in(file: Path) -> list[str]:
    """The connections of a file; none if there is none here."""
    return list(parse_connections(read_text(file))) if file.is_file() else []


def of_connections(stack: Stack, names: list[str]) -> dict[str, dict[str, int]]:
    """Connection → outcome → items received in the last `SHOWN_DAYS` days, of those with any."""

    def day_of(at: float) -> str:
        return stack.now().fromtimestamp(at, stack.time_zone).date().isoformat()

    counts = OutcomeCounts(stack.client("dynamodb"), stack.ledger_table, day_of, clock=stack.clock)
    found: dict[str, Counter[str]] = {name: Counter() for name in names}
    for back in range(SHOWN_DAYS):
        day = (stack.now().date() - timedelta(days=back)).isoformat()
        for name, one in counts.connections(day, names).items():
            found[name].update(one.outcomes)
    return {name: dict(ended) for name, ended in found.items() if ended}
