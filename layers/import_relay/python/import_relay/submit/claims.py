"""What is known of the records of a batch: their watermarks, and the states of their imports.

Read under the lease before submission decides; `posting` asks what an import leaves of them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from import_relay.domain.models import Claim, ItemOutcome, MappedChange, Row, Watermark
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.entries import NEVER_CREATED, UNFINISHED, Standing, State
from import_relay.storage.ledger import Ledger
from import_relay.storage.watermarks import Watermarks
from import_relay.submit.freshness import ends_with_import
from import_relay.submit.other_names import HANDLES_KNOWN, alias, handle_names, is_by_handle

_UNSENT = Standing(State.ABANDONED)
"""Of a reference without an entry: its submitter died before it could send anything."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The watermarks of records by key, and the imports that they refer to.

    `of_same`: key → other keys of the same person. `handles_known`: whether there are contacts
    without an id, so that handles are remembered.
    """

    watermarks: Mapping[str, Watermark]
    standings: Mapping[str, Standing]
    of_same: Mapping[str, Collection[str]] = field(default_factory=dict)
    handles_known: bool = False

    def is_unfinished(self, reference: str) -> bool:
        """Whether the import may still change records."""
        return self._state(reference) in UNFINISHED

    def was_never_created(self, reference: str) -> bool:
        """Whether the import does not exist in Mateo, and never will."""
        return self._state(reference) in NEVER_CREATED

    def of_person(self, key: str) -> Sequence[tuple[str, Claim]]:
        """The claims of a record's person under other keys, by field."""
        return [
            (said, claim)
            for other in self.of_same.get(key, ())
            if other in self.watermarks
            for said, claim in self.watermarks[other].claims.items()
        ]

    def note_repeated(
        self, repeated: Mapping[str, Mapping[str, Claim]], watermarks: Watermarks
    ) -> None:
        """Write down that changes were repeated: key → their claims, by field, as they are since.

        A report may just be marking claims of an unfinished import as failed: those are not
        replaced, which takes a call for each of them.
        """
        unfinished = {
            key: claims
            for key, claims in repeated.items()
            if any(map(self.is_unfinished, _of(self.watermarks[key])))
        }
        watermarks.note_repeated(unfinished)
        known = {key: self.watermarks[key] for key in repeated.keys() - unfinished.keys()}
        watermarks.write(
            {
                key: replace(one, claims={**one.claims, **repeated[key]})
                for key, one in known.items()
            }
        )

    def reclaimable(self) -> Collection[str]:
        """Keys of records with a claim that failed or whose import never happened."""
        return {
            key
            for key, watermark in self.watermarks.items()
            if any(
                claim.failed or self.was_never_created(claim.reference)
                for claim in watermark.claims.values()
            )
        }

    def without_imported(
        self, outcomes: Iterable[ItemOutcome], keys: Mapping[str, Sequence[str]]
    ) -> list[ItemOutcome]:
        """These outcomes without those of items that an import of their records already holds.

        The queue delivers an item twice, and its record may be deleted or changed at the CRM in
        between: it ends with the import. `keys`: item id → the keys that its record may have.
        """
        return [
            one
            for one in outcomes
            if not any(
                ends_with_import(one.occurrence.item_id, watermark, self.was_never_created)
                for watermark in self._found(keys.get(one.occurrence.item_id, ()))
            )
        ]

    def _found(self, keys: Iterable[str]) -> Iterator[Watermark]:
        """The watermarks of these keys, and of the records of which they are aliases."""
        found = [self.watermarks[key] for key in keys if key in self.watermarks]
        yield from found
        yield from (self.watermarks[one.owner] for one in found if one.owner in self.watermarks)

    def _state(self, reference: str) -> State:
        return self.standings.get(reference, _UNSENT).state


def read_claims(
    changes: Sequence[MappedChange],
    names: Iterable[str],
    watermarks: Watermarks,
    ledger: Ledger,
    *,
    clock: Callable[[], float],
) -> Claims:
    """Read what is known of records, of changes and by name; the caller holds the lease.

    A report marks claims as failed, then closes its import. It may do both between the read of the
    watermarks and that of the states: the watermarks would then show claims that did not fail, of
    an import that is over. So watermarks of an import that may have been closed since are read
    again. After that nobody else changes them: a closed import has no report, and an unfinished one
    keeps its records blocked.

    Raises:
        StoreUnavailable: DynamoDB left a part unanswered, again and again.
    """
    begun_at = clock()
    found, of_same = _read(changes, names, watermarks)
    standings = ledger.states({reference for one in found.values() for reference in _of(one)})
    changing = {
        reference
        for reference, standing in standings.items()
        if standing.state not in UNFINISHED and standing.reported_until + CLOCK_SKEW_S >= begun_at
    }
    again = [key for key, one in found.items() if not changing.isdisjoint(_of(one))]
    if again:
        found |= watermarks.read(again)
    known = HANDLES_KNOWN in found or any(is_by_handle(change.key) for change in changes)
    return Claims(found, standings, of_same, known)


def _read(
    changes: Sequence[MappedChange], names: Iterable[str], watermarks: Watermarks
) -> tuple[dict[str, Watermark], Mapping[str, Collection[str]]]:
    """The watermarks of records under all their keys, and which other keys those are."""
    wanted = {change.key for change in changes}
    by_handle = set(filter(is_by_handle, wanted))
    if wanted:
        wanted.add(HANDLES_KNOWN)
    wanted.update(names, map(alias, by_handle))
    found = watermarks.read(wanted)
    of_same: defaultdict[str, set[str]] = defaultdict(set)
    for change in changes if by_handle or HANDLES_KNOWN in found else ():
        if others := set(handle_names(change)):
            of_same[change.key] |= others
    for key in by_handle:
        if alias(key) in found and (owner := found[alias(key)].owner):
            of_same[key].add(owner)
    owners = {one.owner for one in found.values() if one.owner}
    more = owners.union(*of_same.values()) - found.keys()
    return (found | watermarks.read(more) if more else found), of_same


def _of(watermark: Watermark) -> Iterator[str]:
    return (claim.reference for claim in watermark.claims.values())


def claimed(rows: Sequence[Row], reference: str) -> dict[str, Watermark]:
    """What claiming these rows writes: their watermarks, and the aliases of their records."""
    found = {alias(name): Watermark({}, owner=row.key) for row in rows for name in row.names}
    if any(is_by_handle(row.key) for row in rows):
        found[HANDLES_KNOWN] = Watermark({})
    return found | {row.key: _watermark(row, reference) for row in rows}


def _watermark(row: Row, reference: str) -> Watermark:
    """The row's watermark, with the import that holds its changes."""
    claims = {
        field_name: claim if claim.reference else claim._replace(reference=reference)
        for field_name, claim in row.claims.items()
    }
    return Watermark(claims, row.earlier)
