"""Puts the daily report together: settings in, `DailyReporting` out. Called by its handler."""

import time
from zoneinfo import ZoneInfo

import boto3
from botocore.config import Config

from import_relay.domain.connections import load_connections
from import_relay.domain.log_events import Emit
from import_relay.report.daily.settings import DailySettings
from import_relay.report.daily.writing import DailyOptions, DailyParts, DailyReporting
from import_relay.storage.archive import Archive
from import_relay.storage.bucket_reads import READERS, Bucket
from import_relay.storage.notifications import Notifications
from import_relay.storage.quota import Usage, day_key, usage_of
from import_relay.storage.received_counts import ReceivedCounts
from import_relay.telemetry.outcome_log import NAMESPACE, SERVICE
from import_relay.wiring.stores import CONFIG


def build_daily_reporting(settings: DailySettings, *, emit: Emit) -> DailyReporting:
    """The use case."""
    session = boto3.session.Session()
    s3 = session.client("s3", config=CONFIG.merge(Config(max_pool_connections=READERS)))
    dynamodb = session.client("dynamodb", config=CONFIG)

    def usage(day: str) -> Usage:
        answer = dynamodb.get_item(TableName=settings.ledger_table, Key=day_key(day))
        return usage_of(day, answer.get("Item", {}))

    parts = DailyParts(
        bucket=Bucket(s3, settings.bucket_name),
        archive=Archive(s3, settings.bucket_name),
        received=ReceivedCounts(session.client("cloudwatch", config=CONFIG), NAMESPACE, SERVICE),
        usage=usage,
        notifications=Notifications(session.client("sns", config=CONFIG), settings.alarm_topic_arn),
        connections=lambda: load_connections(settings.connections_file).keys(),
    )
    options = DailyOptions(
        stack=SERVICE,
        region=s3.meta.region_name,
        zone=ZoneInfo(settings.limit_time_zone),
        requests_per_day=settings.requests_per_day,
        entities_per_day=settings.entities_per_day,
    )
    return DailyReporting(parts, options, clock=time.time, emit=emit)
