"""The ERP's contacts as a file of rows in the inbox, as `run` follows it."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from import_relay.domain.files import file_id
from import_relay.storage.files import Files, RowFile
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.quota import day_of
from local.demo.balance import objects
from local.stack.services import StackError
from local.stack.stack import RunningStack

FILE = "inbox/json/customers.ndjson.gz"
FILE_PERIOD_S = 300
"""How often the relay looks whether a file's last row has its outcome."""
FULL_IMPORT_ROWS = 5_000
"""What Mateo takes in one import."""
HOLDING_QUEUE = "BulkHeldQueue"
"""Logical id of the queue in which the bulk lane holds rows for a fuller import."""
MAX_WAKES = 1
"""Messages of the bulk lane that may be without rows, as they only wake it."""


class ErpFile:
    """One file of a stack that is up. `patience_s`: how long each wait takes at most."""

    def __init__(self, stack: RunningStack, patience_s: float) -> None:
        self._stack = stack
        self._patience_s = patience_s
        self._id = ""
        clock = stack.clock.time
        dynamodb, table = stack.client("dynamodb"), stack.outputs["LedgerTableName"]
        counts = OutcomeCounts(dynamodb, table, partial(day_of, ZoneInfo("UTC")), clock=clock)
        self._files = Files(dynamodb, table, counts, clock=clock)

    def upload(self, content: bytes) -> None:
        """Put it into the inbox."""
        s3, bucket = self._stack.client("s3"), self._stack.outputs["BucketName"]
        answer = s3.put_object(Bucket=bucket, Key=FILE, Body=content)
        self._id = file_id(FILE, answer["ETag"].strip('"'))

    def wait_until_queued(self) -> RowFile:
        """The file, once as many of its rows are queued as may be."""

        def queued() -> list[RowFile]:
            fed = [one for one in self._noted() if one.fed]
            return [] if self._stack.busy("ImportFiles") else fed

        (file,) = self._stack.wait_until(queued, "the file's rows to be queued", self._patience_s)
        return file

    def is_queued(self) -> bool:
        """Whether all of its rows were queued."""
        return all(one.fed == one.rows for one in self._noted())

    def waits_for_next_day(self) -> bool:
        """Whether rows of it wait, and today's share has no room for a full import."""
        if self.is_queued() and self._waiting() <= MAX_WAKES:
            return False
        if self._stack.template is None:
            raise StackError("the stack was not started")
        share = int(str(self._stack.template.parameters["BulkShare"])) / 100
        state = self._stack.mateo("GET", "state")
        left = state["limits"]["entities_per_day"] * share - state["usage"]["entities"]
        return bool(left < FULL_IMPORT_ROWS)

    def _waiting(self) -> int:
        """Messages of the bulk lane, those included that it holds."""
        held = self._stack.count_messages(self._stack.provisioned.resources[HOLDING_QUEUE]["Ref"])
        return sum(self._stack.queue_counts("BulkQueueUrl").values()) + sum(held.values())

    def wait_for_report(self) -> None:
        """Move time on until it is reported, unless it is."""

        def report() -> list[tuple[str, bytes]]:
            return [*objects(self._stack, "files/")]

        if not report():
            self._stack.advance_clock(FILE_PERIOD_S)
            self._stack.wait_until(report, "the file's report")

    def _noted(self) -> list[RowFile]:
        return [*self._files.known([self._id] if self._id else []).values()]
