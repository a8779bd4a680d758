"""A request that fails: its status, PostgREST's or PostgreSQL's code, and what to say.

Raised while a request is read or answered; `gateway` and `application` make the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import JSONResponse


class ApiError(Exception):
    """A request that is answered with the documented body ``{code, message, hint, status}``."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The answer for this error, with "?" for what no answer can carry."""
        # the query language raises these errors and knows nothing of the server
        from starlette.responses import JSONResponse

        message = self.message.encode(errors="replace").decode()
        return JSONResponse(
            {"code": self.code, "message": message, "hint": self.hint, "status": self.status},
            status_code=self.status,
            headers=self.headers,
        )


def too_deep() -> ApiError:
    """400 ``54001``: JSON that is stored but nested too deep for what is asked of it."""
    return ApiError(400, "54001", "stack depth limit exceeded")


def statement_timeout() -> ApiError:
    """The answer to a request that took too long: PostgreSQL's ``57014``, as PostgREST maps it."""
    return ApiError(500, "57014", "canceling statement due to statement timeout")
