"""A file is imported once, to its last row, and its report says what became of each.

`items` and `imports` check that no row is lost or imported twice, as they do for all items.
"""

import csv
import io
import json
from collections import Counter

from tests.simulation.checks.books import Books
from tests.simulation.inbox import QUEUED_DAYS, NotedFile
from tests.simulation.stores import LEDGER
from tests.simulation.uploads import line_of

REASONS = {"cut": "file.broken_json", "empty": "file.empty"}
MAX_DEATHS = 3
"""How many processes may die while they read a file; then it is refused."""
NOT_IMPORTED = frozenset({"failed", "rejected", "unaccounted"})


def check_files(books: Books) -> None:
    """Each file is refused or finished, and its report says what became of its rows."""
    inbox = books.relay.inbox
    for key in inbox.unnoticed():
        books.wrong("lost", f"{key} was never noticed")
    for what in inbox.early:
        books.wrong("unreported", what)
    for rows in inbox.crowded:
        books.wrong("over-limit", f"{rows} rows of files were queued at a time")
    counted: Counter[str] = Counter()
    waiting = books.relay.unproven | rows_behind(books)
    for file in inbox.noted():
        if file.received_at / 1_000_000 not in inbox.times[file.content]:
            books.wrong("stale", f"{file.key} counts as uploaded at another time")
        if file.state == "refused":
            _refused(books, file)
        elif file.state == "finished":
            counted[books.relay.limits.day(file.received_at / 1_000_000)] += len(file.upload.rows)
            _finished(books, file)
        elif waiting.isdisjoint(items_of(file)):
            books.wrong("stuck", f"{file.key} ({file.id}) is {file.state} for ever")
    if all(file.state in ("refused", "finished") for file in inbox.noted()):
        _receipts(books, counted)


def rows_behind(books: Books) -> set[str]:
    """Rows that wait in their files because dead letters leave no room in the queue."""
    files = books.relay.inbox.noted()
    dead: Counter[str] = Counter()
    for file in files:
        dead[file.upload.connection] += len(books.relay.unproven.intersection(items_of(file)))
    return {
        item
        for file in files
        if _has_no_room(books, file.upload.connection, dead)
        for item in items_of(file)[file.counted :]
    }


def _has_no_room(books: Books, connection: str, dead: Counter[str]) -> bool:
    """Whether a connection has a page of dead letters, and these fill its day or the queue."""
    account, own = books.relay.account, dead[connection]
    a_day = account.rows_per_day(connection)
    is_full = own >= a_day or dead.total() >= QUEUED_DAYS * account.bulk_entities
    return is_full and own >= min(account.page_rows, a_day)


def items_of(file: NotedFile) -> list[str]:
    """The items of a file's rows, in their order."""
    upload = file.upload
    return [f"{file.delivery}/{line_of(upload, n)}" for n in range(len(upload.rows))]


def _refused(books: Books, file: NotedFile) -> None:
    """A file is refused for a reason, and an object beside it says which."""
    upload = file.upload
    expected = REASONS.get(upload.form, "")
    if upload.connection == "nobody":
        expected = "file.unknown_connection"
    others = set()
    if file.content in books.relay.inbox.removed:
        others.add("file.replaced")
    if books.relay.killed["files"] >= MAX_DEATHS:
        others.add("file.killed_process")
    if file.code != expected and file.code not in others:
        books.wrong("unexpected", f"{file.key} is refused as {file.code}, not {expected!r}")
    if f"{file.key}.error.json" not in books.relay.s3.objects and not others:
        books.wrong("unreported", f"nothing beside {file.key} says why it is refused")
    _forgotten(books, file)


def _finished(books: Books, file: NotedFile) -> None:
    upload, objects = file.upload, books.relay.s3.objects
    if upload.form in REASONS or upload.connection == "nobody":
        books.wrong("unexpected", f"{file.key} cannot be read, and is finished")
        return
    found = [outcome for item in items_of(file) for outcome in books.outcomes_of(item)]
    summary = json.loads(objects.get(f"{file.folder}/summary.json", b"{}"))
    said = {name: many for name, many in summary.get("rows", {}).items() if many}
    if said != {"total": len(upload.rows), **Counter(found)}:
        books.wrong("unreported", f"{file.folder} says {said}, its rows ended as {Counter(found)}")
    lines = {
        line_of(upload, n)
        for n, item in enumerate(items_of(file))
        if books.outcomes_of(item) & NOT_IMPORTED
    }
    table = objects.get(f"{file.folder}/failures.csv", b"").decode("utf-8-sig")
    listed = [int(row["relay_line"]) for row in csv.DictReader(io.StringIO(table))]
    unsure = {item for item in items_of(file) if item in books.unsure}
    if sorted(listed) != sorted(lines) and not unsure:
        books.wrong("unreported", f"{file.folder} lists lines {listed}, not {sorted(lines)}")
    beside = json.loads(objects.get(f"{file.key}.error.json", b"{}")).get("code", "file.replaced")
    if beside != "file.replaced" and file.content not in books.relay.inbox.removed:
        books.wrong("unreported", f"{file.key} is imported, and {beside} is said beside it")
    _forgotten(books, file)


def _forgotten(books: Books, file: NotedFile) -> None:
    """The pages of a file are deleted once all its rows have an outcome."""
    left = [key for key in books.relay.s3.objects if key.startswith(f"rows/{file.id}/pages/")]
    if left:
        books.wrong("unexpected", f"{file.key} is {file.state}, and {left} are still there")


def _receipts(books: Books, counted: Counter[str]) -> None:
    """Rows count as received once each, on the day of their upload."""
    table = books.relay.dynamodb.tables.get(LEDGER, {})
    found = Counter(
        {
            pk.removeprefix("counts#"): int(item["from_files"]["N"])
            for pk, item in table.items()
            if pk.startswith("counts#") and "from_files" in item
        }
    )
    if found != counted:
        books.wrong("miscounted", f"{dict(found)} rows of files counted, {dict(counted)} were read")
