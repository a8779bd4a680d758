"""What proves a refusal, and what is kept of the proof."""

import json
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.integration.submit.deaths import DiesAt
from tests.integration.submit.refused import answer, people, refusing, rejected
from tests.support.aws import LEDGER
from tests.support.builders import message
from tests.support.following import Killed, outcomes_today
from tests.support.relay import Relay


def redelivered(relay: Relay, *messages: str) -> Any:
    """The same messages once more, after a process died with them; Mateo accepts everything."""
    answer(relay)
    relay.clock.sleep(720)
    return relay.submit(*messages, invocation="second", again=True)


@pytest.mark.parametrize(
    ("part", "method"),
    [("archive", "record_outcomes"), ("outcome_counts", "record")],
    ids=["line", "count"],
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_proven_refusal_is_completed_when_the_record_is_redelivered(
    relay: Relay, part: str, method: str, *, after: bool
) -> None:
    answer(relay, *[refusing("1")] * 80)
    dying: Any = DiesAt(getattr(relay, part), method, after=after)
    with pytest.raises(Killed):
        relay.submit(people([1, 2]), **{part: dying})
    posts = len(relay.mateo.requests)

    redelivered(relay, people([1, 2]))

    assert rejected(relay) == {"d1/0": "row.refused_by_mateo"}
    assert outcomes_today(relay) == {"rejected": 1}
    assert len(relay.mateo.requests) == posts
    assert "Mateo answered 400 PGRST204" in relay.aws.lines("rejected/")[0]["what"]


def test_an_older_change_of_a_refused_row_stays_superseded_after_a_death(relay: Relay) -> None:
    """Otherwise it would be imported although a line says that it was superseded."""
    older = message([{"id": 1, "v": 1, "name": "Old"}], delivery="d0")
    answer(relay, *[refusing("1")] * 80)
    batch = older, message([{"id": 1, "v": 2, "name": "New"}, {"id": 2, "v": 1, "name": "B"}])
    with pytest.raises(Killed):
        relay.submit(*batch, outcome_counts=DiesAt(relay.outcome_counts, "record", after=False))

    redelivered(relay, *batch)

    assert outcomes_today(relay) == {"rejected": 1, "superseded": 1}
    assert [row["external_id"] for row in relay.mateo.rows].count("1") == 3, (
        "only in refused imports"
    )


def test_a_refused_row_whose_proof_was_not_stored_is_posted_again(relay: Relay) -> None:
    answer(relay, *[refusing("1")] * 80)
    with pytest.raises(Killed):
        relay.submit(
            people([1, 2]), outcome_counts=DiesAt(relay.outcome_counts, "prove", after=False)
        )

    report = redelivered(relay, people([1, 2]))

    assert rejected(relay) == {}
    assert report.rows == 1


def test_a_proof_holds_nothing_of_the_record(relay: Relay) -> None:
    text = 'Key (email)=(ada@example.com) "Ada" at 015112345678 is bad'
    refusal = httpx.Response(400, json={"code": "23505", "message": text})
    accepted = httpx.Response(201, json={"id": "import-of-2"})
    answer(relay, refusal, refusal, accepted, refusal)
    with pytest.raises(Killed):
        relay.submit(
            people([1, 2]), outcome_counts=DiesAt(relay.outcome_counts, "record", after=False)
        )

    item = relay.aws.dynamodb.get_item(TableName=LEDGER, Key={"pk": {"S": "outcome#d1#0"}})["Item"]

    assert json.loads(item["p0"]["S"])[2] == "Mateo answered 400 23505: Key …… … at … is bad"


@pytest.mark.parametrize("status", [400, 401, 409, 413, 422, 429, 500, 503])
def test_no_name_in_an_answer_of_mateo_is_kept_or_logged(relay: Relay, status: int) -> None:
    """Not even one without quotation marks; only `rejected/` has the whole text."""
    names = "Marta", "Seidel", "Seidels"
    items = [{"id": 1, "v": 1, "name": "Marta Seidel"}, {"id": 2, "v": 1, "name": "Bo"}]
    text = "Seidels contact Marta has no valid phone number"
    refusal = httpx.Response(status, json={"code": "P0001", "message": text})
    accepted = httpx.Response(201, json={"id": "import-of-2"})
    answer(relay, refusal, refusal, accepted, *[refusal] * 9)
    with suppress(Killed):  # where all goes well, the proof is deleted again
        relay.submit(
            message(items), outcome_counts=DiesAt(relay.outcome_counts, "record", after=False)
        )
    relay.submit(message(items[:1], delivery="d2"), invocation="second")

    kept = repr(relay.aws.dynamodb.scan(TableName=LEDGER)["Items"]) + repr(relay.events)

    assert not [name for name in names if name in kept]
    if status in (400, 413, 422):
        assert "has no valid phone number" in kept
        assert text in relay.aws.lines("rejected/")[0]["what"]
