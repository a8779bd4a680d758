"""Mateo cannot be reached, or refuses the token: nothing is lost, and submission resumes."""

import pytest

from tests.support.senders import customer
from tests.support.stack import Trial
from tests.support.toggle import Toggle

CREDENTIALS_PAUSE_S = 3_600
NEW_TOKEN = "another-token"


def test_nothing_is_lost_while_mateo_is_down(trial: Trial, toggle: Toggle) -> None:
    trial.bring_customers(customer(1))
    trial.stack.wait_until(trial.imports, "an import from before")
    toggle.shut()
    trial.bring_customers(customer(2), customer(3))
    trial.stack.wait_until(lambda: trial.events("submission.paused"), "submission to pause", 60)
    trial.let_pass(90)
    trial.stack.wait_until(
        lambda: len(trial.events("submission.paused")) > 1, "the next attempt", 60
    )
    trial.bring_customers(customer(4))
    trial.wait_until_quiet()

    first, second = trial.events("submission.paused")
    assert {first["reason"], second["reason"]} == {"mateo.unreachable"}
    assert not trial.stack.esm_enabled()
    assert {event["reason"] for event in trial.events("import.waiting")} == {"mateo.unreachable"}
    assert len(trial.imports()) == 1

    toggle.open()
    trial.drain()

    assert trial.stack.esm_enabled()
    trial.check(imported=4)


@pytest.mark.parametrize("by_hand", [True, False], ids=["resumed by hand", "resumed by itself"])
def test_a_refused_token_pauses_submission_until_it_is_corrected(
    trial: Trial, *, by_hand: bool
) -> None:
    trial.stack.mateo("PUT", "token", {"token": NEW_TOKEN})
    trial.bring_customers(*(customer(number) for number in range(1, 6)))
    trial.stack.wait_until(lambda: trial.events("submission.paused"), "submission to pause", 60)
    trial.wait_until_quiet()

    (paused,) = trial.events("submission.paused")
    assert paused["reason"] == "mateo.credentials"
    assert not trial.stack.esm_enabled()
    assert len(trial.requests()) == len(trial.requests(status=403)) == 1

    trial.stack.set_secret("MateoToken", NEW_TOKEN)
    if by_hand:
        trial.stack.resume_submission()
    else:
        trial.let_pass(CREDENTIALS_PAUSE_S)
    trial.drain()

    assert len(trial.events("submission.paused")) == 1
    assert not trial.events("batch.requeued")
    assert len(trial.imports()) == 1
    trial.check(imported=5)


def test_a_rotated_token_is_picked_up_without_pausing_submission(trial: Trial) -> None:
    trial.bring_customers(customer(1))
    trial.stack.wait_until(lambda: trial.events("import.sent"), "an import with the old token", 60)
    trial.stack.set_secret("MateoToken", NEW_TOKEN)
    trial.stack.mateo("PUT", "token", {"token": NEW_TOKEN})

    trial.bring_customers(customer(2))
    trial.stack.wait_until(lambda: len(trial.imports()) == 2, "an import with the new token", 60)
    trial.drain()

    assert trial.requests(status=403, method="POST"), "the function did not use the old token first"
    assert not trial.events("submission.paused")
    trial.check(imported=2)
