"""One combination of switches on a running stack: what is sent, and what has to result."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from local.demo.balance import reconcile
from tests.support.senders import customer, erp
from tests.support.stack import ENTITIES_PER_DAY, Rig, Trial
from tests.switches.choices import OTHER_HOST, Combination

BEYOND_THE_DAY = 6
"""Records that today's entities do not cover."""
FIRST = 5
"""Customers of the first import, whose answer is lost."""
BEGINS_AT = timedelta(hours=23, minutes=5)
"""The relay's day (UTC) ends soon; in Berlin it is the next day, in New York the afternoon."""
DAY_S = 86_400.0
GIVEN_UP_STEPS, GIVEN_UP_STEP_S = 100, 1_800.0
"""While imports may be given up: a longer step would not count as a whole as tracking time."""
OVER_QUOTA = "429"
"""The emulator's code of a row that was cut off."""


def wrong_with(rig: Rig, combination: Combination) -> list[str]:
    """The promises that are broken after a day of the relay against such a Mateo.

    The answer to the first import is lost, one row fails, a record changes twice, and there are
    more records than a day's limit allows. If nothing tells whether an import exists, or has
    ended, it is given up once its tracking time is over, and its rows are unaccounted for.
    """
    trial = rig.trial()
    stack = trial.stack
    stack.advance_clock((BEGINS_AT.total_seconds() - stack.clock.time()) % DAY_S)
    stack.mateo("PUT", "limits", {"entities_per_day": ENTITIES_PER_DAY, **combination.limits})
    fields = {"custom_fields": {"contact": {"loyalty_level": "number"}}}
    stack.mateo("PUT", "behaviour", {**_with_port(combination, stack.mateo_url), **fields})
    stack.mateo("POST", "faults", {"kind": "answer_lost_after_create", "method": "POST"})
    _send(trial)
    patience = (GIVEN_UP_STEPS, GIVEN_UP_STEP_S) if combination.is_slow else ()
    trial.drain_for_days(*patience)
    trial.bring_customers(customer(1, "Newest", minute=9))
    trial.drain_for_days(*patience)
    return list(_check(trial, combination))


def _with_port(combination: Combination, mateo_url: str) -> dict[str, Any]:
    behaviour = combination.behaviour
    if behaviour.get("files_host") == OTHER_HOST:
        behaviour["files_host"] += f":{urlsplit(mateo_url).port}"
    return behaviour


def _send(trial: Trial) -> None:
    first = range(1, FIRST + 1)
    others = range(FIRST + 1, ENTITIES_PER_DAY + BEYOND_THE_DAY)
    trial.bring_customers(*(customer(number) for number in first))
    trial.stack.wait_until(lambda: trial.requests(method="POST"), "the first POST", 60)
    trial.bring("json", erp([customer(900, loyalty_level="gold")]))
    trial.bring_customers(*(customer(number) for number in others))
    trial.bring_customers(customer(1, "Newer", minute=5))


@dataclass(frozen=True)
class Failed:
    """What Mateo itself knows of its failed rows.

    Attributes:
        rows: how many failed; `alone`: those whose whole import failed.
        cut: the rows that were cut off because its day was spent.
    """

    rows: int
    alone: int
    cut: Sequence[Mapping[str, Any]]


def _failed(trial: Trial) -> Failed:
    found = [trial.stack.mateo("GET", f"imports/{one['id']}") for one in trial.imports()]
    numbers = [(len(one["failed"]), one["row_count"]) for one in found]
    return Failed(
        rows=sum(failed for failed, _ in numbers),
        alone=sum(failed for failed, rows in numbers if failed == rows),
        cut=[
            failure["input"]
            for one in found
            for failure in one["failed"]
            if failure["code"] == OVER_QUOTA
        ],
    )


def _check(trial: Trial, combination: Combination) -> Iterator[str]:
    failed = _failed(trial)
    _expect_without(failed.cut, trial)
    reconciliation = reconcile(trial.stack, trial.accepted, trial.expected)
    given_up = sum(_applied_unseen(one) for one in reconciliation.wrong)
    if given_up != _given_up(trial, combination, failed):
        yield f"{given_up} rows are in Mateo, but not in the reports"
    for one in reconciliation.wrong:
        if not _applied_unseen(one) and not (combination.limited and _is_of_limits(one, trial)):
            yield one
    yield from _wrong_outcomes(reconciliation.outcomes, combination, failed, given_up)
    if reconciliation.outcomes["rejected"]:
        yield f"items were rejected: {trial.lines('rejected/')[0]['code']}"
    if any(trial.stack.queue_counts("DeadLetterQueueUrl").values()):
        yield "there are dead letters"
    if combination.limited and not failed.cut and not trial.requests(status=429):
        yield "Mateo's day was never spent: the combination tries nothing"


def _wrong_outcomes(
    outcomes: Mapping[str, int], combination: Combination, failed: Failed, given_up: int
) -> Iterator[str]:
    """Each row that Mateo failed ended as failed, or as unaccounted where nothing names it."""
    named = failed.alone if combination.unnamed and not combination.uncounted else failed.rows
    if combination.unnamed and combination.uncounted:
        named = 0
    counted = outcomes["failed"], outcomes["unaccounted"]
    if counted != (named, failed.rows - named + given_up):
        yield f"Mateo failed {failed.rows} rows, but the items ended as {dict(outcomes)}"
    if failed.rows != 1 + len(failed.cut):
        yield f"{failed.rows} rows failed, {len(failed.cut)} of them were cut off"


def _given_up(trial: Trial, combination: Combination, failed: Failed) -> int:
    """How many rows are in Mateo without the relay being able to know it."""
    if combination.uncounted:
        return sum(int(one["row_count"]) for one in trial.imports()) - failed.rows
    return FIRST if combination.unknowable else 0


def _expect_without(cut: Sequence[Mapping[str, Any]], trial: Trial) -> None:
    """Rows that Mateo cut off need not be there, unless an earlier version of them is."""
    there = trial.stack.mateo("GET", "contacts?limit=10000")["items"]
    keys = {one["external_id"] for one in there}
    for row in cut:
        key, name = row["external_id"], row["full_name"]
        if key not in keys:
            trial.expected.contacts.discard(key)
        if trial.expected.names.get(key) == name:
            del trial.expected.names[key]


def _is_of_limits(wrong: str, trial: Trial) -> bool:
    """Whether this is only because Mateo's day took less than the relay's own limits allow."""
    if wrong.startswith("Mateo refused"):
        return all(one["method"] == "POST" for one in trial.requests(status=429))
    found = re.fullmatch(r"([\d,]+) entities on one day, the limit is [\d,]+", wrong)
    return found is not None and int(found[1].replace(",", "")) <= ENTITIES_PER_DAY


def _applied_unseen(wrong: str) -> int:
    """How many more rows Mateo applied than the reports say; 0 if something else is wrong."""
    found = re.fullmatch(r"Mateo applied ([\d,]+) rows, the reports say ([\d,]+)", wrong)
    applied, said = (int(one.replace(",", "")) for one in found.groups()) if found else (0, 0)
    return applied - said
