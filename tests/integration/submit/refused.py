"""Batches of which Mateo refuses rows."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from tests.support.builders import message
from tests.support.relay import Relay

SCHEMA = {
    "code": "PGRST204",
    "message": "Could not find the 'shoe_size' column of 'contact' in the schema cache",
}


def people(numbers: Sequence[int], connection: str = "erp", delivery: str = "d1") -> str:
    items = [{"id": n, "v": 1, "name": f"P{n}"} for n in numbers]
    return message(items, connection=connection, delivery=delivery)


def refusing(*bad: str, status: int = 400) -> Callable[[httpx.Request], httpx.Response]:
    """Mateo refuses every import with a row of these external ids; without ids, every import."""

    def answer(request: httpx.Request) -> httpx.Response:
        rows = json.loads(request.content)["payload"]
        if not bad or any(row["external_id"] in bad for row in rows):
            return httpx.Response(status, json=SCHEMA)
        return httpx.Response(201, json={"id": f"import-of-{rows[0]['external_id']}"})

    return answer


def answer(relay: Relay, *answers: Any) -> None:
    """Mateo gives these answers from now on, then accepts everything."""
    relay.mateo.answers.clear()
    relay.mateo.answers.extend(answers)


def rejected(relay: Relay) -> dict[str, str]:
    """Item id → code of each rejected item."""
    return {line["item_id"]: line["code"] for line in relay.aws.lines("rejected/")}
