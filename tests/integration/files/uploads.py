"""A relay whose inbox gets files, and the runs that import them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest
import time_machine

from import_relay.bulk.importing_files import FileImporting, FileRun
from import_relay.bulk.reading import PAGE_ROWS
from import_relay.bulk.settings import FileSettings
from import_relay.bulk.wiring import build_file_importing
from import_relay.domain.lanes import Lane
from import_relay.storage.entries import Entry, State
from import_relay.storage.file_counts import count_by_file
from import_relay.storage.files import Files, RowFile
from tests.integration.files.dying import Process
from tests.support import aws as resources
from tests.support.aws import relay_resources
from tests.support.builders import NOON
from tests.support.relay import Clock, Relay

CONNECTIONS = """
[erp]
kind = "json"
[erp.contact.fields]
external_id = "id"
full_name = "name"
email = "email"
"""


class SlowClock(Clock):
    """Each look at the clock takes a second."""

    def __call__(self) -> float:
        self.now += 1
        return self.now


def failing(*_: object) -> NoReturn:
    """A step at which AWS fails."""
    raise ConnectionError


@dataclass
class Uploads:
    """Uploads files to a relay and imports them. `runs`: numbers of invocations."""

    relay: Relay
    folder: Path
    entities_per_day: int = 25_000
    bulk_share_percent: int = 100
    toml: str = CONNECTIONS
    page_rows: int = PAGE_ROWS
    process: Process = field(default_factory=Process)
    runs: Any = field(default_factory=count)
    finished: int = 0

    def importing(self) -> FileImporting:
        path = self.folder / "connections.toml"
        path.write_text(self.toml)
        settings = FileSettings(
            bulk_queue_url=self.relay.aws.bulk_queue_url,
            dead_letter_queue_url=self.relay.aws.dead_letter_url,
            bucket_name=resources.BUCKET,
            ledger_table=resources.LEDGER,
            connections_file=str(path),
            entities_per_day=self.entities_per_day,
            bulk_share_percent=self.bulk_share_percent,
            limit_time_zone="UTC",
        )
        return build_file_importing(
            settings,
            emit=self.relay.emit,
            clock=self.relay.clock,
            client=self.process.client(resources.client),
            page_rows=self.page_rows,
        )

    def put(self, content: bytes | str, key: str = "inbox/erp/contacts.csv") -> str:
        body = content.encode() if isinstance(content, str) else content
        self.relay.aws.s3.put_object(Bucket=resources.BUCKET, Key=key, Body=body)
        return key

    def run(self, key: str | None = None, *, seconds: float = 600) -> FileRun:
        now = self.relay.clock()
        return self.importing().run(
            key, invocation=f"run-{next(self.runs)}", until=now + seconds, deadline=now + 900
        )

    def submit(self) -> None:
        """Submit everything in the bulk queue, and let Mateo import all of it."""
        self.take(self.relay.aws.taken(self.relay.aws.bulk_queue_url), Lane.BULK)

    def take(self, bodies: Sequence[str], lane: Lane) -> None:
        """Submit these messages, and let Mateo import all of their rows."""
        report = self.relay.submit(*bodies, invocation=f"inv-{next(self.runs)}", lane=lane)
        for number in report.failed_message_ids:  # SQS redelivers these
            self._send(bodies[int(number.removeprefix("m"))])
        while (entry := self.relay.ledger.get(f"ref-{self.finished + 1}")) is not None:
            self.finished += 1
            if entry.state is State.SENT:
                self._finish(entry)

    def _finish(self, entry: Entry) -> None:
        frozen = self.relay.archive.load(entry.reference)
        assert frozen is not None
        items = [item for row in frozen.provenance for item in row.items]
        ended = [(item.occurrence.delivery, "imported") for item in items]
        assert self.relay.ledger.close(
            entry,
            target=State.FINISHED,
            outcomes={"2026-11-21": {"imported": len(ended)}},
            of_files=count_by_file(ended),
        )

    def _send(self, body: str) -> None:
        self.relay.aws.sqs.send_message(QueueUrl=self.relay.aws.bulk_queue_url, MessageBody=body)

    def later(self, seconds: float = 300) -> FileRun:
        self.relay.clock.now += seconds
        return self.run()

    def known(self) -> list[RowFile]:
        """The unfinished files."""
        return Files(
            self.relay.aws.dynamodb,
            resources.LEDGER,
            self.relay.outcome_counts,
            clock=self.relay.clock,
        ).open()

    def is_over(self) -> bool:
        """Whether a file was reported, and no other is unfinished."""
        return not self.known() and bool(self.keys("files/"))

    def keys(self, prefix: str) -> list[str]:
        answer = self.relay.aws.s3.list_objects_v2(Bucket=resources.BUCKET, Prefix=prefix)
        return [one["Key"] for one in answer.get("Contents", [])]

    def content(self, key: str) -> bytes:
        return self.relay.aws.s3.get_object(Bucket=resources.BUCKET, Key=key)["Body"].read()

    def summary(self) -> dict[str, Any]:
        (key,) = [one for one in self.keys("files/") if one.endswith("summary.json")]
        found: dict[str, Any] = json.loads(self.content(key))
        return found


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[Uploads]:
    """A relay without files; S3 dates objects at noon."""
    with time_machine.travel(NOON, tick=False), relay_resources() as aws:
        yield Uploads(Relay(aws), tmp_path)
