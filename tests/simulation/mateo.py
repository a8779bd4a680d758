"""The fake of the Import API: `mateo_emulator` in memory and virtual time, with a fault profile.

    mateo = Mateo(world, account, fault_profile)
    api = ImportApi(mateo.http, BASE_URL, lambda: TOKEN, ...)

Without faults it answers as `mateo_emulator` does, and `test_mateo_fake` holds it to that. A fault
profile changes what the API's documents leave open, and what a network may do.
"""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx

from import_relay.mateo.client import REQUEST_TIMEOUT_S
from tests.simulation.mateo_http import CONNECT_S, Http, Request, Response
from tests.simulation.mateo_imports import ApiError, Applied, StoredImport
from tests.simulation.mateo_limits import Days, Quota, Standing, Window
from tests.simulation.mateo_server import ANSWER_S, BASE_URL, FOREIGN_ORIGIN, MateoServer
from tests.simulation.scenario import Account, FaultProfile
from tests.simulation.world import START, World

TOKEN = "token"
_AUTHORIZATION = f"Bearer {TOKEN}"
STATEMENT_S = 2.0
"""A request that takes longer is ended with an error (limits page)."""


class Arrival(NamedTuple):
    """A request that arrived: a line of Mateo's log.

    Attributes:
        at: when it arrived, by the true time (s since the epoch).
        sent_at: when it left the relay.
        method: `POST`, `GET` or `FILE` (a file of Mateo's own host).
        day: by the zone that the relay is configured for, whatever Mateo's own day is.
        rows: of a POST that could be read.
        status: of the answer, whether it gets through or not; 0 if there is none.
        why: of a 429: `second`, `requests`, `entities`, `spent` (all are refused) or `chance`.
        import_id: of the import that it created; only then its rows count as entities.
    """

    at: float
    sent_at: float
    method: str
    day: str
    rows: int = 0
    status: int = 0
    why: str = ""
    import_id: str = ""


class Mateo:
    """One account.

    Facts for a checker: `imports` by id in the order of their creation, `applied` rows in their
    order, `requests`, and how many imports are `unfinished`. `keeps_to_limits`: no other client
    uses the limits up, and days begin when the relay is told.
    """

    def __init__(self, world: World, account: Account, fault_profile: FaultProfile) -> None:
        self._world = world
        self._random = world.random
        self._fault_profile = fault_profile
        self._server = MateoServer(world, fault_profile)
        self._zone = ZoneInfo(account.time_zone)
        self._days = Days(self._zone)
        self._window = Window(account.requests_per_second)
        self._quota = Quota(
            Days(self._zone, fault_profile.day_offset_s),
            account.requests_per_day,
            account.entities_per_day,
            fault_profile.other_clients,
        )
        self.keeps_to_limits = not fault_profile.other_clients and not fault_profile.day_offset_s
        self._rows, self._import_id, self._why = 0, "", ""
        self._schema_from = math.inf
        self.http = cast("httpx.Client", Http(world, self))
        self.requests: list[Arrival] = []
        self.unread_files: set[str] = set()
        """Imports of which a file was asked for in vain."""

    @property
    def imports(self) -> dict[str, StoredImport]:
        """Every import of the relay, by id."""
        return {one.id: one for one in self._server.imports.values() if not one.is_of_others}

    @property
    def applied(self) -> list[Applied]:
        """Every row that became a record."""
        return self._server.records.applied

    @property
    def unfinished(self) -> int:
        """How many imports are still to be processed."""
        return self._server.unfinished

    def quiet_down(self) -> None:
        """From now on nothing misbehaves, and imports that are unfinished are soon finished."""
        self._fault_profile = FaultProfile()
        self._quota.days = Days(self._zone)
        self._quota.others = 0
        self._server.quiet_down()

    # ------------------------------------------------------------ what the client calls

    def connect_s(self) -> float:
        """How long a connection takes."""
        if self._is_silent and self._fault_profile.silence == "down":
            return math.inf
        if self._server.happens(self._fault_profile.slow_mateo / 4):
            return self._server.seconds(4.0)
        return self._server.seconds(CONNECT_S)

    def operation(self, request: Request) -> str:
        """The name of a call."""
        return _OPERATIONS[_kind(request)]

    def answer(self, request: Request) -> Response:
        """Take a request that arrives now."""
        if request.url.startswith(FOREIGN_ORIGIN):
            return self._server.file(request)
        return self._let_in(request, self._answer)

    def refusal(self, request: Request) -> Response:
        """Fail a request by chance; some are done all the same, and the answer does not say so."""
        if request.url.startswith(FOREIGN_ORIGIN):
            return Response(self._random.choice((403, 404, 410, 429, 500)), b"")
        (refuse,) = self._random.choices(
            (
                None,
                self._too_many_by_chance,
                self._error,
                _unauthorized,
                _reset,
                self._without_id,
            ),
            (20, 30, 25, 3, 7, 15),
        )
        if refuse is None:
            return Response(0, error=httpx.ConnectError("refused"))
        return self._let_in(request, refuse)

    # ------------------------------------------------------------ limits and log

    def _let_in(self, request: Request, work: Callable[[Request], Response]) -> Response:
        """Answer a request if the limits allow it, and log it."""
        now = self._world.now
        self._rows, self._import_id, self._why = 0, "", ""
        within_day, within_second = self._quota.admits(now), self._window.admits(now)
        if request.headers.get("Authorization") != _AUTHORIZATION:
            response = _refused(403, "403", "Invalid API key")
        elif not within_day:
            response = self._too_many("requests", self._quota.requests(now))
        elif not within_second:
            response = self._too_many("second", self._window.standing(now))
        else:
            response = work(request)
        if request.method == "POST" and response.status_code != 429:
            response.headers = self._window.standing(now).headers("no_retry_after")
        if not response.takes_s:
            response.takes_s = self._server.seconds(ANSWER_S)
        if _kind(request) == "FILE" and not _arrives(response):
            self.unread_files.add(urlsplit(request.url).path.split("/")[2])
        self.requests.append(
            Arrival(
                now,
                request.sent_at,
                _kind(request),
                self._days.of(now),
                self._rows,
                response.status_code,
                self._why,
                self._import_id,
            )
        )
        return response

    def _too_many(self, why: str, standing: Standing) -> Response:
        """429, with headers or without; it does not say which limit was met."""
        self._why = why
        self._world.tell("too many requests", "Mateo", limit=why)
        styles = ("all", "no_retry_after", "none")
        style = self._random.choice(styles) if self._fault_profile.rate_limited else "all"
        return _refused(429, "rate_limit_exceeded", "Rate limit exceeded", standing.headers(style))

    def _too_many_by_chance(self, _: Request) -> Response:
        reset_s = self._random.choice((1.0, 1.0, 2.0, 5.0, 60.0, 900.0))
        return self._too_many("chance", Standing(self._window.limit, 0, reset_s))

    # ------------------------------------------------------------ answers

    def _answer(self, request: Request) -> Response:
        """Do what a request asks for, as far as the fault profile lets it be done and be seen."""
        fault_profile, happens = self._fault_profile, self._server.happens
        if self._is_silent and (fault_profile.silence != "posts" or request.method == "POST"):
            return self._silence(request)
        if request.method == "POST" and self._world.now < START + fault_profile.refusing_s:
            return self._too_many("spent", Standing(self._window.limit, 0, 1.0))
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if happens(fault_profile.rate_limited):
            return self._too_many_by_chance(request)
        if happens(fault_profile.slow_mateo):
            return self._slow(request)
        is_nameless = request.method == "POST" and happens(fault_profile.nameless)
        response = self._without_id(request) if is_nameless else self._work(request)
        if happens(fault_profile.unanswered):
            if happens(0.5):
                response.takes_s = math.inf
            else:
                response.error = httpx.ReadError("connection reset by peer")
        return response

    def _refusal(self, request: Request) -> Response | None:
        """A refusal that no row is to blame for: the schema changes, or a column is not there."""
        if request.method != "POST":
            return None
        if self._is_schema_changing():
            if self._fault_profile.whole_refusals:
                return _refused(409, "23503", "Key (contact_list_id) is not in contact_list")
            column = "payload"
        elif self._fault_profile.refuses_reference and b'"reference_id"' in request.content:
            column = "reference_id"
        else:
            return None
        message = f"Could not find the '{column}' column of 'import' in the schema cache"
        return _refused(400, "PGRST204", message)

    def _is_schema_changing(self) -> bool:
        fault_profile = self._fault_profile
        if not fault_profile.schema_s:
            return False
        begin = START + fault_profile.schema_from_s
        if fault_profile.schema_after:
            if len(self.imports) >= fault_profile.schema_after:
                self._schema_from = min(self._schema_from, self._world.now)
            begin = self._schema_from
        return begin <= self._world.now < begin + fault_profile.schema_s

    @property
    def _is_silent(self) -> bool:
        fault_profile = self._fault_profile
        begin = START + fault_profile.silent_from_s
        return (
            bool(fault_profile.silence)
            and begin <= self._world.now < begin + fault_profile.silent_s
        )

    def _silence(self, request: Request) -> Response:
        """No useful answer; some posts to a mute Mateo take effect all the same."""
        if self._fault_profile.silence == "refused":
            return _unauthorized(request)
        if self._fault_profile.silence in ("errors", "posts"):
            return self._error(request)
        if request.method == "POST" and self._server.happens(0.3):
            self._work(request)
        return Response(0, takes_s=math.inf)

    def _work(self, request: Request) -> Response:
        kind = _kind(request)
        try:
            if kind == "POST":
                return self._create(request)
            return self._server.listed(request) if kind == "GET" else self._server.file(request)
        except ApiError as error:
            return Response(error.status, error.content)

    def _create(self, request: Request) -> Response:
        columns = self._server.read(request.content)
        self._rows = len(columns["payload"])
        now = self._world.now
        within = self._rows
        if not self._quota.takes(now, self._rows):
            if not self._fault_profile.cuts:
                return self._too_many("entities", self._quota.entities(now))
            within = self._quota.entities(now).remaining
            self._quota.takes(now, within)
        self._import_id = self._server.create(columns, request.content, within=within).id
        return Response(201, {"id": self._import_id})

    def _slow(self, request: Request) -> Response:
        """A slow request: Mateo cancels it before or after its effect, or answers late."""
        kind = self._random.randrange(4)
        if kind == 0:
            return _cancelled()
        response = self._work(request)
        if kind == 1 and response.status_code < 300:
            return _cancelled()
        response.takes_s = self._random.uniform(0.3, STATEMENT_S) if kind == 2 else math.inf
        return response

    def _error(self, _: Request) -> Response:
        return Response(self._random.choice((500, 502, 503, 504)), b"<html>")

    def _without_id(self, request: Request) -> Response:
        """Do what is asked, unless all posts are refused, and leave the import's id out."""
        response = self._refusal(request) or self._work(request)
        if response.status_code < 300:
            response.status_code = self._random.choice((200, 201, 204, 206))
            response.content = self._random.choice(({}, b"", b"<html>", "created"))
        return response


_OPERATIONS = {
    "POST": "Mateo.POST /import",
    "GET": "Mateo.GET /import",
    "FILE": "Mateo.GET file",
}


def _kind(request: Request) -> str:
    if request.method == "POST":
        return "POST"
    return "GET" if request.url.startswith(BASE_URL) else "FILE"


def _arrives(response: Response) -> bool:
    is_in_time = response.takes_s <= REQUEST_TIMEOUT_S
    return response.status_code == httpx.codes.OK and response.error is None and is_in_time


def _refused(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(status, ApiError(status, code, message).content, headers or {})


def _unauthorized(_: Request) -> Response:
    return _refused(401, "401", "No API key found in request")


def _reset(_: Request) -> Response:
    return Response(0, error=httpx.ReadError("connection reset by peer"))


def _cancelled() -> Response:
    """PostgreSQL cancels the statement; PostgREST passes its error on."""
    response = _refused(500, "57014", "canceling statement due to statement timeout")
    response.takes_s = STATEMENT_S
    return response
