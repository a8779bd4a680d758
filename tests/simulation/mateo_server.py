"""What the fake of the Import API does with a request that it has let in: it keeps imports, shows
them, processes them in the background and gives out their files. Called by `mateo`.
"""

import json
import math
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.simulation.mateo_http import Request, Response
from tests.simulation.mateo_imports import (
    MICROSECONDS,
    ApiError,
    Records,
    StoredImport,
    columns_of,
    read_body,
)
from tests.simulation.mateo_queries import find, read_query
from tests.simulation.scenario import FaultProfile
from tests.simulation.world import World

ORIGIN, FOREIGN_ORIGIN = "https://mateo.example.com", "https://files.example.com"
BASE_URL = f"{ORIGIN}/api/v1"
ANSWER_S = 0.1
"""How long an answer takes at most, unless Mateo is slow."""
PROCESSING_S = 5.0
"""How long an import takes at most, after a first second, unless Mateo is slow."""
PAYLOAD_INLINE_MAX, FAILED_INLINE_MAX, LINK_LIFETIME_S = 1_000, 100, 3_600.0
CONTACT_LISTS = ("customers", "leads")
"""As in `mateo_emulator`."""


class MateoServer:
    """The imports of one account, and the records that they make."""

    def __init__(self, world: World, fault_profile: FaultProfile) -> None:
        self._world = world
        self._random = world.random
        self._skew_s = fault_profile.skew_s * self._random.uniform(-1, 1)
        self.fault_profile = fault_profile
        self._lists = fault_profile.lists
        self.records = Records()
        self.imports: dict[str, StoredImport] = {}
        self.unfinished = 0

    def quiet_down(self) -> None:
        """Show everything at once and process what is unfinished soon."""
        self.fault_profile = FaultProfile()
        for one in self.imports.values():
            one.visible_at = 0.0
            one.links_end_at = math.inf
            one.has_flaky_links = one.hides_payload = False
            if not one.is_finished:
                one.counts_late = False
                self._world.after(self.seconds(PROCESSING_S), partial(self._process, one))

    # ------------------------------------------------------------ create and process

    def read(self, body: bytes) -> dict[str, Any]:
        """The columns of a new import; `payload` is a list.

        Raises:
            ApiError: it is refused.
        """
        return read_body(body, CONTACT_LISTS)

    def create(self, columns: dict[str, Any], body: bytes, *, within: int) -> StoredImport:
        """Keep a new import, and process it later; rows after the first `within` fail."""
        if self.fault_profile.other_clients and len(self.imports) % 3 == 0:
            self._create_of_others(columns["type"])
        one = self._stored(columns, body)
        one.within = within
        self.imports[one.id] = one
        self.unfinished += 1
        delay_s = self._processing_s()
        if not math.isinf(delay_s):
            self._world.after(delay_s, partial(self._process, one))
        self._world.tell("import created", "Mateo", id=one.id, type=one.type, rows=one.rows)
        return one

    def _create_of_others(self, type_: str) -> None:
        """An import of another client, of the same type and the same time: not the relay's."""
        import_id, created_us = self._next()
        payload = [{"external_id": f"of others, {len(self.imports)}"}]
        columns = columns_of({"type": type_}, import_id, created_us)
        now = self._world.now
        one = StoredImport(import_id, type_, payload, b"", now, created_us, columns, now)
        one.is_of_others = True
        one.hides_payload = bool(self.fault_profile.hidden_payloads)
        one.count(1, 1, 0)
        self.imports[import_id] = one

    def _next(self) -> tuple[str, int]:
        """The id of the next import, and its time of creation by Mateo's clock."""
        import_id = f"00000000-0000-4000-8000-{len(self.imports) + 1:012x}"
        return import_id, round((self._world.now + self._skew_s) * MICROSECONDS)

    def _stored(self, columns: dict[str, Any], body: bytes) -> StoredImport:
        fault_profile, now = self.fault_profile, self._world.now
        import_id, created_us = self._next()
        one = StoredImport(
            id=import_id,
            type=columns["type"],
            payload=columns["payload"],
            body=body,
            created_at=now,
            created_us=created_us,
            columns=columns_of(columns, import_id, created_us),
            visible_at=now + self.seconds(fault_profile.list_lag_s),
        )
        one.counts_late = bool(one.rows) and self.happens(fault_profile.late_counts)
        one.hides_payload = self.happens(fault_profile.hidden_payloads)
        one.is_normalised = self.happens(fault_profile.normalised)
        expiring = self.happens(fault_profile.expired_links)
        one.has_links = expiring or self.happens(fault_profile.hidden_payloads)
        one.links_host = FOREIGN_ORIGIN if one.has_links and self.happens(0.5) else ORIGIN
        one.has_flaky_links = expiring and self.happens(0.5)
        if expiring and not one.has_flaky_links:
            one.links_end_at = now + self.seconds(2 * PROCESSING_S)
        return one

    def _processing_s(self) -> float:
        """Seconds until an import is processed: mostly soon, sometimes after a day, or never."""
        if not self.happens(self.fault_profile.slow_mateo):
            return 1.0 + self.seconds(PROCESSING_S)
        if self.happens(0.05):
            return math.inf
        longest = 2_000.0 if self.happens(0.05) else 6.0  # hours of waiting seldom find a fault
        return float(60.0 * longest ** self._random.random())

    def _process(self, one: StoredImport) -> None:
        """Apply the rows of an import, in two parts if its counts come late; then show them."""
        now = self._world.now
        if one.is_finished:
            return
        if one.counts_late:
            one.counts_late = False
            self.records.apply(one, self._random.randrange(one.rows), now)
            self._count_in_part(one)
            self._world.after(self.seconds(240.0), partial(self._process, one))
            return
        self.records.apply(one, one.rows, now)
        one.finished_at = now
        self.unfinished -= 1
        failed = len(one.failures)
        one.count(one.rows, one.rows - failed, self._lists.count(failed))
        self._world.tell("import processed", "Mateo", id=one.id, failed=failed)

    def _count_in_part(self, one: StoredImport) -> None:
        done, failed = one.done_rows, len(one.failures)
        shown = self._lists.count(failed)
        match self._random.randrange(3):
            case 0:
                one.count(one.rows, None, None)
            case 1:
                one.count(done, done - failed, shown)
            case _:
                one.count(one.rows, done - failed, shown)

    # ------------------------------------------------------------ show

    def listed(self, request: Request) -> Response:
        """The imports that a request asks for.

        Raises:
            ApiError: 400.
        """
        query = read_query(request.params)
        found = find(self.imports, query, self._world.now)
        names = query.columns
        if not names:
            return Response(200, [self._shown(one) for one in found])
        try:
            return Response(200, [{name: one.columns[name] for name in names} for one in found])
        except KeyError as error:
            raise ApiError(400, "42703", f"column import.{error} does not exist") from error

    def _shown(self, one: StoredImport) -> dict[str, Any]:
        """Everything that Mateo shows of an import, with links that are valid from now on."""
        is_large = one.has_links or one.rows > PAYLOAD_INLINE_MAX
        shown = {
            **one.columns,
            "payload": one.shown_payload,
            "payload_url": None,
            "failed_url": None,
        }
        if one.hides_payload:
            shown["payload"] = _hidden(one)
        elif is_large:
            shown["payload"] = None
        if is_large and not one.hides_payload:
            shown["payload_url"] = self._link(one, "payload")
        if self._world.now < one.finished_at + self._lists.late_s:
            return shown
        if len(one.failures) > (0 if one.has_links else FAILED_INLINE_MAX):
            shown["failed_url"] = self._link(one, "failed")
        else:
            shown["failed"] = self._lists.entries(one.failures)
        return shown

    def _link(self, one: StoredImport, what: str) -> str:
        now = self._world.now
        until = now + LINK_LIFETIME_S
        if now >= one.links_end_at or (one.has_flaky_links and self.happens(0.5)):
            until = now
        return f"{one.links_host}/files/{one.id}/{what}.json?until={until}"

    def file(self, request: Request) -> Response:
        """The content of a file, unless its link has expired."""
        takes_s = self.seconds(ANSWER_S)
        parts = urlsplit(request.url)
        _, _, import_id, name = parts.path.split("/")
        (until,) = parse_qs(parts.query)["until"]
        if float(until) < self._world.now:
            return Response(self._random.choice((403, 410)), b"expired", takes_s=takes_s)
        one = self.imports[import_id]
        content = one.shown_payload
        if name == "failed.json":
            content = self._lists.entries(one.failures)
        return Response(200, json.dumps(content).encode(), takes_s=takes_s)

    # ------------------------------------------------------------ chance

    def happens(self, probability: float) -> bool:
        """Whether something happens this time."""
        return probability > 0 and self._random.random() < probability

    def seconds(self, most: float) -> float:
        """A random time up to `most`."""
        return most * self._random.random()


def _hidden(one: StoredImport) -> Any:
    """What is shown of a hidden payload: nothing, no rows, or rows that say nothing."""
    shapes: tuple[Any, ...] = (None, [], [{"status": "done"} for _ in range(one.rows)])
    return shapes[int(one.id.replace("-", "")[-1], 16) % len(shapes)]
