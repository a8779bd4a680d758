"""Notifications of Zoho, and what the connector makes of them."""

from typing import Any

from tests.support.webhooks import NOW

TOKEN = "00000000-0000-4000-8000-000000000001"  # as in events/


def notification(**changes: object) -> dict[str, Any]:
    known: dict[str, object] = {
        "server_time": NOW * 1000,
        "module": "Contacts",
        "operation": "update",
        "ids": ["1001"],
        "channel_id": "55",
        "token": TOKEN,
    }
    return {key: value for key, value in (known | changes).items() if value is not None}
