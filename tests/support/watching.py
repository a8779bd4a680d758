"""The watchdog of a test's relay."""

from collections.abc import Collection
from typing import Any

from import_relay.domain.lanes import Lane
from import_relay.storage.erasure_demands import PendingErasures
from import_relay.storage.held_lanes import HeldLanes
from import_relay.storage.named_rates import NamedRates
from import_relay.storage.notifications import Notifications
from import_relay.storage.open_imports import OpenImports
from import_relay.storage.overdue_pause import OverduePause
from import_relay.storage.queue import Queue
from import_relay.storage.queue_switch import QueueMapping
from import_relay.watch.connection_rates import RateLimits
from import_relay.watch.rate_mails import RateMails
from import_relay.watch.watchdog import Watchdog, WatchdogParts, WatchdogReport
from tests.support.aws import BUCKET, LEDGER, MAPPINGS, client
from tests.support.relay import Relay

LIMITS = RateLimits(5.0, 50.0)
QUARTER_S = 900.0


def pause_of(relay: Relay, lambda_: Any = None) -> OverduePause:
    lambda_ = lambda_ or relay.lambda_
    mappings = [QueueMapping(lambda_, one) for one in MAPPINGS]
    return OverduePause(
        relay.aws.dynamodb, LEDGER, mappings, clock=relay.clock, sleep=relay.clock.sleep
    )


def rate_mails_of(relay: Relay, topic: str = "") -> RateMails:
    named = NamedRates(relay.aws.dynamodb, LEDGER, clock=relay.clock)
    return RateMails(named, Notifications(client("sns"), topic), "relay")


def watchdog_of(
    relay: Relay, *, connections: Collection[str] = ("erp",), **replaced: Any
) -> Watchdog:
    """The use case; single parts may be replaced by name."""
    parts: dict[str, Any] = {
        "rate_mails": rate_mails_of(relay),
        "pause": pause_of(relay),
        "open_imports": OpenImports(relay.aws.dynamodb, LEDGER, sleep=relay.clock.sleep),
        "executions": relay.executions,
        "outcome_counts": relay.outcome_counts,
        "connections": lambda: connections,
        "erasures": PendingErasures(relay.aws.s3, BUCKET),
        "held_lanes": HeldLanes(
            relay.aws.dynamodb,
            LEDGER,
            {
                Lane.LIVE: Queue(relay.aws.sqs, relay.aws.queue_url),
                Lane.BULK: Queue(relay.aws.sqs, relay.aws.bulk_queue_url),
            },
            sleep=relay.clock.sleep,
        ),
    }
    return Watchdog(
        WatchdogParts(**{**parts, **replaced}),
        LIMITS,
        relay.limits.day,
        clock=relay.clock,
        emit=relay.emit,
    )


def watch(relay: Relay, **replaced: Any) -> WatchdogReport:
    """One run."""
    return watchdog_of(relay, **replaced).run()


def running(relay: Relay) -> list[str]:
    """Names of the executions that run."""
    listed = client("stepfunctions").list_executions(
        stateMachineArn=relay.aws.state_machine_arn, statusFilter="RUNNING"
    )
    return sorted(one["name"] for one in listed["executions"])


def stop(relay: Relay, name: str) -> None:
    """End an execution from outside."""
    stepfunctions = client("stepfunctions")
    listed = stepfunctions.list_executions(stateMachineArn=relay.aws.state_machine_arn)
    (arn,) = [one["executionArn"] for one in listed["executions"] if one["name"] == name]
    stepfunctions.stop_execution(executionArn=arn)
