"""Puts the watchdog together: settings in, `Watchdog` out. Called by its handler."""

import time
from functools import partial
from zoneinfo import ZoneInfo

import boto3

from import_relay.domain.connections import load_connections
from import_relay.domain.lanes import Lane
from import_relay.domain.log_events import Emit
from import_relay.storage.erasure_demands import PendingErasures
from import_relay.storage.executions import Executions
from import_relay.storage.held_lanes import HeldLanes
from import_relay.storage.named_rates import NamedRates
from import_relay.storage.notifications import Notifications
from import_relay.storage.open_imports import OpenImports
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.overdue_pause import OverduePause
from import_relay.storage.queue import Queue
from import_relay.storage.queue_switch import QueueMapping
from import_relay.storage.quota import day_of
from import_relay.telemetry.outcome_log import SERVICE
from import_relay.watch.connection_rates import RateLimits
from import_relay.watch.rate_mails import RateMails
from import_relay.watch.settings import WatchdogSettings
from import_relay.watch.watchdog import Watchdog, WatchdogParts
from import_relay.wiring.stores import CONFIG


def build_watchdog(settings: WatchdogSettings, *, emit: Emit) -> Watchdog:
    """The use case."""
    session = boto3.session.Session()
    dynamodb = session.client("dynamodb", config=CONFIG)
    lambda_ = session.client("lambda", config=CONFIG)
    sqs = session.client("sqs", config=CONFIG)
    day = partial(day_of, ZoneInfo(settings.limit_time_zone))
    parts = WatchdogParts(
        pause=OverduePause(
            dynamodb,
            settings.ledger_table,
            [QueueMapping(lambda_, uuid) for uuid in settings.event_source_mappings.split(",")],
            clock=time.time,
            sleep=time.sleep,
        ),
        open_imports=OpenImports(dynamodb, settings.ledger_table),
        executions=Executions(
            session.client("stepfunctions", config=CONFIG), settings.state_machine_arn
        ),
        outcome_counts=OutcomeCounts(dynamodb, settings.ledger_table, day, clock=time.time),
        erasures=PendingErasures(session.client("s3", config=CONFIG), settings.bucket_name),
        held_lanes=HeldLanes(
            dynamodb,
            settings.ledger_table,
            {
                Lane.LIVE: Queue(sqs, settings.queue_url),
                Lane.BULK: Queue(sqs, settings.bulk_queue_url),
            },
        ),
        connections=lambda: load_connections(settings.connections_file).keys(),
        rate_mails=_rate_mails(session, settings),
    )
    limits = RateLimits(settings.alarm_percent, settings.ignored_alarm_percent)
    return Watchdog(parts, limits, day, clock=time.time, emit=emit)


def _rate_mails(session: boto3.session.Session, settings: WatchdogSettings) -> RateMails:
    named = NamedRates(
        session.client("dynamodb", config=CONFIG), settings.ledger_table, clock=time.time
    )
    sns = session.client("sns", config=CONFIG)
    return RateMails(named, Notifications(sns, settings.alarm_topic_arn), SERVICE)
