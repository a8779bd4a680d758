"""The AWS services of the stack: moto's server, started by `stack` as a process of its own.

    python -m local.child local.aws.moto_process --socket FD --port N --invoke URL

moto keeps all state in memory. Three things are not moto's: functions run in `functions` (each
call is handed to the supervisor at `--invoke`), queues are `queues`, and waits follow a clock
that can be moved; `dynamodb` takes one request at a time. `PUT /_stack/clock` with
`{"offset_s": …}` moves the clock for everything in this process, `DELETE /_stack/long-polls` lets
receives return at once.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import logging
import os
import signal
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Iterable
from types import FrameType, ModuleType
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.dynamodb.models.dynamo_type import Item

from local.aws import dynamodb, executions, queues
from local.aws.wsgi import Application, Environ, StartResponse, moto_application, serve_wsgi
from local.child import MovedClock


class FunctionCalls:
    """Hands calls of Lambda functions to the supervisor's function processes."""

    def __init__(self, url: str) -> None:
        self._url = url

    def invoke(
        self, function: LambdaFunction, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        """Run the function; its error is marked in `response_headers` as Lambda does it."""
        payload = body.encode() if isinstance(body, str) else bytes(body or b"")
        kind = headers.get("X-Amz-Invocation-Type") or "RequestResponse"
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self._url}/{function.function_name}",
            data=payload,
            headers={"Content-Type": "application/json", "X-Amz-Invocation-Type": kind},
            method="POST",
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=executions.MAX_TASK_S) as answer:
            error = answer.headers.get("X-Amz-Function-Error")
            if error:
                response_headers["x-amz-function-error"] = error
            content: bytes = answer.read()
            return content

    def install(self) -> None:
        """Take the place of moto's Lambda, which answers everything with success."""
        default_user_config["lambda"] = {"use_docker": False}
        calls = self

        def invoke(
            backend: LambdaBackend, function_name: str, qualifier: str | None, *rest: Any
        ) -> bytes:
            return calls.invoke(backend.get_function(function_name, qualifier), *rest)

        LambdaSimpleBackend.invoke = invoke  # type: ignore[method-assign,assignment]


def with_admin(application: Application, clock: MovedClock) -> Application:
    """The application with the paths under `/_stack/` that the supervisor uses."""

    def serve_one(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/_stack/"):
            return application(environ, start_response)
        if environ["PATH_INFO"] == "/_stack/clock" and environ["REQUEST_METHOD"] == "PUT":
            clock.move(float(json.loads(environ["wsgi.input"].read())["offset_s"]))
            executions.clock_moved()
        if environ["PATH_INFO"] == "/_stack/long-polls" and environ["REQUEST_METHOD"] == "DELETE":
            queues.LONG_POLLS.end()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"time": time.time()}).encode()]

    return serve_one


def _import_cloudformation() -> None:
    """Import what takes most of the start-up, while the supervisor reads the template.

    It imports the models of all services, among them API Gateway's old REST API with a validator
    of OpenAPI documents. Nothing here needs that one: an empty one saves ten packages.
    """
    content = {
        "validate": lambda *_: None,
        "OpenAPIValidationError": type("OpenAPIValidationError", (Exception,), {}),
    }
    for name in ("openapi_spec_validator", "openapi_spec_validator.validation.exceptions"):
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(content)
    importlib.import_module("moto.cloudformation.parsing")


def _collect_seldom() -> None:
    """Spare the garbage collector what never becomes garbage: modules, and the items of tables.

    By default it would walk through all of them again and again, while every call waits.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _end(_: int, __: FrameType | None) -> None:
    # State is in memory and threads wait inside the interpreter: there is nothing to clean up.
    os._exit(0)


def main() -> None:
    """Serve until the supervisor ends or says so."""
    parser = argparse.ArgumentParser(prog="python -m local.aws.moto_process")
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--invoke", required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    endpoint = f"http://127.0.0.1:{options.port}"
    os.environ["MOTO_PORT"] = str(options.port)
    dynamodb.install_dynamodb()
    queues.install_queues(endpoint)
    executions.install_executions(endpoint)
    FunctionCalls(options.invoke).install()
    # moto remembers every item ever written.
    setattr(Item, "instances_tracked", deque(maxlen=0))  # noqa: B010 - given by a metaclass
    server = serve_wsgi(with_admin(moto_application(), MovedClock()), options.socket)
    _import_cloudformation()
    _collect_seldom()
    server.serve_forever()


if __name__ == "__main__":
    main()
