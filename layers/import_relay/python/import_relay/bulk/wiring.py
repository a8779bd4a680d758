"""Puts the import of files together: settings in, `FileImporting` out. Called by its handler."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import boto3

from import_relay.bulk.bulk_day import bulk_day
from import_relay.bulk.feeding import Feeding, FeedingParts
from import_relay.bulk.file_reports import FileReports
from import_relay.bulk.importing_files import FileImporting, FileParts
from import_relay.bulk.reading import PAGE_ROWS, Reading
from import_relay.bulk.replay_feeding import ReplayFeeding
from import_relay.bulk.replay_wiring import Names, build_replaying
from import_relay.bulk.settings import FileSettings
from import_relay.connectors.usable_connections import mistakes_of, why_disabled
from import_relay.domain.connections import Connection, load_connections
from import_relay.domain.log_events import Emit
from import_relay.storage.archive import Archive
from import_relay.storage.connection_waits import ConnectionWaits
from import_relay.storage.feeder import Feeder
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import Files
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.queue import Queue
from import_relay.storage.quota import day_of
from import_relay.storage.requeueing import Requeueing
from import_relay.wiring.stores import CONFIG


def build_file_importing(
    settings: FileSettings,
    *,
    emit: Emit,
    clock: Callable[[], float] = time.time,
    client: Callable[[str], Any] | None = None,
    page_rows: int = PAGE_ROWS,
) -> FileImporting:
    """The use case. `client` gives a boto3 client of a service; pages of a stack keep their size.

    Raises:
        ConfigurationError: connections.toml cannot be read at all.
    """
    session = boto3.session.Session()
    client = client or (lambda service: session.client(service, config=CONFIG))  # type: ignore[call-overload]
    dynamodb, sqs, s3 = client("dynamodb"), client("sqs"), client("s3")
    day = partial(day_of, ZoneInfo(settings.limit_time_zone))
    outcome_counts = OutcomeCounts(dynamodb, settings.ledger_table, day, clock=clock)
    files = Files(dynamodb, settings.ledger_table, outcome_counts, clock=clock)
    objects = FileObjects(s3, settings.bucket_name)
    queues = (Queue(sqs, url) for url in (settings.bulk_queue_url, settings.dead_letter_queue_url))
    feeding = FeedingParts(
        files,
        objects,
        Requeueing(*queues, clock=clock, emit=emit),
        Archive(s3, settings.bucket_name),
        outcome_counts,
    )
    connections = load_connections(settings.connections_file)
    a_day = bulk_day(settings.entities_per_day, settings.bulk_share_percent, connections)
    replaying = build_replaying(client, _names(settings, day), emit=emit, clock=clock)
    parts = FileParts(
        connections=connections,
        disabled=_disabled(connections),
        files=files,
        objects=objects,
        feeder=Feeder(dynamodb, settings.ledger_table, clock=clock),
        reading=Reading(files, objects, clock, a_day, page_rows),
        feeding=Feeding(feeding, a_day, day, clock, page_rows),
        replays=ReplayFeeding(replaying, a_day, clock, emit),
        reports=FileReports(objects, outcome_counts, clock),
        waits=ConnectionWaits(dynamodb, settings.ledger_table, clock=clock),
    )
    return FileImporting(parts, clock, emit)


def _names(settings: FileSettings, day: Callable[[float], str]) -> Names:
    """What a replay has to know of the stack."""
    return Names(
        settings.ledger_table,
        settings.bucket_name,
        settings.bulk_queue_url,
        settings.dead_letter_queue_url,
        day,
    )


def _disabled(connections: Mapping[str, Connection]) -> dict[str, Mapping[str, str]]:
    """Connection with a mistake → what the log says of it."""
    return {
        name: why_disabled(connections[name], found)
        for name, found in mistakes_of(connections).items()
        if found
    }
