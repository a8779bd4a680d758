"""The claims of a batch: an item that one of them names gets its outcome from its import."""

from collections.abc import Mapping

import pytest

from import_relay.domain.models import Claim, ItemOutcome, Outcome, Row, Watermark
from import_relay.storage.entries import Standing, State
from import_relay.submit.claims import Claims, claimed
from import_relay.submit.other_names import HANDLES_KNOWN, alias
from tests.support.builders import CONTACTS, change, occurrence

KEY = "contact_details#external_id:7"
ITEM = "d1/0"
DELETED = ItemOutcome(occurrence(delivery="d1", number=0), Outcome.IGNORED, "deleted")


def known(claims: Mapping[str, Claim], state: State, *earlier: str) -> Claims:
    return Claims({KEY: Watermark(claims, earlier)}, {"ref-1": Standing(state)})


def claim(item_id: str = ITEM) -> Mapping[str, Claim]:
    return {"*": Claim(1, "e1", item_id, reference="ref-1")}


@pytest.mark.parametrize("state", [State.INTENDED, State.SENT, State.FINISHED, State.TIMED_OUT])
def test_an_item_that_an_import_claims_is_not_ignored_as_deleted(state: State) -> None:
    assert known(claim(), state).without_imported([DELETED], {ITEM: [KEY]}) == []


def test_an_item_whose_claim_was_replaced_is_not_ignored_as_deleted() -> None:
    claims = known(claim("d2/0"), State.FINISHED, ITEM)

    assert claims.without_imported([DELETED], {ITEM: [KEY]}) == []


@pytest.mark.parametrize(
    "claims",
    [
        known({}, State.FINISHED),
        known(claim("d2/0"), State.FINISHED),
        known(claim(), State.ABANDONED),
        Claims({}, {}),
    ],
    ids=["nothing claimed", "another item", "an import that never happened", "nothing known"],
)
def test_an_item_that_no_import_claims_keeps_its_outcome(claims: Claims) -> None:
    assert claims.without_imported([DELETED], {ITEM: [KEY]}) == [DELETED]


def test_an_item_that_was_not_fetched_keeps_its_outcome() -> None:
    assert known(claim(), State.FINISHED).without_imported([DELETED], {}) == [DELETED]


def test_an_import_claims_its_rows_and_the_other_names_of_their_records() -> None:
    row = Row(
        "contact_details#external_id:1",
        b"{}",
        CONTACTS,
        (change(),),
        {"*": Claim(2, "e", "d1/0", ""), "city": Claim(1, "e", "d0/0", "r0")},
        names=("hubspot:1",),
    )

    found = claimed([row], "r1")

    assert found[row.key].claims["*"].reference == "r1"
    assert found[row.key].claims["city"].reference == "r0"
    assert found[alias("hubspot:1")].owner == row.key
    assert HANDLES_KNOWN not in found
