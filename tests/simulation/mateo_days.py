"""A stub of the relay that asks the fake of the Import API for a day and notes its answers."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from import_relay.mateo.client import ImportApi, ImportStatus, MateoUnavailable, Posted
from import_relay.storage.pacing import Permit
from tests.simulation.mateo import TOKEN, Mateo
from tests.simulation.mateo_server import BASE_URL
from tests.simulation.scenario import Account, FaultProfile
from tests.simulation.world import Environment, Fault, Process, World

PERMIT = Permit("2026-11-01")
ROOMY = Account(requests_per_second=1_000)
IMPORTS, ROWS = 25, 4
HOUR_S = 3_600.0


def body(number: int) -> bytes:
    """The body of an import of which one row fails."""
    rows = [{"external_id": f"C-{number}-{n}", "city": "Berlin"} for n in range(ROWS)]
    rows[0]["city"] = "FAIL"
    return json.dumps({"type": "contact_details", "payload": rows}).encode()


@dataclass
class Relay:
    """Asks Mateo, and keeps the answers."""

    fault_profile: FaultProfile = field(default_factory=FaultProfile)
    account: Account = ROOMY
    seed: int = 1
    faults: Mapping[int, Fault] = field(default_factory=dict)
    posts: list[Posted] = field(default_factory=list)
    polls: list[dict[str, ImportStatus] | str] = field(default_factory=list)
    results: list[ImportStatus] = field(default_factory=list)
    files: list[bytes | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(self.seed, self.faults)
        self.mateo = Mateo(self.world, self.account, self.fault_profile)
        self.api = ImportApi(
            self.mateo.http,
            BASE_URL,
            lambda: TOKEN,
            is_in_time=lambda permit: self.world.now <= permit.until,
        )

    def run(self, work: Callable[[], object]) -> Process:
        """Do something in a process, until it has ended."""
        ended: list[Process] = []
        environment = Environment("relay", 1, 0.0)
        self.world.spawn(
            "relay", work, environment=environment, timeout_s=math.inf, on_end=ended.append
        )
        while not ended:
            self.world.run(until=self.world.now + HOUR_S)
        return ended[0]

    def post(self, number: int = 0) -> None:
        """Create an import."""
        self.posts.append(self.api.create(PERMIT, body(number)))

    def post_all(self, imports: int) -> None:
        """Create several imports."""
        for number in range(imports):
            self.post(number)

    def poll(self) -> None:
        """Ask for the counts of all imports."""
        try:
            self.polls.append(self.api.poll(PERMIT, list(self.mateo.imports)))
        except MateoUnavailable as error:
            self.polls.append(str(error))

    def look(self, import_id: str) -> None:
        """Read everything about an import, with its files."""
        try:
            result = self.api.result(PERMIT, import_id)
        except MateoUnavailable:
            return
        if result is not None:
            self.results.append(result)
            urls = [url for url in (result.failed_url, result.payload_url) if url]
            self.files += [self.api.download(url, lambda: PERMIT) for url in urls]

    def work(self) -> None:
        """A day with some imports."""
        for number in range(IMPORTS):
            self.post(number)
            self.poll()
            self.world.sleep(60.0)
        for _ in range(5):
            self.poll()
            self.world.sleep(60.0)
        for import_id in list(self.mateo.imports):
            self.look(import_id)

    @property
    def polled(self) -> Sequence[ImportStatus]:
        return [one for poll in self.polls if isinstance(poll, dict) for one in poll.values()]


def a_day(fault_profile: FaultProfile, account: Account = ROOMY, seed: int = 1) -> Relay:
    relay = Relay(fault_profile, account, seed)
    process = relay.run(relay.work)
    assert process.error is None
    return relay
