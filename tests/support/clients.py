"""AWS clients in front of moto's that behave as a service can: atomic, slow, or partly failing."""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


class Atomic:
    """A client for many threads: each call happens as a whole, as it does in DynamoDB."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            with self._lock:
                return method(**arguments)

        return call


class Overruling:
    """A client of which single methods are replaced; they are given the real one first."""

    def __init__(self, client: Any, **methods: Callable[..., Any]) -> None:
        self._client = client
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name not in self._methods:
            return real
        return lambda **arguments: self._methods[name](real, **arguments)


class Recording:
    """A client that writes down the name and the arguments of each call, in the given list."""

    def __init__(self, client: Any, calls: list[tuple[str, dict[str, Any]]]) -> None:
        self._client = client
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self._calls.append((name, arguments))
            return method(**arguments)

        return call


def client_error(code: str, *, reasons: list[str] | None = None) -> ClientError:
    """An error of a service; `reasons` are those of a cancelled transaction."""
    response: Any = {"Error": {"Code": code, "Message": "no"}}
    if reasons is not None:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "Anything")


def in_threads(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make the calls at the same time; their results, or what they raised."""
    results: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = calls[number]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
