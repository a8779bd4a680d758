"""Client of Mateo's Import API: create, look up, poll and read the results of imports.

Every call takes a `Permit`, so that none can be made without being counted and paced. Called by
submission (create), tracking (look up, poll, create again) and reporting (results, failures).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from import_relay.domain.errors import CredentialsRefused, PermitTooFar
from import_relay.domain.http_bodies import REQUEST_HEADERS, HttpAnswer, Unbounded, read_body
from import_relay.mateo.departure import Extensions, departing_in
from import_relay.mateo.post_results import PostResult, is_about_rows, of_exception, of_status
from import_relay.storage.pacing import Permit

REQUEST_TIMEOUT_S = 5.0
"""Mateo ends a request after two seconds (limits page); its error needs time to arrive."""
CONNECT_TIMEOUT_S = 3.0
POLL_PAGE = 50
"""Rows per GET; Mateo caps them without saying so (concepts/pagination)."""
MAX_FAILURES_B = 64_000_000
"""Own cap on the file of failed rows: a day's 25,000 rows of 2.5 kB each."""
MAX_MATEO_ANSWER_B = 64_000_000
"""Own cap on any other answer: `result` may show the whole payload of an import."""
MAX_ANSWER_S = 5.0
"""Own cap on how long an answer's body may take: timeouts count for each read."""
MAX_DOWNLOAD_S = 60.0
_UNREAD = b"<unread>"
"""Stands for a body that was not read: it is no JSON."""
_PAGE = object()
"""Stands for a body that no API sends, such as the page of a proxy."""
_POLL_COLUMNS = "id,created_at,total_count,success_count,failed_count"
_LOOKUP_COLUMNS = f"{_POLL_COLUMNS},reference_id"


_Link = Annotated[str | None, BeforeValidator(lambda it: it if isinstance(it, str) else None)]
"""Mateo may link a file, or not; anything else is no link."""
_Text = Annotated[str | None, BeforeValidator(lambda it: str(it) if isinstance(it, int) else it)]
"""A text that Mateo may show as a number."""


class ImportStatus(BaseModel):
    """The part of an import that the relay reads; unknown columns are ignored, they may grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    created_at: datetime | None = None
    total_count: int | None = None
    success_count: int | None = None
    failed_count: int | None = None
    failed_url: _Link = None
    payload_url: _Link = None
    payload: Any = None
    failed: Any = None
    hints: Any = None
    reference_id: _Text = None


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a `POST /import`. `code` and `message` are Mateo's own, for the report.

    `names_reference_id`: the answer speaks of the reference id, in whichever of its texts.
    """

    outcome: PostResult
    import_id: str = ""
    status: int = 0
    message: str = ""
    retry_after_s: float | None = None
    code: str = ""
    names_reference_id: bool = False


class MateoUnavailable(Exception):
    """A read got no usable answer (network, 5xx, 429, not JSON): ask again later.

    `retry_after_s` is set where Mateo said how long to wait.
    """

    def __init__(self, what: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(what)
        self.retry_after_s = retry_after_s


def _lost(_: Permit) -> Permit:
    raise PermitTooFar


@dataclass(frozen=True, slots=True)
class ImportApi:
    """The Import API of one account.

    Args:
        http: a client without redirects; the test seam is its transport.
        base_url: e.g. `https://…/api/v1`, without a slash at the end.
        token: read at each call, so that a new token works at once.
        renew_token: looks for a newer token; whether there was one.
        is_in_time: whether a request in this permit may still leave.
        renew: waits for another permit in place of one that expired while the request got ready.
    """

    http: httpx.Client
    base_url: str
    token: Callable[[], str]
    renew_token: Callable[[], bool] = lambda: False
    is_in_time: Callable[[Permit], bool] = lambda _: True
    renew: Callable[[Permit], Permit] = _lost

    def make_ready(self) -> None:
        """Fetch the token now, so that nothing slow stands between taking a permit and its request.

        Raises:
            StoreUnavailable: Secrets Manager does not answer.
        """
        self.token()

    def create(self, permit: Permit, body: bytes) -> Posted:
        """`POST /import?select=id` with exactly this body; no answer or timeout raises.

        Raises:
            PermitTooFar: the permit was lost before the request could leave; nothing was sent.
        """
        try:
            response = self._send(
                permit,
                self.http.build_request(
                    "POST",
                    f"{self.base_url}/import",
                    params={"select": "id"},
                    content=body,
                    headers={**self._authorization(), "Content-Type": "application/json"},
                ),
            )
        except httpx.HTTPError as error:
            return Posted(of_exception(error), message=type(error).__name__)
        except CredentialsRefused as error:
            return Posted(PostResult.CREDENTIALS, message=error.detail)
        return _posted(response)

    def poll(self, permit: Permit, import_ids: Sequence[str]) -> dict[str, ImportStatus]:
        """Ask for up to 50 imports in one call; absent ones are absent from the answer.

        Raises:
            MateoUnavailable: no usable answer.
            CredentialsRefused: token or address are wrong.
            PermitTooFar: the permit was lost before the request could leave.
        """
        listed = ",".join(import_ids[:POLL_PAGE])
        rows = self._list(permit, {"id": f"in.({listed})", "select": _POLL_COLUMNS})
        return {row.id: row for row in rows}

    def result(self, permit: Permit, import_id: str) -> ImportStatus | None:
        """All that Mateo tells about an import; errors as in `poll`.

        No `select`: the column `failed` is documented in the guide only, and naming a column that
        does not exist is an error.
        """
        rows = self._list(permit, {"id": f"eq.{import_id}"})
        return rows[0] if rows else None

    def find_by_reference(self, permit: Permit, reference: str) -> list[ImportStatus]:
        """Imports that carry this reference id, oldest first; errors as in `poll`."""
        return self._list(
            permit,
            {
                "reference_id": f"eq.{reference}",
                "select": _LOOKUP_COLUMNS,
                "order": "created_at.asc",
            },
        )

    def find_by_window(
        self, permit: Permit, type_: str, *, earliest: float, latest: float
    ) -> list[ImportStatus]:
        """Imports of a type created between two times (s since the epoch), oldest first.

        At most 50; errors as in `poll`.
        """
        return self._list(
            permit,
            httpx.QueryParams(  # a name that occurs twice is joined by AND
                [
                    ("type", f"eq.{type_}"),
                    ("created_at", f"gte.{_iso(earliest)}"),
                    ("created_at", f"lte.{_iso(latest)}"),
                    ("select", _LOOKUP_COLUMNS),
                    ("order", "created_at.asc"),
                ]
            ),
        )

    def download(self, url: str, acquire_permit: Callable[[], Permit]) -> bytes | None:
        """A file that Mateo points to, or None when it cannot be had.

        Only https, or the API's own scheme. The token goes to the API's own origin alone, and only
        a request to it takes a permit (which may raise as `Permits.acquire` does). No redirects, at
        most `MAX_FAILURES_B` bytes and `MAX_DOWNLOAD_S`.
        """
        try:
            if url.startswith("/") and not url.startswith("//"):  # a path on the API's own host
                url = urljoin(self.base_url, url)
            if urlsplit(url).scheme not in ("https", urlsplit(self.base_url).scheme):
                return None
            own = _origin(url) == _origin(self.base_url)
            headers = self._authorization() if own else {}
            extensions = self._departing_in(acquire_permit()) if own else {}
            with self.http.stream("GET", url, headers=headers, extensions=extensions) as response:
                if response.status_code != httpx.codes.OK:
                    return None
                give_up_at = time.monotonic() + MAX_DOWNLOAD_S
                return read_body(
                    response, most=MAX_FAILURES_B, is_late=lambda: time.monotonic() > give_up_at
                )
        except (Unbounded, httpx.HTTPError, httpx.InvalidURL, ValueError):  # the last: of urlsplit
            return None

    def _list(
        self, permit: Permit, params: Mapping[str, str] | httpx.QueryParams
    ) -> list[ImportStatus]:
        try:
            response = self._send(
                permit,
                self.http.build_request(
                    "GET", f"{self.base_url}/import", params=params, headers=self._authorization()
                ),
            )
        except httpx.HTTPError as error:
            raise MateoUnavailable(type(error).__name__) from error
        if response.status_code in (401, 403, 404):
            raise CredentialsRefused(f"GET /import answered {response.status_code}")
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise MateoUnavailable("429", retry_after_s=_retry_after(response))
        if response.status_code not in (200, 206):
            raise MateoUnavailable(f"GET /import answered {response.status_code}")
        try:
            rows = response.json()
            if isinstance(rows, list):  # `{}` would look like nothing, and nothing is posted again
                return [ImportStatus.model_validate(row) for row in rows]
        except (ValueError, ValidationError) as error:
            raise MateoUnavailable("GET /import answered something else") from error
        raise MateoUnavailable("GET /import answered no list")

    def _send(self, permit: Permit, request: httpx.Request) -> HttpAnswer:
        """The answer; of one that is too large, too slow or packed strangely only the status."""
        request.extensions = {**request.extensions, **self._departing_in(permit)}
        with closing(self.http.send(request, stream=True)) as answer:
            give_up_at = time.monotonic() + MAX_ANSWER_S
            try:
                body = read_body(
                    answer, most=MAX_MATEO_ANSWER_B, is_late=lambda: time.monotonic() > give_up_at
                )
            except Unbounded:
                body = _UNREAD
        return HttpAnswer(answer.status_code, answer.headers, body)

    def _departing_in(self, permit: Permit) -> Extensions:
        if not self.is_in_time(permit):
            raise PermitTooFar
        return departing_in(permit, is_in_time=self.is_in_time, renew=self.renew)

    def _authorization(self) -> dict[str, str]:
        token = self.token()
        if not (token and token.isascii() and token.isprintable()):
            raise CredentialsRefused("the token secret holds no token")
        return {"Authorization": f"Bearer {token}"}


def http_client() -> httpx.Client:
    """The HTTP client that `ImportApi` needs: a new connection per call, no redirects."""
    return httpx.Client(
        timeout=httpx.Timeout(REQUEST_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        # A connection that died while the function was frozen would make a POST's outcome unknown.
        limits=httpx.Limits(max_keepalive_connections=0),
        headers=REQUEST_HEADERS,
        follow_redirects=False,
        trust_env=False,
    )


def _posted(response: HttpAnswer) -> Posted:
    body = _json_of(response)
    content = _json_object(body)
    import_id = content.get("id")
    known = import_id if isinstance(import_id, str) and import_id else None
    message, code = str(content.get("message") or "")[:500], str(content.get("code") or "")[:50]
    outcome = of_status(
        response.status_code,
        known,
        is_page=body is _PAGE,
        is_about_rows=is_about_rows(code, message),
    )
    return Posted(
        outcome,
        import_id=known or "",
        status=response.status_code,
        message=message,
        retry_after_s=_retry_after(response),
        code=code,
        names_reference_id=b"reference_id" in response.content,
    )


def _json_of(response: HttpAnswer) -> object:
    """The content of an answer, None if it is empty, or `_PAGE` if it is no JSON."""
    if "html" in response.headers.get("content-type", "").lower():
        return _PAGE
    try:
        return response.json() if response.content.strip() else None
    except ValueError:
        return _PAGE


def _json_object(content: object) -> Mapping[str, object]:
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    return content if isinstance(content, dict) else {}


def _retry_after(response: HttpAnswer) -> float | None:
    """Seconds to wait, from `retry-after`, else from `ratelimit-reset`."""
    for name in ("retry-after", "ratelimit-reset"):
        text = response.headers.get(name, "")
        try:
            seconds = float(text)
        except ValueError:
            continue
        if 0 <= seconds < 8 * 86_400:
            return seconds
    return None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat().replace("+00:00", "Z")
