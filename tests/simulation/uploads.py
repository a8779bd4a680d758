"""Files that people upload in some scenarios, drawn from the seed, and their text."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.simulation.scenario import Account, Record, Scenario, Upload, Webhook
from tests.simulation.world import START, Fault

FILES_IN = 40
"""In one of this many runs, people upload files."""
VERSION = int(START * 1_000) * 1_000
COLUMNS = ("id", "name", "city", "zip", "v")
NAMES = ("a.csv", "ä b.csv")
SMALL, LARGE = (1, 1, 2, 3, 5), (4, 5, 6)
CALLS = (70, 70, 250)
"""About how many calls the first runs of import_files make, or all: faults are spread over them."""
KILLS = (Fault.DIE_BEFORE, Fault.DIE_AFTER)
FIRST_HOUR_S = 3_600.0
DIES_AT = ("rows/", "rows/", "files/", "rejected/", "inbox/", "items/")


def with_files(scenario: Scenario) -> Scenario:
    """The scenario, or one in which files are imported beside one webhook or none.

    Drawn separately, so that the other runs stay as they are.
    """
    chance = random.Random(f"files {scenario.seed}")  # noqa: S311 - a simulation
    if chance.randrange(FILES_IN):
        return scenario
    account = _account(scenario.account, chance)
    webhooks = _first_hour(scenario.webhooks)[: chance.choice((0, 1, 1, 2))]
    dies_at = chance.choice(DIES_AT) if chance.randrange(3) == 0 else ""
    return replace(
        scenario,
        webhooks=webhooks,
        files=_files(account, chance),
        faults=_faults(chance),
        fault_profile=replace(scenario.fault_profile, kills_after=dies_at),
        account=account,
        put_back=scenario.put_back if chance.randrange(2) else (),
    )


def _first_hour(webhooks: Sequence[Webhook]) -> Sequence[Webhook]:
    """Those that come within an hour of the first one, from the start of the run on."""
    begin_s = min((one.at for one in webhooks), default=0.0)
    moved = [replace(one, at=one.at - begin_s) for one in webhooks]
    return [one for one in moved if one.at < FIRST_HOUR_S]


def _account(account: Account, chance: random.Random) -> Account:
    """An account with requests enough: their limits are tried without files."""
    return replace(
        account,
        requests_per_day=10_000,
        entities_per_day=chance.choice((25_000, 25_000, 25_000, 25_000, 4, 3)),
        erp_entities_per_day=None,
        plain_entities_per_day=None,
        file_run_s=chance.choice((840.0, 840.0, 0.6)),
    )


def _faults(chance: random.Random) -> dict[int, Fault]:
    found, calls = {}, chance.choice(CALLS)
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        kind = chance.choice(KILLS) if chance.randrange(2) else chance.choice(tuple(Fault))
        found[chance.randrange(1, calls)] = kind
    return found


def _files(account: Account, chance: random.Random) -> Sequence[Upload]:
    found: list[Upload] = []
    for number in range(chance.choice((1, 1, 1, 2) if account.is_limited else (1, 1, 2, 2, 3))):
        at = chance.uniform(0.0, chance.choice((5.0, 400.0, 3_600.0)))
        connection = chance.choice(("erp", "erp", "plain"))
        if chance.randrange(12) == 0:
            connection = "nobody"
        name = chance.choice(NAMES)
        form = chance.choice(("csv",) * 5 + ("ndjson",) * 3 + ("cut", "empty"))
        many = chance.choice(LARGE if account.is_limited else SMALL)
        rows = _rows(chance, f"f{number}", connection, many)
        found.append(_recognised(Upload(at, connection, name, rows, form)))
    if chance.randrange(3) == 0:  # the same again, other content under the same key, or a deletion
        first = chance.choice(found)
        at = first.at + chance.choice((0.05, 0.3, 1.0, 30.0, 2_000.0)) * chance.random()
        changed = _rows(chance, "f9", first.connection, 2)
        again = chance.choice((first, replace(first, rows=changed), replace(first, form="gone")))
        found.append(_recognised(replace(again, at=at)))
    return sorted(found, key=lambda one: one.at)


def _recognised(upload: Upload) -> Upload:
    """The upload with a first line that shows the format of a file with an object on each line."""
    if upload.form != "ndjson" or upload.rows[0].broken != "no row":
        return upload
    first, *others = upload.rows
    return replace(upload, rows=[replace(first, broken="no id"), *others])


def _rows(chance: random.Random, event: str, connection: str, many: int) -> Sequence[Record]:
    return [_row(chance, f"{event}.{n}", connection) for n in range(many)]


def _row(chance: random.Random, tag: str, connection: str) -> Record:
    key = str(1_000 + chance.randrange(4))
    version = VERSION + chance.randrange(6) * 1_000
    if chance.randrange(10) == 0:
        return Record(key, version, {"name": tag}, broken=chance.choice(("no id", "no row")))
    if connection == "plain":
        return Record(f"p{key}", 0, {"name": tag})
    fails = chance.choice(("",) * 9 + ("FAIL", "REFUSE"))
    fields = {"name": tag, "city": fails or tag, "zip": tag}
    return Record(key, version, fields, failing=bool(fails))


# ---------------------------------------------------------------- as a file


def content_of(upload: Upload) -> bytes:
    """The bytes of an uploaded file."""
    if upload.form == "empty":
        return b""
    if upload.form == "cut":
        return ("[" + "".join(f"{_object(one)}," for one in upload.rows)).encode()
    lines = _objects(upload) if upload.form == "ndjson" else _cells(upload)
    return "".join(f"{line}\n" for line in lines).encode()


def line_of(upload: Upload, number: int) -> int:
    """The line on which a row stands; rows are numbered from 0."""
    return number + (1 if upload.form == "ndjson" else 2)


def _objects(upload: Upload) -> Iterator[str]:
    for row in upload.rows:
        yield "{no JSON" if row.broken == "no row" else _object(row)


def _cells(upload: Upload) -> Iterator[str]:
    yield ",".join(COLUMNS)
    for row in upload.rows:
        cells = ",".join(str(_values(row).get(name, "")) for name in COLUMNS)
        yield f"{cells},too,many" if row.broken == "no row" else cells


def _object(row: Record) -> str:
    return json.dumps(_values(row))


def _values(row: Record) -> dict[str, object]:
    seconds = f"{row.version // 1_000_000}.{row.version % 1_000_000:06}"
    id_ = {} if row.broken == "no id" else {"id": row.key}
    return {**id_, **row.fields, **({"v": seconds} if row.version else {})}
