"""What an answer to `POST /import` means for its rows: the one table that decides it.

Sources: Mateo's error table (docs.getmateo.com/introduction), its limits page, PostgREST's codes.
Whatever is not in the table is *unknown*: it is kept and looked up, never dropped.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import httpx


class PostResult(StrEnum):
    """What became of an import that was posted, and who acts on it."""

    SENT = "sent"
    """Created; tracking follows it."""
    ACCEPTED = "accepted"
    """Created, but its id is not known: tracking looks it up."""
    UNKNOWN = "unknown"
    """Created or not: tracking looks it up."""
    NOT_SENT = "not_sent"
    """No connection was made, so nothing was created: requeue the records."""
    REFUSED = "refused"
    """Not created because of some row: bisect and try again."""
    REFUSED_WHOLE = "refused_whole"
    """Not created for a reason that all rows share: report them."""
    CREDENTIALS = "credentials"
    """Not created; token or address are wrong: pause submission, alarm."""
    RATE_LIMITED = "rate_limited"
    """Not created; to be requeued later."""


BY_STATUS: Mapping[int, PostResult] = MappingProxyType(
    {
        400: PostResult.REFUSED,
        401: PostResult.CREDENTIALS,
        403: PostResult.CREDENTIALS,
        404: PostResult.CREDENTIALS,
        405: PostResult.CREDENTIALS,
        409: PostResult.REFUSED_WHOLE,  # unknown contact list: a foreign key that all rows share
        413: PostResult.REFUSED,
        422: PostResult.REFUSED,
        429: PostResult.RATE_LIMITED,
    }
)


def is_about_rows(code: str, message: str) -> bool:
    """Whether a 403 is about what the rows name, such as a contact list, and not about the token:
    PostgreSQL's row-level security refuses them.
    """
    return code == "42501" and "row-level security" in message


def of_status(
    status: int, import_id: str | None, *, is_page: bool = False, is_about_rows: bool = False
) -> PostResult:
    """The outcome of an answer. 2xx without an id is a creation whose id is not known.

    `is_page`: the body is nothing that an API sends; somebody on the way may have answered.
    `is_about_rows`: 403 refuses the rows, and not the token.
    """
    if is_about_rows and status == httpx.codes.FORBIDDEN:
        return PostResult.REFUSED_WHOLE
    if status in BY_STATUS:
        return BY_STATUS[status]
    if 300 <= status < 400:
        return PostResult.CREDENTIALS  # the address is wrong; redirects are not followed
    if 200 <= status < 300 and import_id:
        return PostResult.SENT
    if 200 <= status < 300 and not is_page:
        return PostResult.ACCEPTED
    return PostResult.UNKNOWN


def of_exception(error: httpx.HTTPError) -> PostResult:
    """The outcome of a call without an answer: only a connection never made is certain."""
    if isinstance(error, httpx.UnsupportedProtocol):
        return PostResult.CREDENTIALS  # the address is wrong
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return PostResult.NOT_SENT
    return PostResult.UNKNOWN
