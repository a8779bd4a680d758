"""How the rows of files ended, and what replays put back: counted in the item of their file or
replay in the ledger table.

In the transactions that count the same outcomes by day: see `outcome_counts` and `Ledger.close`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from import_relay.domain.files import file_of
from import_relay.domain.replays import replay_id_of
from import_relay.storage.conditions import update
from import_relay.storage.item_writes import attribute, update_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

FileCounts = Mapping[str, Mapping[str, int]]
"""Name of the item of a file or a replay → outcome → rows."""
ENDED = "rows_"
"""Before an outcome: the attribute that counts the rows which ended so."""
NO_FILES: FileCounts = MappingProxyType({})
MAX_FILES_TOGETHER = 25
"""In the transaction that closes an import: with 60 connections and its days it stays below 100
operations (AWS quota)."""


def file_key(file: str) -> dict[str, Any]:
    """The key of a file's item in the ledger table."""
    return _key(f"file#{file}")


def replay_key(replay_id: str) -> dict[str, Any]:
    """The key of a replay's item in the ledger table."""
    return _key(f"replay#{replay_id}")


def count_by_file(outcomes: Iterable[tuple[str, str]]) -> FileCounts:
    """Counts of rows, each given as its delivery and how it ended; webhooks are left out."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for delivery, outcome in outcomes:
        if replay := replay_id_of(delivery):
            counts[f"replay#{replay}"][str(outcome)] += 1
        elif file := file_of(delivery):
            counts[f"file#{file}"][str(outcome)] += 1
    return counts


def file_operation(table: str, file: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """The part of a transaction that counts ends of the rows of a file or replay."""
    return {"Update": update_of(table, _key(file), adds=_rows(counts))}


def split_files(of_files: FileCounts) -> tuple[FileCounts, FileCounts]:
    """The files to count within one transaction, and the others, which have the fewest rows."""
    by_rows = sorted(of_files, key=lambda file: (-sum(of_files[file].values()), file))
    together, apart = by_rows[:MAX_FILES_TOGETHER], by_rows[MAX_FILES_TOGETHER:]
    return {one: of_files[one] for one in together}, {one: of_files[one] for one in apart}


def count_apart(
    client: "DynamoDBClient",
    table: str,
    file: str,
    counts: Mapping[str, int],
    *,
    reference: str,
    sleep: Callable[[float], None],
) -> None:
    """Count ends of a file's rows once for this import, however often this is called."""
    once = update_of(
        table,
        _key(file),
        ~attribute("imports_apart").contains(reference),
        adds={**_rows(counts), "imports_apart": reference},
    )
    update(client, once, sleep=sleep)


def _rows(counts: Mapping[str, int]) -> dict[str, int]:
    return {f"{ENDED}{name}": count for name, count in counts.items()}


def _key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}}


def ended_of(item: Mapping[str, Any]) -> dict[str, int]:
    """Outcome → rows, by what the item of a file or replay says, in plain values."""
    return {
        name.removeprefix(ENDED): int(value)
        for name, value in item.items()
        if name.startswith(ENDED)
    }


def plain(item: Any) -> Any:
    """Such an item without its sets, which `from_attributes` cannot read."""
    return {name: value for name, value in item.items() if "SS" not in value}
