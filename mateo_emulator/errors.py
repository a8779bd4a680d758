"""What goes wrong, as two exceptions: the whole request (`ApiError`) or one row (`RowFailure`).

Raised everywhere in this package; `ApiError` becomes an answer in `gateway` and `application`,
`RowFailure` becomes an entry of an import's ``failed`` list in `worker`.
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


class RowFailure(Exception):
    """One row of an import that cannot be applied; its neighbours are not affected."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def too_deep() -> ApiError:
    """400 ``54001``: JSON that is stored but nested too deep for what is asked of it."""
    return ApiError(400, "54001", "stack depth limit exceeded")


def statement_timeout() -> ApiError:
    """The answer to a request that took too long: PostgreSQL's ``57014``, as PostgREST maps it."""
    return ApiError(500, "57014", "canceling statement due to statement timeout")
