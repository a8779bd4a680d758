"""The proof of a refusal comes back as it was, but for the values of its record."""

from dataclasses import replace

from import_relay.domain.models import ItemOutcome, Outcome
from import_relay.domain.notes import Note
from import_relay.storage.proofs import from_proof, proof_text
from tests.support.builders import occurrence

REFUSED = ItemOutcome(
    occurrence(),
    Outcome.REJECTED,
    "row.refused",
    detail="Mateo answered 400",
    notes=(Note("value.bad_email", "email", "ada@example.com", "has no @"),),
)


def test_a_proof_comes_back_without_values() -> None:
    (note,) = REFUSED.notes

    found = from_proof(REFUSED.occurrence, proof_text(REFUSED))

    assert found == replace(REFUSED, notes=(note._replace(value=None),))


def test_a_proof_names_no_person() -> None:
    assert "ada@example.com" not in proof_text(REFUSED)
