"""What a death or a failing store leaves behind."""

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.submit.deaths import DiesAt
from tests.integration.submit.people import ADA, BOB
from tests.support.aws import BUCKET
from tests.support.builders import message
from tests.support.following import Killed, outcomes_today
from tests.support.relay import LIMITS, Relay

POINTS = [
    ("watermarks", "write"),
    ("archive", "freeze"),
    ("executions", "start"),
    ("ledger", "intend"),
    ("permits", "acquire"),
    ("api", "create"),
    ("ledger", "advance"),
    ("archive", "record_outcomes"),
    ("outcome_counts", "record"),
    ("queue", "send"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("part", "method"), POINTS)
def test_death_at_any_step_sends_nothing_twice_and_loses_nothing(
    relay: Relay, part: str, method: str, after: bool
) -> None:
    relay.limits = replace(LIMITS, entities_per_day=2)
    body = message([ADA, BOB, {"id": 3, "v": 1}, {"name": "rejected"}])
    replaced: Any = {part: DiesAt(getattr(relay, part), method, after=after)}

    with pytest.raises(Killed):
        relay.submit(body, **replaced)
    relay.clock.sleep(720)
    relay.submit(body, invocation="again", again=True)

    posted = len(relay.mateo.rows)
    waiting = {one["n"] for content, _ in relay.aws.queued() for one in content["items"]}
    rejected = {one["item_id"] for one in relay.aws.lines("rejected/")}
    entries = [relay.ledger.get(f"ref-{n}") for n in range(1, 4)]
    unfinished = [one for one in entries if one and one.state in ("intended", "sent")]
    assert posted <= 2
    assert sum(one.rows for one in unfinished) == 2
    assert waiting == {2}
    assert rejected == {"d1/3"}
    assert outcomes_today(relay) == {"rejected": 1}
    assert relay.quota.usage().entities == 2


def test_a_message_stays_queued_if_the_bucket_fails(relay: Relay) -> None:
    relay.aws.s3.delete_bucket(Bucket=BUCKET)

    report = relay.submit(message([ADA]))

    assert report.failed_message_ids == {"m0"}
    assert relay.mateo.requests == []
