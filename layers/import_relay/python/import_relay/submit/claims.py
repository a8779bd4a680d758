"""What is known of the records of a batch: their watermarks, and the states of their imports.

Called by `submission` under the lease, before it decides.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from import_relay.domain.models import ItemOutcome, Watermark
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.entries import NEVER_CREATED, UNFINISHED, Standing, State
from import_relay.storage.ledger import Ledger
from import_relay.storage.watermarks import Watermarks
from import_relay.submit.merging import ends_with_import

_UNSENT = Standing(State.ABANDONED)
"""Of a reference without an entry: its submitter died before it could send anything."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The watermarks of records by key, and the imports that they refer to."""

    watermarks: Mapping[str, Watermark]
    standings: Mapping[str, Standing]

    def is_unfinished(self, reference: str) -> bool:
        """Whether the import may still change records."""
        return self._state(reference) in UNFINISHED

    def was_never_created(self, reference: str) -> bool:
        """Whether the import never happened and never will."""
        return self._state(reference) in NEVER_CREATED

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
        """These outcomes without those of items that an import of their records already brings.

        The queue delivers an item twice, and its record may be deleted or changed at the CRM in
        between: it ends with the import. `keys`: item id → the keys that its record may have.
        """
        return [
            one
            for one in outcomes
            if not any(
                ends_with_import(
                    one.occurrence.item_id, self.watermarks[key], self.was_never_created
                )
                for key in keys.get(one.occurrence.item_id, ())
                if key in self.watermarks
            )
        ]

    def _state(self, reference: str) -> State:
        return self.standings.get(reference, _UNSENT).state


def read_claims(
    keys: Iterable[str],
    watermarks: Watermarks,
    ledger: Ledger,
    *,
    clock: Callable[[], float],
) -> Claims:
    """Read what is known of records; the caller holds the lease.

    A report claims claims as failed and then closes its import. It may do both between the read of
    the watermarks and the read of the states: the import would be over and its claims not failed.
    Watermarks of an import that may have been closed since are read again. After that nobody else
    changes them: a closed import has no report, and an unfinished one keeps its records blocked.

    Raises:
        StoreUnavailable: DynamoDB left a part unanswered, again and again.
    """
    begun_at = clock()
    found = watermarks.read(keys)
    standings = ledger.states({reference for one in found.values() for reference in _of(one)})
    changing = {
        reference
        for reference, standing in standings.items()
        if standing.state not in UNFINISHED and standing.reported_until + CLOCK_SKEW_S >= begun_at
    }
    again = [key for key, one in found.items() if not changing.isdisjoint(_of(one))]
    if again:
        found |= watermarks.read(again)
    return Claims(found, standings)


def _of(watermark: Watermark) -> Iterator[str]:
    return (claim.reference for claim in watermark.claims.values())
