"""Records that exceed a day's limit wait in the queue, and are imported the next day."""

from tests.support.senders import customer
from tests.support.stack import ENTITIES_PER_DAY, Trial


def test_what_exceeds_a_day_waits_and_is_imported_the_next_day(trial: Trial) -> None:
    trial.bring_customers(*(customer(number) for number in range(1, 31)))
    trial.stack.wait_until(lambda: len(trial.imports()) == 1, "a full import", 60)
    trial.bring_customers(*(customer(number) for number in range(31, 81)))
    trial.stack.wait_until(lambda: not trial.stack.esm_enabled(), "submission to pause", 60)
    trial.bring_customers(customer(81))
    trial.wait_until_quiet()

    assert trial.stack.mateo("GET", "state")["usage"]["entities"] == ENTITIES_PER_DAY
    assert [one["reason"] for one in trial.events("submission.paused")] == ["limit.entities"]
    assert sum(one["row_count"] for one in trial.imports()) == ENTITIES_PER_DAY

    trial.stack.advance_to_next_day()

    assert trial.stack.esm_enabled(), "the daily schedule did not resume submission"
    trial.drain()
    assert sum(one["row_count"] for one in trial.imports()) == 81
    trial.check(imported=81)
