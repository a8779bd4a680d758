"""What some scenarios have besides: records to be fetched at a CRM, bad rows among many, people.

Each is drawn separately, so that all other scenarios stay as they are.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.simulation import crm
from tests.simulation.scenario import (
    AT,
    DEAL,
    MIDNIGHTS,
    FaultProfile,
    PutBack,
    Record,
    Scenario,
    Webhook,
)
from tests.simulation.workload_nameless import without_names
from tests.simulation.world import START

READ_IN = 12
"""In one of this many runs, webhooks of full records hold ids only."""
BEHIND_IN, BEHIND_S = 2, 300.0
"""In one of this many of these runs, half of the reads show the state of `BEHIND_S` before."""
COPIES = 0.5
"""How often messages come twice where contacts are deleted at the CRM."""
APART = 10_000_000
"""By this factor versions are further apart there: older states must look older, not as old."""
RETRIES_IN = 50
"""In one of this many runs, a deal changes again while its failed row is reported."""
MANY_IN, MANY = 400, (12, 30, 48)
"""In one of `MANY_IN` runs, one webhook has `MANY` records, of which a few are bad."""
MAX_BAD = 4
PROOFS_IN = 60
"""In one of this many runs, one of four rows is refused, and the proof of that is soon gone."""
FAMILIES_IN = 25
"""In one of this many runs, contacts of a webhook share an e-mail address."""
TESTS_IN = 40
"""In one of this many runs, about every other webhook is marked as a test."""
FAMILY = ("Family@Example.com", "family@example.com")
DAY_S = 86_400.0
PEOPLE_IN = 25
"""In one of this many runs, the CRM names some contacts by their e-mail address alone."""
LATE_IN, LATE_DAYS = 120, (20.0, 35.0)
"""In one of `LATE_IN` runs, a person puts items back and redrives dead letters weeks later."""
GIVEN_UP_IN = 150
"""In one of this many runs, answers are lost and the payloads of imports are not shown."""
BACKLOG_IN, BACKLOG = 800, 16
"""In one of `BACKLOG_IN` runs, a webhook has `BACKLOG` records, of which Mateo takes one a day."""
_TAGS = ("name", "city", "zip")


def with_more(scenario: Scenario) -> Scenario:
    """The scenario, in some runs with something of this on top."""
    chance = random.Random(f"mark {scenario.seed}")  # noqa: S311 - a simulation
    if chance.randrange(TESTS_IN) == 0:
        marked = [replace(one, is_test=chance.randrange(2) == 0) for one in scenario.webhooks]
        scenario = replace(scenario, webhooks=marked)
    return without_names(_with_one_more(scenario))


def _with_one_more(scenario: Scenario) -> Scenario:
    chance = random.Random(f"more {scenario.seed}")  # noqa: S311 - a simulation
    for one_in, make in _KINDS:
        if chance.randrange(one_in) == 0:
            return make(scenario, chance)
    return scenario


# ---------------------------------------------------------------- a row that is retried


def _with_retry(scenario: Scenario, chance: random.Random) -> Scenario:
    """One property of a deal without its contact, and soon after it an older change of all others.

    Reads of DynamoDB are slow, so that a report ends between two reads of one batch. Nothing else
    is wrong but single faults: each retry would cost many calls more.
    """
    versions = [one.version for one in scenario.webhooks[0].records]
    key, version = f"{DEAL}1000", 1_000 + max(int(START * 1_000) * 1_000, *versions)  # times
    first, second = (
        {"name": event, "stage": event, "contact": "1000"} for event in ("e0.0", "e1.0")
    )
    name = chance.choice(tuple(first))
    webhooks = [
        Webhook(0.0, "hub", "e0", [Record(key, version, {name: first[name]})]),
        Webhook(chance.uniform(2.0, 12.0), "shop", "e1", [Record(key, version - 1_000, second)]),
    ]
    return replace(
        scenario,
        webhooks=webhooks,
        fault_profile=FaultProfile(slow_reads=0.8),
        account=replace(
            scenario.account,
            batching_window_s=1.0,
            entities_per_day=25_000,
            requests_per_day=10_000,
        ),
        put_back=(),
    )


# ---------------------------------------------------------------- a refusal that is proven


def _with_proof(scenario: Scenario, chance: random.Random) -> Scenario:
    """Four rows of which one is refused.

    Either the process dies once it has written the rejection down, or Mateo's schema begins to
    change as soon as the first of the others are accepted: then their acceptance proves nothing.
    """
    version = 1_000 + max(one.version for one in scenario.webhooks[0].records)
    bad = chance.randrange(4)
    records = [
        _row(f"e90.{n}", str(6_000 + n), version, chance if n == bad else None) for n in range(4)
    ]
    records[bad] = replace(records[bad], fields={**records[bad].fields, "city": "REFUSE"})
    is_killed = chance.randrange(2) == 0
    changed = {"kills_after": "rejected/"} if is_killed else {"schema_after": 1, "schema_s": 900.0}
    midnight = MIDNIGHTS[scenario.account.time_zone]  # what expires early is gone by then
    at = midnight - chance.uniform(10.0, 60.0) if chance.randrange(2) else 0.0
    return replace(
        scenario,
        webhooks=[Webhook(at, "erp", "e90", records)],
        faults={},
        fault_profile=replace(FaultProfile(), **changed),
        account=replace(
            scenario.account, entities_per_day=25_000, requests_per_day=10_000, rows_per_import=50
        ),
    )


# ---------------------------------------------------------------- fetched at the CRM


def _with_reads(scenario: Scenario, chance: random.Random) -> Scenario:
    webhooks = [
        _id_only(one) if one.connection == "erp" and _is_simple(one) else one
        for one in scenario.webhooks
    ]
    fault_profile = _trouble(scenario.fault_profile, chance)
    if fault_profile.crm_gone_s < math.inf:  # some copies come before, others after it
        fault_profile = replace(fault_profile, duplicate_delivery=COPIES)
    if chance.randrange(BEHIND_IN) == 0:
        fault_profile = replace(fault_profile, crm_behind_s=BEHIND_S)
        webhooks = [*map(_apart, webhooks), *_later(webhooks, chance)]
    webhooks = sorted(webhooks, key=lambda one: one.at)
    return replace(scenario, webhooks=webhooks, fault_profile=fault_profile)


def _is_simple(webhook: Webhook) -> bool:
    return not any(one.broken or one.is_deal or "pad" in one.fields for one in webhook.records)


def _id_only(webhook: Webhook) -> Webhook:
    """The webhook as one of the CRM that holds ids only; each change has a version of its own."""
    number = 10 * int(webhook.event.removeprefix("e")) + 1
    records = [
        replace(
            one,
            version=one.version + number + n,
            fields={**dict.fromkeys(_TAGS, f"{webhook.event}.{n}"), **one.fields},
        )
        for n, one in enumerate(webhook.records)
    ]
    return replace(webhook, connection=crm.CONNECTION, records=records)


def _later(webhooks: Sequence[Webhook], chance: random.Random) -> Sequence[Webhook]:
    """Records of the first such webhook change once more, so soon that a replica may not know."""
    first = next((one for one in webhooks if one.connection == crm.CONNECTION), None)
    if first is None:
        return []
    records = [
        replace(one, version=one.version + 2_000, fields=dict.fromkeys(_TAGS, f"e80.{n}"))
        for n, one in enumerate(first.records)
        if not one.failing
    ]
    at = first.at + chance.uniform(20.0, BEHIND_S)
    return [_apart(replace(first, at=at, event="e80", records=records))] if records else []


def _apart(webhook: Webhook) -> Webhook:
    """The same changes hours apart, if the webhook holds ids only."""
    if webhook.connection != crm.CONNECTION:
        return webhook
    begin = int(START * 1_000) * 1_000
    records = [
        replace(one, version=begin + (one.version - begin) * APART) for one in webhook.records
    ]
    return replace(webhook, records=records)


def _trouble(fault_profile: FaultProfile, chance: random.Random) -> FaultProfile:
    return replace(
        fault_profile,
        crm_trouble=chance.choice(("", *crm.TROUBLES)),
        crm_trouble_s=chance.choice((20.0, 300.0, 7_200.0)) * chance.random(),
        crm_gone_s=chance.choice((600.0, 900.0))
        if chance.randrange(4) == 0
        else fault_profile.crm_gone_s,
    )


# ---------------------------------------------------------------- many rows, families


def _with_many(scenario: Scenario, chance: random.Random) -> Scenario:
    """A webhook of many full records, some of which Mateo fails or refuses."""
    first = scenario.webhooks[0]
    size = chance.choice(MANY)
    bad = set(chance.sample(range(size), chance.randint(1, MAX_BAD)))
    event, version = "e90", 1_000 + max(one.version for one in first.records)
    records = [
        _row(f"{event}.{n}", str(5_000 + n), version, chance if n in bad else None)
        for n in range(size)
    ]
    webhooks = [*scenario.webhooks, Webhook(first.at, "erp", event, records)]
    account = replace(
        scenario.account, entities_per_day=25_000, requests_per_day=10_000, rows_per_import=50
    )
    return replace(scenario, webhooks=sorted(webhooks, key=lambda one: one.at), account=account)


def _row(tag: str, key: str, version: int, bad: random.Random | None) -> Record:
    city = tag if bad is None else bad.choice(("FAIL", "REFUSE"))
    return Record(key, version, {"name": tag, "city": city, "zip": tag}, failing=bad is not None)


def _with_families(scenario: Scenario, chance: random.Random) -> Scenario:
    return replace(scenario, webhooks=[_family(one, chance) for one in scenario.webhooks])


def _family(webhook: Webhook, chance: random.Random) -> Webhook:
    """The same records with one e-mail address, written in two ways, and contacts of their own."""
    if webhook.connection != "erp":
        return webhook
    records = [_member(one, n, chance) for n, one in enumerate(webhook.records)]
    return replace(webhook, records=records)


def _member(record: Record, n: int, chance: random.Random) -> Record:
    if record.broken or record.is_deal:
        return record
    key = str(int(record.key) + n) if chance.randrange(2) else record.key
    return replace(record, key=key, fields={**record.fields, "email": chance.choice(FAMILY)})


# ---------------------------------------------------------------- one person under two keys


def _with_people(scenario: Scenario, chance: random.Random) -> Scenario:
    """Changes of one contact, of which the CRM tells some without its id."""
    version = int(START * 1_000) * 1_000
    webhooks = [
        Webhook(
            chance.uniform(0.0, 15.0),
            "erp",
            f"e{number}",
            [
                _person(f"e{number}.{n}", version + 1_000 * chance.randrange(6), chance)
                for n in range(chance.choice((1, 1, 2)))
            ],
        )
        for number in range(chance.choice((2, 2, 3)))
    ]
    return replace(
        scenario,
        webhooks=sorted(webhooks, key=lambda one: one.at),
        account=replace(scenario.account, knows_handles=True),
    )


def _person(tag: str, version: int, chance: random.Random) -> Record:
    email = chance.choice((f"7000{AT}", f"7000{AT}".upper()))
    without_id = chance.randrange(2) == 0
    row = _row(tag, "7000", version, chance if chance.randrange(8) == 0 else None)
    return replace(row, fields={**row.fields, "email": email}, without_id=without_id)


# ---------------------------------------------------------------- what comes back after weeks


def _weeks_later(scenario: Scenario, chance: random.Random) -> Scenario:
    """Items are put back weeks later; dead letters are redriven as late as the queue keeps them."""
    at = chance.uniform(*LATE_DAYS) * DAY_S
    return replace(
        scenario,
        put_back=[PutBack(at, last_s=LATE_DAYS[1] * DAY_S + DAY_S)],
        redriven_after_s=chance.uniform(7.0, 14.0) * DAY_S,
    )


# ---------------------------------------------------------------- an import that nobody knows


def _given_up(scenario: Scenario, chance: random.Random) -> Scenario:
    """Answers are lost, and Mateo hides what its imports hold: some are given up."""
    account = replace(
        scenario.account, send_reference_id=False, tracking_hours=3.0, requests_per_day=10_000
    )
    return replace(
        scenario,
        fault_profile=replace(
            scenario.fault_profile, unanswered=chance.choice((0.3, 0.7)), hidden_payloads=1.0
        ),
        account=account,
    )


# ---------------------------------------------------------------- longer than the queue keeps it


def _with_backlog(scenario: Scenario, chance: random.Random) -> Scenario:
    """More days of entities than the queue keeps a message, or the relay keeps a record queued."""
    version = 1_000 + max(one.version for one in scenario.webhooks[0].records)
    records = [
        _row(f"e90.{n}", str(5_000 + n), version, chance if chance.random() < 0.1 else None)
        for n in range(BACKLOG)
    ]
    return replace(
        scenario,
        webhooks=[*scenario.webhooks, Webhook(scenario.webhooks[-1].at, "erp", "e90", records)],
        account=replace(
            scenario.account, entities_per_day=1, requests_per_day=10_000, rows_per_import=50
        ),
    )


_KINDS: Sequence[tuple[int, Callable[[Scenario, random.Random], Scenario]]] = (
    (MANY_IN, _with_many),
    (READ_IN, _with_reads),
    (FAMILIES_IN, _with_families),
    (RETRIES_IN, _with_retry),
    (PROOFS_IN, _with_proof),
    (PEOPLE_IN, _with_people),
    (LATE_IN, _weeks_later),
    (GIVEN_UP_IN, _given_up),
    (BACKLOG_IN, _with_backlog),
)
"""(in one of this many runs, what is changed); the first that is drawn applies."""
