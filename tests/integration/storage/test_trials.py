"""The items that are being tried are written down, up to a limit."""

from typing import Any

from import_relay.storage.trials import MAX_KEPT, TRIAL_DAYS, Trials, Tried, tried_of
from tests.support.aws import LEDGER
from tests.support.builders import NOON
from tests.support.clients import client_error
from tests.support.relay import Relay


def test_what_is_tried_is_read_as_it_was_written(relay: Relay) -> None:
    tried = Tried({"d1/0", "d1/1"}, {"d2/0"})

    relay.trials.write(tried)

    assert relay.tried == tried


def test_at_first_nothing_is_tried() -> None:
    assert tried_of({}) == Tried()


def test_of_too_many_items_the_latest_are_kept(relay: Relay) -> None:
    ids = [f"2026112{day}-{number:04}/0" for day in (1, 2) for number in range(MAX_KEPT)]

    relay.trials.write(Tried(set(ids)))

    assert relay.tried.together == set(ids[MAX_KEPT:])


def test_trials_expire_once_the_queue_keeps_no_message_of_them(relay: Relay) -> None:
    relay.trials.write(Tried({"d1/0"}))

    (item,) = relay.aws.dynamodb.scan(TableName=LEDGER)["Items"]
    assert item["expires_at"] == {"N": str(int(NOON) + TRIAL_DAYS * 86_400)}


def test_a_trial_whose_end_cannot_be_written_is_no_error() -> None:
    class Failing:
        def put_item(self, **_: Any) -> None:
            raise client_error("InternalServerError")

    Trials(Failing(), LEDGER).update(Tried({"d1/0"}))  # type: ignore[arg-type]
