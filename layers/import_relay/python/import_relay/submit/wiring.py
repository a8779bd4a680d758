"""Puts submission together: settings and stores in, `Submission` out. Called by its handler."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from import_relay.domain.connections import load_connections
from import_relay.domain.lanes import Lane
from import_relay.domain.log_events import Emit
from import_relay.storage.batch_state import BatchStates
from import_relay.storage.connection_secrets import ConnectionSecrets
from import_relay.storage.connection_waits import ConnectionWaits
from import_relay.storage.executions import Executions
from import_relay.storage.held import HeldStates
from import_relay.storage.lease import Lease
from import_relay.storage.refusals import RefusedConnections
from import_relay.storage.trials import Trials
from import_relay.storage.watermarks import Watermarks
from import_relay.submit.batch_run import SubmissionParts
from import_relay.submit.changes import Mapper
from import_relay.submit.fetching import Fetching, crm_client
from import_relay.submit.posting import PostingParts, Tools
from import_relay.submit.settings import SubmitSettings
from import_relay.submit.submission import Submission
from import_relay.wiring.stores import Stores


def build_submission(settings: SubmitSettings, stores: Stores, *, emit: Emit) -> Submission:
    """The use case.

    Raises:
        ConfigurationError: connections.toml cannot be read at all.
    """
    tools = Tools(
        clock=stores.clock,
        sleep=stores.sleep,
        new_reference=_new_references(stores.clock),
        emit=emit,
        send_reference_id=settings.send_reference_id,
    )
    return Submission(_parts(settings, stores, emit), tools, settings.rows_per_import)


def _parts(settings: SubmitSettings, stores: Stores, emit: Emit) -> SubmissionParts:
    clock, table = stores.clock, settings.ledger_table
    connections = load_connections(settings.connections_file)
    return SubmissionParts(
        mapper=Mapper(connections),
        fetching=Fetching(
            connections,
            ConnectionSecrets(stores.secretsmanager, settings.crm_tokens_arn),
            crm_client(),
            clock=clock,
            sleep=stores.sleep,
            emit=emit,
        ),
        states=BatchStates(
            stores.dynamodb, table, stores.quota.limits, clock=clock, sleep=stores.sleep
        ),
        lease=Lease(stores.dynamodb, table, clock=clock),
        queue=stores.requeueing(settings, emit),
        held=stores.requeueing_to(settings.held_queue_url, settings, emit),
        bulk_queue=stores.requeueing(settings, emit, Lane.BULK),
        held_states=HeldStates(stores.dynamodb, table, clock=clock),
        bulk_held=stores.requeueing_to(settings.bulk_held_queue_url, settings, emit),
        outcome_counts=stores.outcome_counts,
        trials=Trials(stores.dynamodb, table, clock=clock),
        refused=RefusedConnections(stores.dynamodb, table, clock=clock),
        waits=ConnectionWaits(stores.dynamodb, table, clock=clock),
        posting=_posting(settings, stores),
    )


def _posting(settings: SubmitSettings, stores: Stores) -> PostingParts:
    table, clock = settings.watermarks_table, stores.clock
    return PostingParts(
        permits=stores.permits,
        ledger=stores.ledger,
        watermarks=Watermarks(stores.dynamodb, table, clock=clock),
        archive=stores.archive,
        executions=Executions(stores.client("stepfunctions"), settings.state_machine_arn),
        pause=stores.pause(settings),
        bulk_pause=stores.pause(settings, bulk_only=True),
        api=stores.api,
    )


def _new_references(clock: Callable[[], float]) -> Callable[[str], str]:
    def new_reference(type_: str) -> str:
        """Sorts by time and says what it is; Step Functions allows 80 such characters."""
        noun = type_.removesuffix("_details")
        return f"{datetime.fromtimestamp(clock(), UTC):%Y%m%dT%H%M%S}-{noun}-{secrets.token_hex(6)}"

    return new_reference
