"""What is here, for a person with a terminal; ``/docs`` says it for one with a browser.

`admin` and `documentation` show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

INDEX = """\
A local Import API: POST and GET /api/v1/import, `Authorization: Bearer <token>`.
Everything here is described, and can be tried, at /docs (for programs: /openapi.json).

Look (lists: ?limit= up to 10000, ?offset=, and any column as ?name=value):
  GET    /_sandbox/contacts  /_sandbox/deals  /_sandbox/appointments
  GET    /_sandbox/imports   /_sandbox/imports/{id}   (with payload and failures)
  GET    /_sandbox/requests  ?after=<n>
  GET    /_sandbox/state     limits, today's usage, clock, behaviour, faults, counts
Define (a row may only use what is defined; GET shows, DELETE forgets):
  POST   /_sandbox/contact-lists       external_id, id, name
  POST   /_sandbox/custom-fields       key, type, entity
  POST   /_sandbox/marketing-channels  key
Change (a JSON object with what is to change; the answer shows the result):
  PUT    /_sandbox/clock      one of day, offset_s, advance_s, now
  PUT    /_sandbox/limits     requests_per_second requests_per_day entities_per_day
                              request_timeout_s time_zone
  PUT    /_sandbox/behaviour  see GET /_sandbox/state
  PUT    /_sandbox/token      token
  POST   /_sandbox/faults     one fault or a list of them
  GET    /_sandbox/faults     DELETE /_sandbox/faults
  POST   /_sandbox/reset      delete all data, back to the state of the start
"""


async def index(_: Request) -> Response:
    """What is here, for people."""
    return PlainTextResponse(INDEX)
