"""X-Ray tracing of a handler, if the template's parameter `Tracing` asks for it.

The X-Ray SDK takes longer to import than the receiver needs to start, even when it is switched off;
so it is not imported then.
"""

import os
from collections.abc import Callable
from typing import Any

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def traced(handler: Handler) -> Handler:
    """The handler within a trace segment; itself unless POWERTOOLS_TRACE_DISABLED is "false".

    Neither answers nor exceptions are recorded: they may hold data.
    """
    if os.environ.get("POWERTOOLS_TRACE_DISABLED", "true").lower() != "false":
        return handler
    from aws_lambda_powertools.tracing import Tracer

    decorate: Callable[[Handler], Handler] = Tracer().capture_lambda_handler(
        capture_response=False, capture_error=False
    )
    return decorate(handler)
