"""What the demo prints at its end; called by `run`."""

from __future__ import annotations

from pathlib import Path

from import_relay.domain.models import OUTCOME_NAMES
from local.demo.balance import Balance


def longest_failures(state_dir: Path) -> Path | None:
    """The longest failure report on disk."""
    found = sorted(
        (state_dir / "reports").rglob("failures.csv"), key=lambda one: one.stat().st_size
    )
    return found[-1] if found else None


def print_summary(reconciliation: Balance, failures: Path | None) -> None:
    """Print where all items ended, each check, and the beginning of a failure report."""
    print("\nAccepted items, by where they ended:\n")
    for name in OUTCOME_NAMES:
        print(f"  {name:<12}{reconciliation.outcomes[name]:>10,}")
    print(f"  {'':<12}{'-' * 10:>10}")
    total = reconciliation.outcomes.total()
    print(f"  {'total':<12}{total:>10,}   accepted: {reconciliation.accepted:,}\n")
    if total != reconciliation.accepted:
        reconciliation.wrong.append(
            f"{reconciliation.accepted:,} items were accepted, {total:,} are accounted for"
        )
    for what in reconciliation.checks:
        print(f"  ok     {what}")
    for what in reconciliation.wrong:
        print(f"  WRONG  {what}")
    if failures is None:
        reconciliation.wrong.append("there is no failure report")
        return
    print(f"\nA failure report: {failures}")
    print("(failures.xlsx beside it opens in a spreadsheet.)")
    for line in failures.read_text(encoding="utf-8-sig").splitlines()[:4]:
        print(f"  {line[:150]}")
