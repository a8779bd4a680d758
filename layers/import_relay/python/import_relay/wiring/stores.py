"""The stores and Mateo's client, made out of settings: what submit, track and report share.

Nothing is made at import: each handler's cached factory makes one `Stores`, and the stage's own
`wiring` puts its use case together with it.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.config import Config

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.lanes import Lane
from import_relay.domain.log_events import Emit
from import_relay.domain.reasons import reason_of
from import_relay.mateo.client import ImportApi, http_client
from import_relay.storage.archive import Archive
from import_relay.storage.intake_store import USER_AGENT
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.pacing import Permits
from import_relay.storage.pause import Pause, PauseClients, PauseNames
from import_relay.storage.queue import Queue
from import_relay.storage.quota import Limits, Quota
from import_relay.storage.requeueing import Requeueing
from import_relay.wiring.settings import MateoSettings, PauseSettings, QueueSettings

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient

TOKEN_KEPT_S = 300
"""How long a token is used before Secrets Manager is asked again; a refused one is at once."""
CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=16,
    user_agent=USER_AGENT,
)
"""A call that hangs must not outlast what it is needed for: leases and pauses have times."""


class Token:
    """Mateo's token from Secrets Manager, cached; never logged."""

    def __init__(self, arn: str, provider: SecretsProvider) -> None:
        self._arn = arn
        self._provider = provider

    def __call__(self) -> str:
        """The token, at most `TOKEN_KEPT_S` old.

        Raises:
            StoreUnavailable: Secrets Manager does not answer.
        """
        return self._read(force=False)

    def refresh(self) -> bool:
        """Ask Secrets Manager again, since Mateo refused what is cached; whether it is newer."""
        refused = self()
        return self._read(force=True) != refused

    def _read(self, *, force: bool) -> str:
        try:
            text = self._provider.get(self._arn, max_age=TOKEN_KEPT_S, force_fetch=force)
        except GetParameterError as error:
            reason = f"Secrets Manager did not give the token: {reason_of(error)}"
            raise StoreUnavailable(reason) from error
        return str(text).strip()


class LazyClient:
    """A client that is made with its first call: most processes never pause anything."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _client(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class Stores:
    """The shared parts of one function process, each made when it is first needed."""

    def __init__(
        self,
        settings: MateoSettings,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self.clock = clock
        self.sleep = sleep
        self._session = boto3.session.Session()

    def client(self, service: Any) -> Any:
        """A new client of an AWS service. Untyped: the callers name the type."""
        return self._session.client(service, config=CONFIG)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The DynamoDB client."""
        client: DynamoDBClient = self.client("dynamodb")
        return client

    @cached_property
    def s3(self) -> "S3Client":
        """The S3 client."""
        client: S3Client = self.client("s3")
        return client

    @cached_property
    def secretsmanager(self) -> "SecretsManagerClient":
        """The Secrets Manager client."""
        client: SecretsManagerClient = self.client("secretsmanager")
        return client

    @cached_property
    def quota(self) -> Quota:
        """The daily quota."""
        limits = Limits(
            self._settings.requests_per_second,
            self._settings.requests_per_day,
            self._settings.entities_per_day,
            ZoneInfo(self._settings.limit_time_zone),
            self._settings.bulk_share_percent / 100,
        )
        table = self._settings.ledger_table
        return Quota(self.dynamodb, table, limits, clock=self.clock, sleep=self.sleep)

    @cached_property
    def permits(self) -> Permits:
        """The permits for requests to Mateo."""
        table = self._settings.ledger_table
        return Permits(self.dynamodb, table, self.quota, clock=self.clock, sleep=self.sleep)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of imports."""
        table = self._settings.ledger_table
        return Ledger(self.dynamodb, table, self.quota, self.outcome_counts, clock=self.clock)

    @cached_property
    def outcome_counts(self) -> OutcomeCounts:
        """How records ended, by day."""
        day = self.quota.limits.day
        return OutcomeCounts(self.dynamodb, self._settings.ledger_table, day, clock=self.clock)

    @cached_property
    def archive(self) -> Archive:
        """The bucket."""
        return Archive(self.s3, self._settings.bucket_name)

    @cached_property
    def token(self) -> Token:
        """Mateo's token."""
        return Token(
            self._settings.mateo_token_arn, SecretsProvider(boto3_client=self.secretsmanager)
        )

    @cached_property
    def api(self) -> ImportApi:
        """Mateo's Import API."""
        return ImportApi(
            http_client(),
            self._settings.mateo_base_url,
            self.token,
            renew_token=self.token.refresh,
            is_in_time=self.permits.is_in_time,
            renew=self.permits.renew,
        )

    @cached_property
    def sqs(self) -> "SQSClient":
        """The SQS client."""
        client: SQSClient = self.client("sqs")
        return client

    def requeueing(self, settings: QueueSettings, emit: Emit, lane: Lane = Lane.LIVE) -> Requeueing:
        """Requeues into the queue of a lane, for thirteen days."""
        own = settings.bulk_queue_url if lane is Lane.BULK else settings.queue_url
        return self.requeueing_to(own, settings, emit)

    def requeueing_to(self, url: str, settings: QueueSettings, emit: Emit) -> Requeueing:
        """Requeues into one of the queues, for thirteen days."""
        queue, dead_letters = (
            Queue(self.sqs, one, sleep=self.sleep) for one in (url, settings.dead_letter_queue_url)
        )
        return Requeueing(queue, dead_letters, clock=self.clock, emit=emit)

    def pause(self, settings: PauseSettings, *, bulk_only: bool = False) -> Pause:
        """The pause of submission, or that of the bulk lane alone."""
        names = PauseNames(
            table=self._settings.ledger_table,
            mappings_parameter=settings.event_source_mappings_parameter,
            schedule_group=settings.pause_schedule_group,
            schedule_role_arn=settings.pause_schedule_role_arn,
        )
        return Pause(self._pause_clients, names, clock=self.clock, bulk_only=bulk_only)

    @cached_property
    def _pause_clients(self) -> PauseClients:
        lambda_, scheduler, ssm = map(self._lazy_client, ("lambda", "scheduler", "ssm"))
        return PauseClients(self.dynamodb, lambda_=lambda_, scheduler=scheduler, ssm=ssm)

    def _lazy_client(self, service: str) -> Any:
        return LazyClient(lambda: self.client(service))
