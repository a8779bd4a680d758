"""Nothing is imported twice, and what a sender repeats is not imported again."""

import json
from collections import Counter, defaultdict

from import_relay.domain.replays import replay_id_of
from import_relay.storage.entries import NEVER_CREATED
from tests.simulation.checks.books import Books, Version
from tests.simulation.crm import CONNECTION

IN_VAIN = frozenset({"failed", "unaccounted"})
"""Outcomes of what is put back after which a repetition may be the only one that comes in."""


def check_imports(books: Books) -> None:
    """Mateo has no import that the relay does not know of, and nothing twice."""
    wanted: Counter[str] = Counter()
    for entry in books.entries:
        if entry["state"] not in NEVER_CREATED and entry["reference"] in books.frozen:
            wanted[_text(books.frozen[entry["reference"]][0])] += 1
    found = Counter(_text(one.payload) for one in books.relay.mateo.imports.values())
    for payload in found - wanted:
        books.wrong("duplicated", f"Mateo has {found[payload]} imports of {payload}")
    for item, times in books.times_applied.items():
        if times > 1:
            books.wrong("duplicated", f"{item} was imported {times} times")
    _repetitions(books)
    _handles(books)


def _handles(books: Books) -> None:
    """Among contacts of an import that share an e-mail address, the newest comes last."""
    for reference, (payload, provenance) in books.frozen.items():
        holders: dict[str, list[Version]] = defaultdict(list)
        for row, source in zip(payload, provenance, strict=True):
            items = [f"{one['delivery']}/{one['n']}" for one in source["items"]]
            versions = [books.items[one].version for one in items if one in books.items]
            if row.get("email") and versions:
                holders[row["email"].lower()].append(max(versions))
        if any(versions != sorted(versions) for versions in holders.values()):
            books.wrong("stale", f"{reference}: an e-mail address goes to an older change")


def _repetitions(books: Books) -> None:
    """A change that its sender repeats is not imported again, if nothing came in between.

    It may be imported again if its row may have failed, as far as Mateo tells. It may be, too, if a
    person put it back and its row failed then or is unaccounted for: the relay does not remember
    that it was imported.
    """
    applied_at = {item: one.at for one in books.applied for item in one.items}
    for of_key in books.by_key.values():
        changes: dict[int, set[tuple[str, str]]] = defaultdict(set)
        versions: dict[tuple[int, str], list[str]] = defaultdict(list)
        in_vain: set[int] = set()
        for item, one in of_key:
            # Versions of `plain` are times of receipt; what is fetched at the CRM may change.
            if one.connection not in ("plain", CONNECTION):
                version, replay = one.record.version, replay_id_of(item)
                changes[version].add((one.event, str(one.record.fields)))
                versions[version, replay].append(item)
                if replay and not IN_VAIN.isdisjoint(books.outcomes_of(item)):
                    in_vain.add(version)
        for (version, _), of_version in versions.items():
            ended = [item for item in of_version if books.outcomes.get(item) == {"imported"}]
            imported = sorted(applied_at.keys() & ended, key=applied_at.__getitem__)
            is_alone = len(changes[version]) == 1 and version not in in_vain
            if is_alone and not books.unsure.issuperset(imported[:-1]):
                books.wrong("duplicated", f"{' and '.join(imported)} are the same change")


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
