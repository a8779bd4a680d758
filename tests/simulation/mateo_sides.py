"""The fake of the Import API and `mateo_emulator`, side by side.

The same operations go through the relay's own client to both, and what the client makes of the
answers is compared. Imports are numbered in the order of their creation, as ids and times differ.

Where the two differ, and why:
    * The fake answers only what the relay asks for, and anything else with 400.
    * The fake counts downloads from Mateo's own host as requests, which the relay has to expect.
    * The fake checks neither the columns of a row nor the values of its handles.
    * The fake has markers that make a row or a request fail; `test_mateo_faults` shows them.
    * A payload has to be an array, as the relay sends it; the documented example `{}` is refused.
    * Refusals of a request have a text on both sides; the texts differ.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pytest

from import_relay.domain.errors import CredentialsRefused
from import_relay.mateo.client import (
    ImportApi,
    ImportStatus,
    MateoUnavailable,
    Posted,
    http_client,
)
from import_relay.report.failures import listed_failures, read_failures
from import_relay.storage.pacing import Permit
from tests.integration.mateo_emulator.emulator import TOKEN as EMULATOR_TOKEN
from tests.integration.mateo_emulator.emulator import Emulator, wait_for
from tests.simulation.mateo import TOKEN, Mateo
from tests.simulation.mateo_server import BASE_URL
from tests.simulation.scenario import Account, FaultProfile
from tests.simulation.world import Environment, Process, World

T = TypeVar("T")
PERMIT = Permit("2026-11-01")
UNLIMITED: dict[str, Any] = {
    "requests_per_second": 10**6,
    "requests_per_day": 10**6,
    "entities_per_day": 10**6,
}
CONTACTS, DEALS, APPOINTMENTS = "contact_details", "deal_details", "appointment_details"


class NoDelay(random.Random):
    """Draws zeros: nothing takes any time, and the test decides when imports are processed."""

    def random(self) -> float:
        return 0.0


class Side(Protocol):
    """One of the two. `ids`: of its imports, in order; `asked`: permits that its guard saw."""

    api: ImportApi
    ids: list[str]
    token: str
    asked: list[Permit]

    def act(self, work: Callable[[], T]) -> T:
        """Let the relay do something."""

    def finish(self) -> None:
        """Process every import."""


@dataclass
class Fake:
    """The fake, with nothing but itself in its world."""

    account: Account
    token: str = TOKEN
    ids: list[str] = field(default_factory=list)
    asked: list[Permit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(1, random=NoDelay())
        self.mateo = Mateo(self.world, self.account, FaultProfile())
        self.api = ImportApi(
            self.mateo.http,
            BASE_URL,
            lambda: self.token,
            is_in_time=lambda permit: _note(self, permit),
        )

    def act(self, work: Callable[[], T]) -> T:
        result: list[T] = []
        ended: list[Process] = []
        self.world.spawn(
            "relay",
            lambda: result.append(work()),
            environment=Environment("relay", 1, 0.0),
            timeout_s=60,
            on_end=ended.append,
        )
        self._pass(0.001)
        if ended[0].error is not None:
            raise ended[0].error
        return result[0]

    def finish(self) -> None:
        self._pass(2.0)

    def _pass(self, seconds: float) -> None:
        self.world.after(seconds, lambda: None)
        self.world.run(until=self.world.now + seconds)


@dataclass
class Emulated:
    """`mateo_emulator`, which processes imports only when it is told to."""

    emulator: Emulator
    token: str = EMULATOR_TOKEN
    ids: list[str] = field(default_factory=list)
    asked: list[Permit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.emulator.change("behaviour", stalled=True, reference_id="accept")
        self.emulator.fault("refuse_row", column="city", value="REFUSE", status=422, count=None)
        self.api = ImportApi(
            http_client(),
            f"{self.emulator.root}/api/v1",
            lambda: self.token,
            is_in_time=lambda permit: _note(self, permit),
        )

    def act(self, work: Callable[[], T]) -> T:
        return work()

    def finish(self) -> None:
        self.emulator.change("behaviour", stalled=False)
        wait_for(self._is_done, "processing")
        self.emulator.change("behaviour", stalled=True)

    def _is_done(self) -> bool:
        return all(one["state"] == "done" for one in self.emulator.items("imports"))


def _note(side: Side, permit: Permit) -> bool:
    side.asked.append(permit)
    return True


@dataclass
class Both:
    """Does the same with both, and expects the same of both."""

    sides: tuple[Side, Side]

    def same(self, operation: Callable[[Side], object]) -> object:
        emulated, fake = (_attempt(side, operation) for side in self.sides)
        assert fake == emulated
        assert len(self.sides[0].asked) == len(self.sides[1].asked)  # the guard sees each request
        return emulated

    def finish(self) -> None:
        for side in self.sides:
            side.finish()


def _attempt(side: Side, operation: Callable[[Side], object]) -> object:
    try:
        return side.act(lambda: operation(side))
    except (CredentialsRefused, MateoUnavailable) as error:
        return f"{type(error).__name__} {getattr(error, 'retry_after_s', None) is not None}"


@pytest.fixture
def both(emulator: Emulator) -> Both:
    """Both without limits."""
    emulator.change("limits", **UNLIMITED)
    return Both((Emulated(emulator), Fake(Account(**UNLIMITED))))


# what the relay asks, and which parts of the answers are compared


def create(body: bytes) -> Callable[[Side], object]:
    def operation(side: Side) -> object:
        posted = side.api.create(PERMIT, body)
        if posted.import_id:
            side.ids.append(posted.import_id)
        return _of_post(posted)

    return operation


def _of_post(posted: Posted) -> object:
    has_wait, has_message = posted.retry_after_s is not None, bool(posted.message)
    return posted.outcome, posted.status, bool(posted.import_id), has_wait, has_message


def poll(numbers: Sequence[int], *others: str) -> Callable[[Side], object]:
    """Ask for imports by their numbers, and for other ids."""

    def operation(side: Side) -> object:
        found = side.api.poll(PERMIT, [*others, *(side.ids[number] for number in numbers)])
        return {side.ids.index(id_): _of_status(one) for id_, one in found.items()}

    return operation


def result(number: int) -> Callable[[Side], object]:
    """Everything about an import, with its files."""

    def operation(side: Side) -> object:
        status = side.api.result(PERMIT, side.ids[number])
        if status is None:
            return None
        failed = listed_failures(status.failed) if status.failed is not None else None
        files = [
            side.api.download(url, lambda: PERMIT) if url else None
            for url in (status.failed_url, status.payload_url)
        ]
        in_file = None if files[0] is None else read_failures(files[0])
        payload = None if files[1] is None else json.loads(files[1])
        return _of_status(status), status.payload, status.hints, failed, in_file, payload

    return operation


def unknown_result(import_id: str) -> Callable[[Side], object]:
    return lambda side: side.api.result(PERMIT, import_id)


def by_reference(reference: str) -> Callable[[Side], object]:
    def operation(side: Side) -> object:
        found = side.api.find_by_reference(PERMIT, reference)
        return [(side.ids.index(one.id), one.reference_id, _of_status(one)) for one in found]

    return operation


def by_window(type_: str, first: int, last: int, shift_s: float) -> Callable[[Side], object]:
    """Look imports up by the times of two of them; `shift_s` moves both bounds."""

    def operation(side: Side) -> object:
        earliest, latest = (_created(side, number) + shift_s for number in (first, last))
        found = side.api.find_by_window(PERMIT, type_, earliest=earliest, latest=latest)
        return [(side.ids.index(one.id), one.reference_id, _of_status(one)) for one in found]

    return operation


def _created(side: Side, number: int) -> float:
    import_id = side.ids[number]
    created_at = side.api.poll(PERMIT, [import_id])[import_id].created_at
    assert created_at is not None
    return created_at.timestamp()


def _of_status(status: ImportStatus) -> object:
    own_format = status.created_at is not None and status.created_at.tzinfo is not None
    return own_format, status.total_count, status.success_count, status.failed_count


# random operations

UNUSABLE = [
    b"",
    b"{",
    b"\xff",
    b"[1]",
    b"null",
    b'{"type":"contact_details","payload":[NaN]}',
    b'{"payload":[]}',
    b'{"type":null,"payload":[]}',
    b'{"type":5,"payload":[]}',
    b'{"type":["contact_details"],"payload":[]}',
    b'{"type":"contact","payload":[]}',
    b'{"type":"contact_details","payload":"rows"}',
    b'{"type":"contact_details","payload":[],"id":"1"}',
    b'{"type":"contact_details","payload":[],"contact_list_external_id":"nobody"}',
    b'{"type":"contact_details","payload":[{"external_id":"C-1"},{"city":"REFUSE"}]}',
]
ABSENT = "7c7b8e0e-9d5f-4f5e-8c57-0f6c2a5a3f10"


def body(type_: str, rows: Sequence[object], **columns: object) -> bytes:
    return json.dumps({"type": type_, **columns, "payload": rows}).encode()


def drawn_body(chance: random.Random) -> bytes:
    """A body with mostly good rows; some rows fail, some requests are refused."""
    if chance.random() < 0.2:
        return chance.choice(UNUSABLE)
    type_ = chance.choice((CONTACTS, CONTACTS, DEALS, APPOINTMENTS))
    rows = [drawn_row(chance, type_) for _ in range(chance.randrange(6))]
    columns: dict[str, object] = {}
    if chance.random() < 0.5:
        columns["reference_id"] = f"R-{chance.randrange(3)}"
    if chance.random() < 0.3:
        columns["contact_list_external_id"] = "customers"
    if chance.random() < 0.3:
        columns["allow_deal_reassignment"] = chance.choice((True, False, None))
    return body(type_, rows, **columns)


def drawn_row(chance: random.Random, type_: str) -> object:
    if chance.random() < 0.1:
        nameless = {"zipcode": "10115"} if type_ == CONTACTS else {"name": "Order"}
        return chance.choice(("no object", 5, [], None, nameless))
    contact = f"C-{chance.randrange(5)}"
    if type_ == CONTACTS:
        return {"external_id": contact, "full_name": f"Person {chance.randrange(9)}", "city": None}
    row: dict[str, object] = {"external_id": f"E-{chance.randrange(3)}", "name": "Order"}
    if chance.random() < 0.8:
        row["contact_external_id"] = chance.choice((contact, None))
    return row


def drawn_operation(chance: random.Random, imports: int) -> Callable[[Side], object]:
    """An operation when there are `imports` imports."""
    drawn = chance.random()
    if drawn < 0.35 or not imports:
        return create(drawn_body(chance))
    numbers = [chance.randrange(imports) for _ in range(chance.choice((1, 2, 5, 60)))]
    if drawn < 0.5:
        return poll(numbers, *chance.choice(((), (), (ABSENT,), (ABSENT, "no id"))))
    if drawn < 0.65:
        return result(numbers[0])
    if drawn < 0.7:
        return unknown_result(chance.choice((ABSENT, "no id")))
    if drawn < 0.8:
        return by_reference(f"R-{chance.randrange(4)}")
    type_ = chance.choice((CONTACTS, DEALS, APPOINTMENTS, "contact"))
    shift_s = chance.choice((0.0, 0.0, 0.000_001, -0.000_001, 3_600.0))
    return by_window(type_, chance.randrange(imports), numbers[0], shift_s)


def do_at_random(both: Both, seed: int, operations: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    for _ in range(operations):
        operation = drawn_operation(chance, len(both.sides[0].ids))
        both.same(operation)
        if chance.random() < 0.15:
            both.finish()
