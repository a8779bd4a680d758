"""Where the receiver puts what it was sent: the queue, and the bucket for what is too large.

It stops before the function's own time is over: the sender gets a 503 and not a broken answer.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from import_relay.domain.batches import calls
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.reasons import reason_of
from import_relay.domain.retrying import STORE_DELIVERY, tries

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

USER_AGENT = "import-relay"
"""The relay's name in AWS's own logs. botocore would build its long one anew, twice for each call.
"""
STORE_CONNECT_TIMEOUT_S = 1.0
READ_TIMEOUT_S = 1.5
MAX_CALL_S = STORE_CONNECT_TIMEOUT_S + READ_TIMEOUT_S
CLIENT_CONFIG = Config(
    connect_timeout=STORE_CONNECT_TIMEOUT_S,
    read_timeout=READ_TIMEOUT_S,
    retries={"total_max_attempts": 1},
    user_agent=USER_AGENT,
)
"""Of all clients of the receiver: the store alone decides when to try again."""


class IntakeStore:
    """The queue and the bucket, as the receiver sees them.

    The clients are made with `CLIENT_CONFIG`. `s3` is called for its client when something is put:
    most processes never do.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        queue_url: str,
        s3: "Callable[[], S3Client]",
        bucket: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._s3 = s3
        self._bucket = bucket
        self._clock = clock
        self._sleep = sleep

    def send(self, bodies: Sequence[str], *, give_up_at: float) -> None:
        """Put messages into the queue, all of them; `give_up_at` is a time of the clock.

        Raises:
            StoreUnavailable: some were not taken, or there is no time left.
        """
        for call in calls(bodies, str):
            self._send_call(call, give_up_at)

    def put(self, key: str, body: bytes, *, give_up_at: float) -> None:
        """Put a JSON object into the bucket.

        Raises:
            StoreUnavailable: it was not taken, or there is no time left.
        """
        for _ in self._tries(give_up_at):
            try:
                self._s3().put_object(
                    Bucket=self._bucket, Key=key, Body=body, ContentType="application/json"
                )
            except (BotoCoreError, ClientError) as error:
                failure = error
            else:
                return
        raise StoreUnavailable(f"S3: {reason_of(failure)}") from failure

    def _send_call(self, bodies: Sequence[str], give_up_at: float) -> None:
        waiting = {str(number): body for number, body in enumerate(bodies)}
        reason = ""
        for _ in self._tries(give_up_at):
            reason = self._send_once(waiting)
            if not waiting:
                return
        raise StoreUnavailable(f"SQS took all but {len(waiting)} messages: {reason}")

    def _send_once(self, waiting: dict[str, str]) -> str:
        """Send what is waiting and take out what was stored; the reason if something is left."""
        try:
            answer = self._sqs.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[{"Id": id_, "MessageBody": body} for id_, body in waiting.items()],
            )
        except (BotoCoreError, ClientError) as error:
            return reason_of(error)
        for stored in answer.get("Successful", []):
            waiting.pop(stored["Id"], None)
        failed: Sequence[Mapping[str, object]] = answer.get("Failed", [])
        codes = " ".join(sorted({str(failure.get("Code")) for failure in failed}))
        if any(failure.get("SenderFault") for failure in failed):
            raise StoreUnavailable(f"SQS refuses messages: {codes} in SendMessageBatch")
        return f"{codes} in SendMessageBatch"

    def _tries(self, give_up_at: float) -> Iterator[int]:
        self._wait(0.0, give_up_at)
        return tries(STORE_DELIVERY, lambda pause: self._wait(pause, give_up_at))

    def _wait(self, pause: float, give_up_at: float) -> None:
        if self._clock() + pause + MAX_CALL_S > give_up_at:
            raise StoreUnavailable("no time left for another call")
        if pause:
            self._sleep(pause)
