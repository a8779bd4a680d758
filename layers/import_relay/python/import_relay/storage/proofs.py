"""The outcome of a proven refusal, stored before it is written down and counted.

No other batch can find it out again: the row that proved it is imported by then. `OutcomeCounts`
keeps the text beside the outcome record of the occurrence. It holds no personal data.
"""

import json

from import_relay.domain.models import ItemOutcome, Occurrence, Outcome
from import_relay.domain.notes import as_lists, from_lists


def proof_text(item_outcome: ItemOutcome) -> str:
    """How an occurrence ends and why, as text; `detail` must hold no value of its record."""
    notes = as_lists(note._replace(value=None) for note in item_outcome.notes)
    return json.dumps([item_outcome.outcome, item_outcome.reason, item_outcome.detail, notes])


def from_proof(occurrence: Occurrence, text: str) -> ItemOutcome:
    """The outcome that `proof_text` wrote."""
    outcome, reason, detail, notes = json.loads(text)
    return ItemOutcome(
        occurrence, Outcome(outcome), reason, detail=detail, notes=tuple(from_lists(notes))
    )
