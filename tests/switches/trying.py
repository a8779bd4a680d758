"""One combination of switches on a running stack: what is sent, and what has to come of it."""

from local.demo.balance import reconcile
from tests.support.senders import customer, erp
from tests.support.stack import ENTITIES_PER_DAY, Rig, Trial
from tests.switches.choices import Combination

BEYOND_THE_DAY = 6
"""Customers that today's entities do not cover."""


def wrong_with(rig: Rig, combination: Combination) -> list[str]:
    """What is not as it has to be, after a day of the relay against such a Mateo.

    The answer to the first import is lost, one row fails, a record changes twice, and there are
    more records than a day's limit allows.
    """
    trial = rig.trial()
    stack = trial.stack
    stack.mateo("PUT", "limits", {"entities_per_day": ENTITIES_PER_DAY, **combination.limits})
    fields = {"custom_fields": {"contact": {"loyalty_level": "number"}}}
    stack.mateo("PUT", "behaviour", {**combination.behaviour, **fields})
    stack.mateo("POST", "faults", {"kind": "answer_lost_after_create", "method": "POST"})
    _send(trial)
    trial.drain_for_days()
    trial.bring_customers(customer(1, "Newest", minute=9))
    trial.drain_for_days()
    return _check(trial, combination)


def _send(trial: Trial) -> None:
    first, others = range(1, 6), range(6, ENTITIES_PER_DAY + BEYOND_THE_DAY)
    trial.bring_customers(*(customer(number) for number in first))
    trial.stack.wait_until(lambda: trial.requests(method="POST"), "the first POST", 60)
    trial.bring("json", erp([customer(900, loyalty_level="gold")]))
    trial.bring_customers(*(customer(number) for number in others))
    trial.bring_customers(customer(1, "Newer", minute=5))


def _check(trial: Trial, combination: Combination) -> list[str]:
    reconciliation = reconcile(trial.stack, trial.accepted, trial.expected)
    wrong = [
        one
        for one in reconciliation.wrong
        if not (combination.refused and one.startswith("Mateo refused"))
    ]
    ends = reconciliation.ends
    unknown = "unaccounted" if combination.unnamed and not ends["failed"] else "failed"
    if ends[unknown] != 1 or ends["unaccounted"] + ends["failed"] != 1:
        wrong.append(f"one row failed, but the items ended as {dict(ends)}")
    if ends["rejected"]:
        wrong.append(
            f"{ends['rejected']} items were rejected: {trial.lines('rejected/')[0]['code']}"
        )
    if any(trial.stack.queue_counts("DeadLetterQueueUrl").values()):
        wrong.append("there are dead letters")
    return wrong
