"""One combination of switches on a running stack: what is sent, and what has to come of it."""

import re

from local.demo.balance import reconcile
from tests.support.senders import customer, erp
from tests.support.stack import ENTITIES_PER_DAY, Rig, Trial
from tests.switches.choices import Combination

BEYOND_THE_DAY = 6
"""Customers that today's entities do not cover."""
FIRST = 5
"""Customers of the first import, whose answer is lost."""
GIVEN_UP_STEPS, GIVEN_UP_STEP_S = 100, 1_800.0
"""Of tracking time at most so much counts between two answers: a day takes 48 of these steps."""


def wrong_with(rig: Rig, combination: Combination) -> list[str]:
    """What is not as it has to be, after a day of the relay against such a Mateo.

    The answer to the first import is lost, one row fails, a record changes twice, and there are
    more records than a day's limit allows. If nothing tells whether the first import is there, it
    is given up after a day, and its rows are unaccounted for.
    """
    trial = rig.trial()
    stack = trial.stack
    stack.mateo("PUT", "limits", {"entities_per_day": ENTITIES_PER_DAY, **combination.limits})
    fields = {"custom_fields": {"contact": {"loyalty_level": "number"}}}
    stack.mateo("PUT", "behaviour", {**combination.behaviour, **fields})
    stack.mateo("POST", "faults", {"kind": "answer_lost_after_create", "method": "POST"})
    _send(trial)
    patience = (GIVEN_UP_STEPS, GIVEN_UP_STEP_S) if combination.unknowable else ()
    trial.drain_for_days(*patience)
    trial.bring_customers(customer(1, "Newest", minute=9))
    trial.drain_for_days()
    return _check(trial, combination)


def _send(trial: Trial) -> None:
    first = range(1, FIRST + 1)
    others = range(FIRST + 1, ENTITIES_PER_DAY + BEYOND_THE_DAY)
    trial.bring_customers(*(customer(number) for number in first))
    trial.stack.wait_until(lambda: trial.requests(method="POST"), "the first POST", 60)
    trial.bring("json", erp([customer(900, loyalty_level="gold")]))
    trial.bring_customers(*(customer(number) for number in others))
    trial.bring_customers(customer(1, "Newer", minute=5))


def _check(trial: Trial, combination: Combination) -> list[str]:
    reconciliation = reconcile(trial.stack, trial.accepted, trial.expected)
    given_up = FIRST if combination.unknowable else 0
    wrong = [
        one
        for one in reconciliation.wrong
        if not (combination.refused and one.startswith("Mateo refused"))
        and not (given_up and _applied_unseen(one) == given_up)
    ]
    ends = reconciliation.ends
    ends["unaccounted"] -= given_up
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


def _applied_unseen(wrong: str) -> int:
    """How many more rows Mateo applied than the reports say, if that is what is wrong."""
    found = re.fullmatch(r"Mateo applied ([\d,]+) rows, the reports say ([\d,]+)", wrong)
    applied, said = (int(one.replace(",", "")) for one in found.groups()) if found else (0, 0)
    return applied - said
