"""What is decided of an occurrence before it is written down and counted: the proof of a refusal.

Another batch cannot find it out again: what proved it has been imported by then. `Tally` keeps the
text beside the settlement of the occurrence, and it holds no personal data.
"""

import json

from import_relay.domain.models import Occurrence, Outcome, Settled
from import_relay.domain.notes import as_lists, from_lists


def proof_text(settled: Settled) -> str:
    """How an occurrence ends and why; `detail` must hold no value of its record."""
    notes = as_lists(note._replace(value=None) for note in settled.notes)
    return json.dumps([settled.outcome, settled.reason, settled.detail, notes])


def from_proof(occurrence: Occurrence, text: str) -> Settled:
    """The end that `proof_text` wrote."""
    outcome, reason, detail, notes = json.loads(text)
    return Settled(
        occurrence, Outcome(outcome), reason, detail=detail, notes=tuple(from_lists(notes))
    )
