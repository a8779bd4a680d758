"""Requests to a CRM's API: paced, with timeouts and few retries. Used by the fetcher modules.

One `CrmApi` serves one connection within one batch. Whatever keeps it from the records is
`RecordsNotFetched`: they wait, and other connections go on.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx

from import_relay.domain.errors import RecordsNotFetched
from import_relay.domain.http_bodies import HttpAnswer, Unbounded, read_body
from import_relay.domain.retrying import ASK_CRM, tries

TIMEOUT = httpx.Timeout(8.0, connect=3.0)
"""Own limit per request. A batch has two minutes for everything."""
MAX_RETRY_AFTER_S = 5.0
"""A longer `retry-after` is not waited for within a batch: the records are delivered again
later."""
MAX_CRM_ANSWER_B = 20_000_000
MAX_ANSWER_VALUES = 1_000_000
"""Commas and brackets of an answer: what they become once it is parsed fills the memory."""
MAX_READ_B = 40_000_000
"""Bytes of answers that a batch reads at most, for all connections together; a later batch reads
the rest."""
VALUE_B = 40
"""What each value counts there at least: once parsed, even an empty list takes memory."""
_REFUSED = frozenset({401, 403})
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class ReadRoom:
    """How many bytes of answers a batch may still hold; less than none after a large answer."""

    left_b: int = MAX_READ_B


@dataclass(slots=True)
class CrmApi:
    """One connection's way to its CRM. Times are in seconds; `give_up_at` is on `clock`.

    `token` is what stands under `<connection>.token` among the CRM tokens. `room`: once it is used
    up, nothing more is requested.
    """

    client: httpx.Client
    token: str
    options: Mapping[str, str]
    requests_per_second: float
    give_up_at: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    room: ReadRoom = field(default_factory=ReadRoom)
    _next_at: float = field(default=float("-inf"))

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON value of a 2xx answer; None for 204, no content.

        `content` is sent as JSON. Retries what may heal within seconds.

        Raises:
            RecordsNotFetched: no such answer in time.
        """
        address = _address(url)
        for _ in tries(ASK_CRM, self._pause):
            self._wait_for_turn()
            request = self.client.build_request(
                method, address, headers=headers, params=params, json=content, data=form
            )
            try:
                answer = self._answer(request)
            except httpx.HTTPError as error:
                problem = type(error).__name__
                continue
            if answer.status_code not in _BUSY:
                return _value(answer)
            problem, wait_s = f"status {answer.status_code}", _retry_after(answer)
            if wait_s > MAX_RETRY_AFTER_S:
                break
            self._next_at = max(self._next_at, self.clock() + wait_s)
        raise RecordsNotFetched("fetcher.unavailable", problem)

    def _answer(self, request: httpx.Request) -> HttpAnswer:
        """The whole answer, unless it is too large or drips too slowly: timeouts count per read."""
        with closing(self.client.send(request, stream=True)) as answer:
            try:
                body = read_body(
                    answer, most=MAX_CRM_ANSWER_B, is_late=lambda: self.clock() >= self.give_up_at
                )
            except Unbounded as error:
                code = "fetcher.unavailable" if error.is_late else "fetcher.unexpected"
                raise RecordsNotFetched(code, f"the answer is {error}") from error
        self.room.left_b -= max(len(body), VALUE_B * _values(body))
        return HttpAnswer(answer.status_code, answer.headers, body)

    def _wait_for_turn(self) -> None:
        if self.room.left_b <= 0:
            raise RecordsNotFetched("fetcher.out_of_time")
        self._pause(max(0.0, self._next_at - self.clock()))
        self._next_at = self.clock() + 1 / self.requests_per_second

    def _pause(self, seconds: float) -> None:
        if self.clock() + seconds >= self.give_up_at:
            raise RecordsNotFetched("fetcher.out_of_time")
        if seconds > 0:
            self.sleep(seconds)


def _address(url: str) -> httpx.URL:
    """The address, if a token may go there: https, or this machine, for tests."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise RecordsNotFetched("fetcher.unexpected", "the API's address is none") from error
    if address.scheme == "https" or (address.scheme == "http" and address.host == "127.0.0.1"):
        return address
    raise RecordsNotFetched("fetcher.unexpected", "the API's address is not https")


def _value(answer: HttpAnswer) -> Any:
    if answer.status_code in _REFUSED:
        raise RecordsNotFetched("fetcher.refused", f"status {answer.status_code}")
    # A 404 as well: a wrong address must not make records look deleted.
    if not httpx.codes.is_success(answer.status_code):
        raise RecordsNotFetched("fetcher.unexpected", f"status {answer.status_code}")
    if answer.status_code == httpx.codes.NO_CONTENT:
        return None
    content = answer.content
    if _values(content) > MAX_ANSWER_VALUES:
        raise RecordsNotFetched("fetcher.unexpected", "the answer holds far too many values")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordsNotFetched("fetcher.unexpected", "the answer is no JSON") from error


def _values(content: bytes) -> int:
    """About how many values an answer holds."""
    return content.count(b",") + content.count(b"[") + content.count(b"{")


def _retry_after(answer: HttpAnswer) -> float:
    """The seconds that the answer asks to wait, 0 if it does not; a date counts as too long."""
    given = answer.headers.get("retry-after") or "0"
    return float(given) if given.isascii() and given.isdecimal() else MAX_RETRY_AFTER_S + 1
