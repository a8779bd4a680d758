"""A hundred faults: ten kinds, each in ten variants. The relay and the usual way meet each."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.simulation.scenario import Account, FaultProfile, Record, Scenario, Webhook
from tests.simulation.workload import FIRST_VERSION
from tests.simulation.world import Fault

VARIANTS = 10
WEBHOOKS = 60
LENGTH_S = 900.0
WINDOW_S = 60.0
POST = "Mateo.POST /import"


@dataclass(frozen=True, slots=True)
class Case:
    """One run. `faults`: (operation, which call of it) → what happens to it."""

    name: str
    scenario: Scenario
    faults: Mapping[tuple[str, int], Fault] = field(default_factory=dict)


def cases() -> Iterator[Case]:
    """All cases, the same each time."""
    for kind in KINDS:
        for variant in range(VARIANTS):
            yield kind(variant)


def _workload(seed: int) -> list[Webhook]:
    """Webhooks of an ERP, one customer in each; some customers change twice."""
    chance = random.Random(f"usual {seed}")  # noqa: S311 - a simulation
    customers = [str(1_000 + number) for number in range(WEBHOOKS)]
    changed = customers + chance.sample(customers, WEBHOOKS // 6)
    times = sorted(chance.random() * LENGTH_S for _ in changed)
    return [
        Webhook(at, "erp", f"e{number}", [_record(key, number)])
        for number, (at, key) in enumerate(zip(times, changed, strict=True))
    ]


def _record(key: str, number: int, city: str = "") -> Record:
    tag = f"e{number}.0"
    fields = {"name": tag, "city": city or tag, "zip": tag}
    return Record(key, FIRST_VERSION + number * 1_000, fields, failing=bool(city))


def _scenario(seed: int, **changed: object) -> Scenario:
    made = Scenario(seed, _workload(seed), account=Account(batching_window_s=WINDOW_S))
    return replace(made, **changed)  # type: ignore[arg-type]


def _of_a_post(name: str, fault: Fault) -> Callable[[int], Case]:
    """Something happens to one POST."""
    return lambda variant: Case(name, _scenario(variant), {(POST, 1 + variant % 5): fault})


def _twice_by_queue(variant: int) -> Case:
    scenario = _scenario(variant, fault_profile=FaultProfile(duplicate_delivery=0.2))
    return Case("SQS delivers messages twice", scenario)


def _twice_by_sender(variant: int) -> Case:
    """The answer to a webhook is lost, so that the CRM sends it again, a minute later."""
    webhooks = _workload(variant)
    again = replace(webhooks[variant], at=webhooks[variant].at + 60.0 + WINDOW_S)
    webhooks = sorted([*webhooks, again], key=lambda one: one.at)
    return Case("a CRM sends a webhook twice", _scenario(variant, webhooks=webhooks))


def _old_after_new(variant: int) -> Case:
    webhooks = _workload(variant)
    old = replace(webhooks[variant].records[0], version=FIRST_VERSION - 1_000)
    old = replace(old, fields={"name": "old", "city": "old", "zip": "old"})
    late = Webhook(LENGTH_S + 2 * WINDOW_S, "erp", "e900", [old])
    return Case(
        "an older change comes after a newer one", _scenario(variant, webhooks=[*webhooks, late])
    )


def _refused_row(variant: int) -> Case:
    webhooks = _workload(variant)
    at = webhooks[5 * variant].at
    bad = Webhook(at, "erp", "e901", [_record("9000", 901, city="REFUSE")])
    webhooks = sorted([*webhooks, bad], key=lambda one: one.at)
    return Case("Mateo refuses one row", _scenario(variant, webhooks=webhooks))


def _down(variant: int) -> Case:
    profile = FaultProfile(
        silence="errors", silent_from_s=60.0 * variant, silent_s=3_600.0 * (1 + variant)
    )
    return Case("Mateo answers 5xx for hours", _scenario(variant, fault_profile=profile))


def _day_is_spent(variant: int) -> Case:
    account = Account(batching_window_s=WINDOW_S, entities_per_day=20 + 3 * variant)
    return Case("the day's entities are spent", _scenario(variant, account=account))


KINDS: tuple[Callable[[int], Case], ...] = (
    _of_a_post("the answer to a POST is lost", Fault.LOSE),
    _of_a_post("the function dies after a POST", Fault.DIE_AFTER),
    _of_a_post("the function dies before a POST", Fault.DIE_BEFORE),
    _of_a_post("a POST is refused (429, 5xx, reset)", Fault.REFUSE),
    _twice_by_queue,
    _twice_by_sender,
    _old_after_new,
    _refused_row,
    _down,
    _day_is_spent,
)
