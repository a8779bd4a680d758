"""What may be said of an error in a log event: where it happened and what AWS called it.

The text of an error that is not the relay's own may hold a part of a payload, so it is never shown.
"""

import re
from collections.abc import Iterator
from types import TracebackType

from botocore.exceptions import ClientError

from import_relay.domain.errors import RelayError

_OWN_CODE = re.compile(r"[/\\](import_relay|functions)[/\\]|[/\\]var[/\\]task[/\\]")
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
"""Error codes and operations are such names; anything else would be a text."""


class Unexpected(Exception):
    """Stands for an error whose own text may hold data; `place_of` is its text."""


def reason_of(error: BaseException) -> str:
    """An error of AWS by its code and operation, one of the relay by its own text, else its type.

    `ClientError: ThrottlingException in PutItem`. An error that only wraps one of AWS is named by
    that as well.
    """
    own = f"{error.code}: {error.detail}" if isinstance(error, RelayError) else type(error).__name__
    refused = next((one for one in _causes(error) if isinstance(one, ClientError)), None)
    if refused is None:
        return own.removesuffix(": ")
    code = _name(refused.response.get("Error", {}).get("Code"))
    named = f"{code} in {_name(refused.operation_name)}"
    return own if named in own else f"{own.removesuffix(': ')}: {named}"


def place_of(error: BaseException) -> str:
    """`ValueError at intake.py:88`: what can be said of an unknown error, and where to look."""
    return f"{reason_of(error)} at {_place(error.__traceback__)}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _name(value: object) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else "unnamed"


def _place(traceback: TracebackType | None) -> str:
    """The innermost line of the relay's own code, or of whatever it was."""
    place, own = "unknown place", ""
    while traceback is not None:
        path = traceback.tb_frame.f_code.co_filename
        place = f"{path.replace(chr(92), '/').rpartition('/')[2]}:{traceback.tb_lineno}"
        own = place if _OWN_CODE.search(path) else own
        traceback = traceback.tb_next
    return own or place
