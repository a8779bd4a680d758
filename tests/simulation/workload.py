"""Makes scenarios out of seeds: what CRMs send, which limits hold, and what goes wrong."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tests.simulation.scenario import (
    DEAL,
    MIDNIGHTS,
    POISON,
    Account,
    FaultProfile,
    PutBack,
    Record,
    Scenario,
    Webhook,
)
from tests.simulation.uploads import with_files
from tests.simulation.workload_contacts import with_contacts
from tests.simulation.workload_limits import own_limits, within_days
from tests.simulation.workload_lists import with_cuts, with_lists
from tests.simulation.workload_missing import with_missing
from tests.simulation.workload_more import with_more
from tests.simulation.workload_taken_back import with_taken_back
from tests.simulation.world import START, Fault

_T = TypeVar("_T")
FAULTS = tuple(Fault)
MAX_FAULTS = 6
CALLS_PER_WEBHOOK = 45
"""About how many calls a run makes per webhook: faults are spread over them."""
DAY_S = 86_400.0
FIRST_VERSION = int(START * 1_000) * 1_000
"""In microseconds; versions are a millisecond apart, which is as fine as HubSpot's are."""
CONTACTS = 4
LATE_S = 150.0
"""Some runs begin at most this long before midnight."""
LIMITED_S = 2_400.0
"""Where a day's limit is small, most runs begin at most this long before midnight.

What waits for the next day is looked at every quarter of an hour, which shows nothing new.
"""
EXTREMES = 500
"""One of this many runs has more outcomes at once than a transaction takes, one has large items."""
CROWD = 120
PAD = "x" * 950_000
"""Too long for a message: the item travels as a pointer."""
POISONED = 125
"""One of this many runs has a record that kills each process that interprets it."""
SILENCES = 40
PUT_BACK_IN = 6
POLLERS = (2, 2, 3, 5)
SCHEMAS = 20
PARTS = 10
MISSES = 15
STORMS = 12
"""In one of this many runs, half of all troubles occur: some faults show only with three."""
CONTACTS_FROM = ("erp",) * 6 + ("hub",) * 4 + ("plain",) * 3
CONNECTIONS = (*CONTACTS_FROM, "shop")
"""Deals do not come first: without its contact a deal is only retried until it fails."""
DEALS_FROM = ("shop",) * 3 + ("hub",) * 4 + ("erp",)
ABOUT_DEALS = 50
"""One of this many runs is about a deal that is retried, and changes of it in the meantime."""
SIZES = (*(1,) * 17, 2, 2, 3)
"""Webhooks of a run. Most troubles need two or three; many small runs find more than few large."""


def scenario_of(seed: int) -> Scenario:
    """The scenario of a seed: a little of every kind of trouble, a lot of some."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    of_erp, of_plain = own_limits(seed)
    account = replace(
        _account(chance),
        unproven_hours=_unproven_hours(seed),
        erp_entities_per_day=of_erp,
        plain_entities_per_day=of_plain,
        pollers=POLLERS[seed % len(POLLERS)],
    )
    is_about_deals = chance.randrange(ABOUT_DEALS) == 0
    webhooks = _webhooks(chance, account, is_about_deals=is_about_deals)
    if seed % EXTREMES == 0:
        webhooks = _crowd(chance)
    elif seed % EXTREMES == EXTREMES // 2:
        webhooks = [_padded(one) for one in webhooks]
    elif seed % POISONED == POISONED // 2:
        webhooks = _poisoned(webhooks)
    scenario = Scenario(
        seed=seed,
        webhooks=webhooks,
        faults=_faults(chance, len(webhooks)),
        fault_profile=_shorter_schema(
            replace(
                _fault_profile(chance, slow_reads_in=1 if is_about_deals else 24),
                **_parts_and_refusals(seed),
            ),
            account.unproven_hours,
        ),
        account=account,
        put_back=_put_back(seed, webhooks),
    )
    scenario = with_missing(with_cuts(with_lists(with_more(with_taken_back(scenario)))))
    return with_files(within_days(with_contacts(scenario)))


def _put_back(seed: int, webhooks: Sequence[Webhook]) -> Sequence[PutBack]:
    """In some runs a person puts items back, in some of these twice.

    Drawn separately, so that the other runs stay as they are.
    """
    chance = random.Random(f"put back {seed}")  # noqa: S311 - a simulation
    if chance.randrange(PUT_BACK_IN):
        return ()
    last = max(one.at for one in webhooks)
    return [
        PutBack(
            last * chance.choice((0.5, 1.0)) + chance.choice((60.0, 900.0, 7_200.0, 20_000.0)),
            chance.choice(("all", "all", "all", "failed", "rejected")),
            chance.choice(("", "", "erp")),
        )
        for _ in range(chance.choice((1, 1, 1, 1, 1, 2)))
    ]


def _faults(chance: random.Random, webhooks: int) -> Mapping[int, Fault]:
    number = chance.choice((0, 1, 1, 2, 2, 3, 4, MAX_FAULTS))
    calls = CALLS_PER_WEBHOOK * webhooks
    found: dict[int, Fault] = {}
    for _ in range(number):
        first = chance.randrange(1, calls)
        kind = chance.choice(FAULTS)
        # A service that refuses a call often does so for a while; the SDK and the relay try again.
        length = chance.choice((1, 1, 1, 2, 3, 6)) if kind in _LASTING else 1
        found |= dict.fromkeys(range(first, first + length), kind)
    return found


_LASTING = (Fault.REFUSE, Fault.PARTIAL, Fault.VANISH)


def _fault_profile(chance: random.Random, *, slow_reads_in: int) -> FaultProfile:
    stormy = chance.randrange(STORMS) == 0

    def sometimes(value: _T, otherwise: _T, *, one_in: int) -> _T:
        return value if chance.randrange(min(2, one_in) if stormy else one_in) == 0 else otherwise

    return FaultProfile(
        duplicate_delivery=sometimes(0.5, 0.0, one_in=9),
        one_poller=sometimes(1.0, 0.0, one_in=4),
        skew_s=sometimes(2.0, 0.0, one_in=4),
        slow_mateo=sometimes(0.25, 0.01, one_in=13),
        unanswered=sometimes(0.25, 0.0, one_in=13),
        rate_limited=sometimes(0.15, 0.0, one_in=24),
        stale_index=sometimes(0.5, 0.0, one_in=9),
        slow_reads=sometimes(0.5, 0.0, one_in=slow_reads_in),
        double_execution=sometimes(0.5, 0.0, one_in=15),
        disable_lag_s=sometimes(60.0, 0.0, one_in=9),
        throttled=sometimes(0.2, 0.0, one_in=21),
        late_counts=sometimes(0.5, 0.0, one_in=12),
        list_lag_s=sometimes(25.0, 0.0, one_in=12),
        hidden_payloads=sometimes(0.5, 0.0, one_in=18),
        expired_links=sometimes(0.5, 0.0, one_in=18),
        other_clients=sometimes(3, 0, one_in=18),
        day_offset_s=sometimes(chance.choice((-3600.0, 3600.0, 7200.0)), 0.0, one_in=18),
        partial_sends=sometimes(0.3, 0.0, one_in=18),
        refusing_s=10_800.0 if chance.randrange(60) == 0 else 0.0,
        slow_disabling=sometimes(0.5, 0.0, one_in=15),
        **_schema(chance),
        normalised=sometimes(0.7, 0.0, one_in=12),
        **_silence(chance),
        dead_executions=sometimes(0.5, 0.0, one_in=18),
        lost_schedules=sometimes(0.5, 0.0, one_in=18),
        late_disabling=sometimes(0.5, 0.0, one_in=18),
        old_lists=sometimes(0.3, 0.0, one_in=60),
    )


def _schema(chance: random.Random) -> Mapping[str, Any]:
    """In some runs Mateo's schema changes: for minutes or hours it refuses every POST."""
    found = {"refuses_reference": chance.randrange(8) == 0}
    if chance.randrange(SCHEMAS):
        return found
    return found | {
        "schema_from_s": chance.choice((0.0, 2.0, 10.0, 120.0)) * chance.random(),
        "schema_s": chance.choice((5.0, 60.0, 900.0, 10_800.0)),
    }


def _parts_and_refusals(seed: int) -> Mapping[str, Any]:
    """In some runs calls of DynamoDB are done in part, or refusals begin in the middle of a batch.

    Drawn separately.
    """
    chance = random.Random(f"parts and refusals {seed}")  # noqa: S311 - a simulation
    found: dict[str, Any] = {"whole_refusals": chance.randrange(4) == 0}
    if random.Random(f"lost answers {seed}").randrange(MISSES) == 0:  # noqa: S311 - a simulation
        found["lost_answers"] = 0.3
    if chance.randrange(PARTS) == 0:
        found[chance.choice(("partial_reads", "partial_reads", "partial_writes"))] = 0.4
    if chance.randrange(SCHEMAS) == 0:
        found["schema_after"] = chance.choice((1, 1, 1, 2))
        found["schema_s"] = chance.choice((60.0, 900.0, 10_800.0))
    return found


def _silence(chance: random.Random) -> Mapping[str, Any]:
    """In some runs Mateo is silent for longer than imports are followed."""
    if chance.randrange(SILENCES):
        return {}
    silence = chance.choice(("down", "errors", "refused", "mute", "posts", "posts"))
    from_s = chance.choice((1.0, 3.0, 10.0, 60.0)) * chance.random()
    hours = chance.choice((1.5,) * 6 + (2.0, 30.0))
    if silence == "posts":  # imports are polled all the time: more hours show nothing new
        hours = min(hours, 2.0)
    return {"silence": silence, "silent_from_s": from_s, "silent_s": 3_600.0 * hours}


def _account(chance: random.Random) -> Account:
    return Account(
        requests_per_second=2.0,
        requests_per_day=chance.choice((10_000, 10_000, 10_000, 30, 12)),
        entities_per_day=chance.choice((25_000, 25_000, 25_000, 25_000, 5, 3)),
        time_zone=chance.choice(("UTC", "Europe/Berlin", "America/New_York")),
        rows_per_import=chance.choice((1, 2, 50, 50, 50)),
        batching_window_s=chance.choice((1.0, 1.0, 20.0, 120.0)),
        send_reference_id=chance.randrange(3) == 0,
        tracking_hours=24.0 if chance.randrange(24) == 0 else 1.0,
    )


def _unproven_hours(seed: int) -> float:
    """How long refused rows wait: longer than Mateo's schema is changed in the run.

    Each quarter of an hour costs an invocation. Drawn separately.
    """
    chance = random.Random(f"unproven {seed}")  # noqa: S311 - a simulation
    return chance.choice((24.0, *(4.0,) * 4, *(0.5,) * 91))


def _shorter_schema(profile: FaultProfile, unproven_hours: float) -> FaultProfile:
    """A schema changes for at most three quarters of the time that refused rows wait."""
    return replace(profile, schema_s=min(profile.schema_s, 2_700.0 * unproven_hours))


def _webhooks(
    chance: random.Random, account: Account, *, is_about_deals: bool
) -> Sequence[Webhook]:
    webhooks = chance.choice((2, 3) if is_about_deals else SIZES)
    # In runs of several webhooks, changes of one record meet each other.
    contacts = chance.choice((1, 2, CONTACTS) if webhooks == 1 else (1, 1, 2))
    lengths_s = (1.0, 3.0, 30.0, 900.0, 7_200.0, DAY_S)
    length_s = chance.choice((5.0, 15.0, 30.0) if is_about_deals else lengths_s)
    midnight_s, begin_s = MIDNIGHTS[account.time_zone], 0.0
    if chance.randrange(6) == 0:
        begin_s = midnight_s - chance.random() * LATE_S
    elif account.is_limited and chance.randrange(8):
        begin_s = midnight_s - chance.uniform(LATE_S, LIMITED_S)
    found: list[Webhook] = []
    for number in range(webhooks):
        at = begin_s + chance.random() * length_s
        if found and chance.randrange(8) == 0:  # the sender repeats it
            earlier = chance.choice(found)
            found.append(Webhook(at, earlier.connection, earlier.event, earlier.records))
        else:
            found.append(_webhook(chance, number, at, contacts, is_about_deals=is_about_deals))
    return sorted(found, key=lambda one: one.at)


def _webhook(
    chance: random.Random, number: int, at: float, contacts: int, *, is_about_deals: bool
) -> Webhook:
    connections = CONNECTIONS if number else CONTACTS_FROM
    connection = chance.choice(DEALS_FROM if is_about_deals else connections)
    event = f"e{number}"
    size = chance.choice((1, 1, 1, 2, 3))
    record = _deal if is_about_deals and connection in ("shop", "hub") else _record
    records = [record(chance, connection, event, n, contacts) for n in range(size)]
    return Webhook(at, connection, event, records)


def _record(
    chance: random.Random, connection: str, event: str, number: int, contacts: int
) -> Record:
    version = FIRST_VERSION + chance.randrange(6) * 1_000
    tag = f"{event}.{number}"
    contact = str(1_000 + chance.randrange(contacts))
    broken = chance.randrange(15) == 0
    if connection == "hub":
        column = chance.choice(("city", "zip"))
        is_failing = chance.randrange(12) == 0 and column == "city" and not broken
        value = chance.choice(("FAIL", "REFUSE")) if is_failing else tag
        broken_as = "deletion" if broken else ""
        return Record(contact, version, {column: value}, failing=is_failing, broken=broken_as)
    if broken:
        kinds = ("no id",) if connection == "plain" else ("no id", "bad version")
        return Record(contact, version, {}, broken=chance.choice(kinds))
    if connection == "plain":
        return Record(f"p{contact}", 0, {"name": tag})
    if connection == "shop":
        return _deal(chance, connection, event, number, contacts)
    fails = chance.choice(("", "", "", "", "", "", "", "", "FAIL", "REFUSE"))
    fields = {"name": tag, "city": fails or tag, "zip": tag}
    if not fails and chance.randrange(3) == 0:  # a full record with few columns
        fields = {"city": tag}
    return Record(contact, version, fields, failing=bool(fails))


def _deal(chance: random.Random, connection: str, event: str, number: int, contacts: int) -> Record:
    """A deal of a contact that may not be there, or one property of it."""
    version = FIRST_VERSION + chance.randrange(6) * 1_000
    contact = str(1_000 + chance.randrange(contacts))
    tag = f"{event}.{number}"
    fields = {"name": tag, "stage": tag, "contact": contact}
    if connection == "hub":
        name = chance.choice(("name", "stage", "stage", "contact"))
        fields = {name: fields[name]}
    return Record(f"{DEAL}{contact}", version, fields)


def _crowd(chance: random.Random) -> Sequence[Webhook]:
    """Many deliveries at once whose items are rejected, and one good delivery."""
    record = Record("1000", FIRST_VERSION, {}, broken="no id")
    broken = [Webhook(chance.random(), "erp", f"e{n}", [record]) for n in range(CROWD)]
    good = _webhook(chance, CROWD, 1.0, 1, is_about_deals=False)
    return sorted([*broken, good], key=lambda one: one.at)


def _poisoned(webhooks: Sequence[Webhook]) -> Sequence[Webhook]:
    """The same webhooks; the first that begins with a good full record of a contact gets poison."""
    for webhook in webhooks:
        first, *others = webhook.records
        if webhook.connection in ("erp", "plain") and not first.broken and not first.failing:
            poison = replace(first, fields={**first.fields, "name": POISON})
            return [
                replace(one, records=[poison, *others]) if one.event == webhook.event else one
                for one in webhooks
            ]
    return webhooks


def _padded(webhook: Webhook) -> Webhook:
    """The same records with a field that is not mapped and too large for a message."""
    if webhook.connection == "hub":
        return webhook
    records = [
        one if one.broken else replace(one, fields={**one.fields, "pad": PAD})
        for one in webhook.records
    ]
    return replace(webhook, records=records)
