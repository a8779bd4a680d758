"""Permits of several callers of one table."""

from typing import Any
from zoneinfo import ZoneInfo

from import_relay.storage.pacing import Permits
from import_relay.storage.quota import Limits, Quota, Usage
from tests.integration.storage.true_time import Wrong
from tests.support.aws import LEDGER, Aws
from tests.support.builders import NOON
from tests.support.relay import Clock

FAR = NOON + 1_000_000


def limits(*, rate: float = 2.0, requests: int = 10_000) -> Limits:
    return Limits(rate, requests, 25_000, ZoneInfo("UTC"))


def permits(
    client: Any, clock: Clock | Wrong, of: Limits | None = None, *, sleep: Any = None
) -> Permits:
    times: Any = {"clock": clock, "sleep": sleep or clock.sleep}
    return Permits(client, LEDGER, Quota(client, LEDGER, of or limits(), **times), **times)


def used(aws: Aws, clock: Clock) -> Usage:
    return Quota(aws.dynamodb, LEDGER, limits(), clock=clock).usage()
