"""What a run of the simulation is made of, and what it finds: plain values, made from a seed.

A scenario holds everything that a run depends on, so that it can be repeated, cut down and kept.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.simulation.mateo_failures import FailureLists
from tests.simulation.world import Fault, Line

DEAL = "2"
"""Deal 21000 is one of contact 1000."""
AT = "@people.example.com"
"""After its key: the e-mail address of a contact that may come without its id."""
MIDNIGHTS = {"UTC": 14_400.0, "Europe/Berlin": 10_800.0, "America/New_York": 28_800.0}
"""When the first day of a run ends in its time zone, in s after its start."""
FEW = 100
"""A limit below this is met by some runs."""
POISON = "POISON"
"""The name of a record that kills each process that interprets it, until a person redrives it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a webhook. `failing`: Mateo fails its row. `fields`: the columns it sets.

    Keys of deals begin with `DEAL`. `broken`: what is wrong with it, if anything is. `without_id`:
    the CRM has given the contact no id yet and tells only its e-mail address, the key and `AT`.
    """

    key: str
    version: int
    fields: Mapping[str, object]
    failing: bool = False
    broken: str = ""
    without_id: bool = False

    @property
    def is_deal(self) -> bool:
        """Whether it is a deal; else it is a contact."""
        return self.key.startswith(DEAL)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A delivery that a CRM makes at a time (s after the start), until it gets a 2xx.

    `event`: the sender's id of it; two deliveries of one event are a replay. `is_test`: it is
    marked as a test.
    """

    at: float
    connection: str
    event: str
    records: Sequence[Record]
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class FaultProfile:
    """How the services of a run behave apart from single faults; probabilities from 0 to 1.

    `refusing_s`: how long, from the start, Mateo answers every POST with 429 and a short wait.
    `schema_s`: how long it refuses every POST with 400, as while its schema changes: from
    `schema_from_s` after the start, or once it has created `schema_after` imports.
    `whole_refusals`: it says 409 then, as for a contact list that is not there: no row is to blame.
    `refuses_reference`: it refuses a POST with a `reference_id`.
    `silence`: how Mateo behaves from `silent_from_s` after the start, for `silent_s` seconds:
    `down`, `errors`, `refused`, `mute`, or `posts` if it answers whatever is no POST.
    `partial_reads`, `partial_writes`: the probability that DynamoDB does only a part of a call for
    many items. `normalised`: the probability that an import's rows are shown with other values than
    they were posted with, `nameless`: that a POST is answered without the import's id.
    `lost_answers`: that the SDK does not get an answer of SQS with messages, and asks again.
    `dead_executions`: that an execution is ended from outside, `lost_schedules`: that a schedule is
    never carried out, `late_disabling`: that the mapping is disabled minutes after the answer.
    `old_lists`: that a list does not show an execution during its first hour; in such runs the
    watchdog runs whenever it could do harm.
    `lists`: how failed rows are counted and listed. `cuts`: whether Mateo fails the rows of an
    import that are over the day's limit, instead of refusing it. `missing`: a connection that
    submission does not know until `missing_until_s` after the start.
    `kills_after`: the first process that writes an object whose key begins like this dies after it.
    `crm_trouble`: how the CRM's API misbehaves for `crm_trouble_s` from the start (`crm.TROUBLES`).
    From `crm_gone_s` after the start on, its contacts are deleted. Half of the reads go to a
    replica that lags by `crm_behind_s`.
    """

    duplicate_delivery: float = 0.0
    partial_sends: float = 0.0
    lost_answers: float = 0.0
    one_poller: float = 0.0
    skew_s: float = 0.0
    slow_mateo: float = 0.0
    unanswered: float = 0.0
    rate_limited: float = 0.0
    stale_index: float = 0.0
    double_execution: float = 0.0
    disable_lag_s: float = 0.0
    slow_reads: float = 0.0
    partial_reads: float = 0.0
    partial_writes: float = 0.0
    slow_disabling: float = 0.0
    refusing_s: float = 0.0
    schema_from_s: float = 0.0
    schema_s: float = 0.0
    schema_after: int = 0
    whole_refusals: bool = False
    refuses_reference: bool = False
    silence: str = ""
    silent_from_s: float = 0.0
    silent_s: float = 0.0
    normalised: float = 0.0
    nameless: float = 0.0
    throttled: float = 0.0
    late_counts: float = 0.0
    list_lag_s: float = 0.0
    hidden_payloads: float = 0.0
    expired_links: float = 0.0
    other_clients: int = 0
    day_offset_s: float = 0.0
    dead_executions: float = 0.0
    lost_schedules: float = 0.0
    late_disabling: float = 0.0
    old_lists: float = 0.0
    lists: FailureLists = field(default_factory=FailureLists)
    cuts: bool = False
    missing: str = ""
    missing_until_s: float = 0.0
    kills_after: str = ""
    crm_trouble: str = ""
    crm_trouble_s: float = 0.0
    crm_gone_s: float = math.inf
    crm_behind_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Account:
    """Limits and settings of a run, small enough to be met.

    `knows_handles`: contacts without an id have come before. `pollers`: of Lambda, each of which
    gathers batches of its own. `file_run_s`: how long a run of import_files begins new steps.
    `page_rows`: rows of a page of a file; so few that most files have several pages.
    """

    requests_per_second: float = 2.0
    requests_per_day: int = 10_000
    entities_per_day: int = 25_000
    time_zone: str = "UTC"
    rows_per_import: int = 5_000
    batching_window_s: float = 10.0
    pollers: int = 2
    send_reference_id: bool = False
    tracking_hours: float = 24.0
    unproven_hours: float = 24.0
    bulk_share: float = 0.8
    erp_entities_per_day: int | None = None
    plain_entities_per_day: int | None = None
    knows_handles: bool = False
    file_run_s: float = 840.0
    page_rows: int = 3

    @property
    def own_limits(self) -> dict[str, int]:
        """Connections with a limit of their own → entities per day; they have the same contacts."""
        limits = {"erp": self.erp_entities_per_day, "plain": self.plain_entities_per_day}
        return {name: limit for name, limit in limits.items() if limit is not None}

    @property
    def is_limited(self) -> bool:
        """Whether a day takes so little that records wait for the next one."""
        limits = (self.requests_per_day, self.entities_per_day, *self.own_limits.values())
        return min(limits) < FEW

    @property
    def bulk_entities(self) -> int:
        """How many rows of files a day takes before its last hour."""
        return max(1, int(self.entities_per_day * self.bulk_share))

    def rows_per_day(self, connection: str) -> int:
        """How many of them a connection may use."""
        return min(self.bulk_entities, self.own_limits.get(connection, self.bulk_entities))


@dataclass(frozen=True, slots=True)
class PutBack:
    """A person who replays at a time (s after the start) what was received in the `last_s` before.

    `outcome` and `connection` are those of `Selection`.
    """

    at: float
    outcome: str = "all"
    connection: str = ""
    last_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a person uploads at a time (s after the start), each row a record.

    `form`: `csv`, `ndjson`, `cut` (JSON without its end), `empty`, or `gone`: it is deleted.
    """

    at: float
    connection: str
    name: str
    rows: Sequence[Record]
    form: str = "csv"

    @property
    def key(self) -> str:
        """The key of its object in the bucket."""
        return f"inbox/{self.connection}/{self.name}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole run. `faults`: number of a call → what happens to it.

    `redriven_after_s`: how long a person leaves dead letters once everything else has ended.
    """

    seed: int
    webhooks: Sequence[Webhook]
    faults: Mapping[int, Fault] = field(default_factory=dict)
    fault_profile: FaultProfile = field(default_factory=FaultProfile)
    account: Account = field(default_factory=Account)
    put_back: Sequence[PutBack] = ()
    redriven_after_s: float = 0.0
    files: Sequence[Upload] = ()


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: its name (`lost`, `duplicated`, `stale`, …) and how."""

    promise: str
    what: str


@dataclass(slots=True)
class Findings:
    """What a run found. `met`: conditions that few runs meet (`conditions`).

    `counts`: items that were attempted, acknowledged and recovered, and the violations of each
    promise. `outcomes`: how many items had which outcome.
    """

    scenario: Scenario
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    calls: int = 0
    hit: Mapping[int, str] = field(default_factory=dict)
    days: float = 0.0
    trace: Sequence[Line] = ()
    met: frozenset[str] = frozenset()
