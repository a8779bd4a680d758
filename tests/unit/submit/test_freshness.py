"""Whether a change is news to a field: each row of the table that compares it with the claim."""

import pytest

from import_relay.domain.models import (
    Claim,
    MappedChange,
)
from import_relay.domain.replays import Replay, put_back_delivery
from import_relay.submit.freshness import (
    Freshness,
    claim_of,
    freshness,
    is_older,
    order_of,
    repeated,
    says_again,
)
from tests.support.builders import change, claim, occurrence
from tests.unit.submit.changed import FORCED, REPLAY, put_back

OURS = Claim(2, "e", "d1/0", "r1")
"""The claim of `change(version=2, event="e")` itself."""
WHOLE = change(version=2, event="e")
LATER = WHOLE._replace(occurrence=occurrence(event="e", attempt=1))
PARTIAL = change(version=2, partial=True, columns={"email": "a@example.com"})
COPY = change(version=2, event="old", delivery="z")
BY_RECEIPT = change(version=9, event="old", delivery="z")._replace(by_receipt=True)
EARLIER = REPLAY._replace(id="20261121T095959-f00000")
LATER_REPLAY = REPLAY._replace(id="20261121T100001-000000")


def put_back_by(replay: Replay) -> Claim:
    """The claim of a copy that this replay put back; the copy was received before `old`."""
    return Claim(2, "old", f"{put_back_delivery('first', replay.id)}/7", "r1")


@pytest.mark.parametrize(
    ("given", "claimed", "never_created", "verdict"),
    [
        pytest.param(WHOLE, None, False, Freshness.FRESH, id="nothing is claimed"),
        pytest.param(WHOLE, OURS, True, Freshness.FRESH, id="same item, never created"),
        pytest.param(
            LATER, OURS._replace(failed=True), False, Freshness.FRESH, id="same item, tried again"
        ),
        pytest.param(
            LATER, OURS, False, Freshness.REDELIVERED, id="same item, later attempt, not failed"
        ),
        pytest.param(
            WHOLE,
            OURS._replace(failed=True),
            False,
            Freshness.REDELIVERED,
            id="same item, same attempt",
        ),
        pytest.param(WHOLE, OURS, False, Freshness.REDELIVERED, id="same item"),
        pytest.param(COPY, claim(2), True, Freshness.FRESH, id="same event, never created"),
        pytest.param(COPY, claim(2, failed=True), False, Freshness.FRESH, id="same event, failed"),
        pytest.param(COPY, claim(2), False, Freshness.DUPLICATE, id="same event"),
        pytest.param(
            BY_RECEIPT, claim(5), False, Freshness.DUPLICATE, id="same event, without versions"
        ),
        pytest.param(
            put_back(REPLAY, 2, "old"), claim(2), False, Freshness.FRESH, id="put back by a person"
        ),
        pytest.param(
            put_back(REPLAY, 2, "old"),
            claim(2)._replace(repeated_by="z/0"),
            False,
            Freshness.FRESH,
            id="put back although its sender repeated it",
        ),
        pytest.param(
            put_back(REPLAY, 2, "old"),
            put_back_by(REPLAY),
            False,
            Freshness.DUPLICATE,
            id="put back twice by one replay",
        ),
        pytest.param(
            put_back(REPLAY, 2, "old"), put_back_by(EARLIER), False, Freshness.FRESH, id="once more"
        ),
        pytest.param(
            put_back(REPLAY, 2, "old"),
            put_back_by(LATER_REPLAY),
            False,
            Freshness.DUPLICATE,
            id="put back by a later replay meanwhile",
        ),
        pytest.param(
            COPY,
            put_back_by(REPLAY),
            True,
            Freshness.DUPLICATE,
            id="put back meanwhile, and never created yet",
        ),
        pytest.param(
            put_back(REPLAY, 2, "old"),
            put_back_by(REPLAY),
            True,
            Freshness.FRESH,
            id="put back by one replay, and never created yet",
        ),
        pytest.param(
            put_back(FORCED, 2, "old"),
            put_back_by(LATER_REPLAY),
            False,
            Freshness.DUPLICATE,
            id="put back by a later replay meanwhile, forced",
        ),
        pytest.param(
            put_back(REPLAY, 2, "old"), claim(3), False, Freshness.STALE, id="put back late"
        ),
        pytest.param(
            put_back(FORCED, 2, "old"), claim(3), False, Freshness.FRESH, id="put back by force"
        ),
        pytest.param(WHOLE, claim(3), False, Freshness.STALE, id="an older version"),
        pytest.param(WHOLE, claim(3), True, Freshness.STALE, id="an older version, never created"),
        pytest.param(
            WHOLE, claim(2, "x"), False, Freshness.STALE, id="another event, received earlier"
        ),
        pytest.param(
            WHOLE, claim(2, "a"), False, Freshness.FRESH, id="another event, received later"
        ),
        pytest.param(WHOLE, claim(1), False, Freshness.FRESH, id="a newer version"),
    ],
)
def test_the_first_row_that_applies_decides(
    given: MappedChange, claimed: Claim | None, never_created: bool, verdict: Freshness
) -> None:
    assert freshness(given, claimed, whole=None, was_never_created=never_created) is verdict


@pytest.mark.parametrize(
    ("version", "verdict"), [(1, Freshness.FRESH), (2, Freshness.STALE), (3, Freshness.STALE)]
)
def test_a_column_is_stale_beside_a_newer_claim_of_the_whole_record(
    version: int, verdict: Freshness
) -> None:
    whole = claim(version, "z")

    assert freshness(PARTIAL, None, whole=whole, was_never_created=False) is verdict


def test_of_equal_versions_the_one_that_was_received_later_is_newer() -> None:
    assert is_older(WHOLE, claim(2, "x"))
    assert not is_older(WHOLE, claim(2, "a"))
    assert order_of(WHOLE) < order_of(COPY) < order_of(BY_RECEIPT)


@pytest.mark.parametrize("replay", [REPLAY, LATER_REPLAY])
@pytest.mark.parametrize("claiming", ["", REPLAY.id, LATER_REPLAY.id])
def test_what_is_put_back_is_as_old_as_its_original(replay: Replay, claiming: str) -> None:
    """Of two events of one version, whichever copies of them come, the one received later wins."""

    def claimed(delivery: str, number: int) -> Claim:
        delivery_id = put_back_delivery(delivery, claiming) if claiming else delivery
        return Claim(2, "other", f"{delivery_id}/{number}", "r1")

    given = put_back(replay, 2, "e")  # it was number 0 of its delivery

    assert is_older(given, claimed("old", 1))
    assert is_older(given, claimed("older", 0))
    assert not is_older(given, claimed("earlier", 1))


def test_a_repetition_counts_beside_what_is_put_back_of_its_delivery() -> None:
    """Delivery `old` brought `given`, and then a repetition of the claimed event."""
    given = put_back(REPLAY, 2, "e")
    before = Claim(2, "other", "earlier/1", "r1", repeated_by="old/1")

    assert is_older(given, before)
    assert not is_older(given, before._replace(repeated_by="older/1"))


def test_a_copy_that_is_put_back_is_as_new_as_the_claim_of_its_event_that_it_replaces() -> None:
    before = Claim(2, "e", "older/0", "r1", connection="erp")

    claimed = claim_of(put_back(REPLAY, 2, "e"), before)

    assert (claimed.item_id, claimed.newest) == (
        f"{put_back_delivery('old', REPLAY.id)}/0",
        "older/0",
    )
    assert is_older(change(version=2, event="x", delivery="olda"), claimed)
    assert not is_older(change(version=2, event="x", delivery="oldz"), claimed)
    assert claim_of(put_back(LATER_REPLAY, 2, "e"), claimed).newest == "older/0"


def test_a_forced_replay_is_older_only_than_changes_of_the_same_replay() -> None:
    given = put_back(FORCED, 2, "old")

    assert not is_older(given, claim(3))
    assert is_older(given, Claim(3, "old", f"{put_back_delivery('old', FORCED.id)}/7", "r1"))


AGAIN = BY_RECEIPT._replace(occurrence=occurrence(event="text:a", delivery="z"))
"""A sender without versions and event ids says again what it said at version 5."""
SAID = Claim(5, "text:a", "d1/0", "r1", connection="erp")


def test_a_claim_is_as_new_as_the_latest_repetition_of_its_change() -> None:
    known = repeated(SAID, AGAIN)

    assert known == SAID._replace(version=9, repeated_by="z/0")
    assert is_older(change(version=7), known)
    assert repeated(known, AGAIN._replace(version=8)) is known


@pytest.mark.parametrize(
    ("claimed", "given"),
    [
        pytest.param(SAID._replace(connection="hub"), AGAIN, id="another connection"),
        pytest.param(SAID._replace(event="text:b"), AGAIN, id="something else"),
        pytest.param(SAID._replace(event="old"), BY_RECEIPT, id="an event that was sent again"),
        pytest.param(claim(5)._replace(connection="erp"), COPY, id="another version"),
    ],
)
def test_what_says_nothing_again_makes_no_claim_newer(claimed: Claim, given: MappedChange) -> None:
    assert not says_again(given, claimed)
    assert repeated(claimed, given) is claimed


@pytest.mark.parametrize(("delivery", "older"), [("z", True), ("y", False)])
def test_an_event_that_is_sent_again_is_newer_only_than_what_came_with_it(
    delivery: str, older: bool
) -> None:
    """Two changes of one version; the sender of the claimed one sends its event again."""
    claimed = claim(2, "e2")._replace(connection="erp", repeated_by="z/1")

    assert is_older(change(version=2, event="e1", delivery=delivery), claimed) is older
