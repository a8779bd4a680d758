"""Lets a request leave in its permit only, however long it took to connect.

Far from Mateo, or if DNS is slow, that takes longer than a permit lasts: another one is taken once
the connection is there.
"""

from collections.abc import Callable

from import_relay.domain.errors import PermitTooFar
from import_relay.storage.pacing import Permit

Extensions = dict[str, Callable[[str, object], None]]
"""Of a request of httpx."""


def departing_in(
    permit: Permit, *, is_in_time: Callable[[Permit], bool], renew: Callable[[Permit], Permit]
) -> Extensions:
    """What the request has to carry. It raises `PermitTooFar`, and does not leave, if there is no
    other permit in place of one that expired.
    """

    def guard(event: str, _: object) -> None:
        is_ready = event == "http11.send_request_headers.started"
        if is_ready and not is_in_time(permit) and not is_in_time(renew(permit)):
            raise PermitTooFar

    return {"trace": guard}
