"""People who upload files, and the runs of import_files, which an event or its schedule starts.

A run that would find nothing new is left out, since a world has hundreds of them: once two runs
that look at all files changed nothing, the next one waits until something has changed.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from import_relay.domain.files import INBOX, file_delivery, holds_file_rows, is_row_file
from import_relay.storage.attributes import from_attributes
from tests.simulation.aws import etag_of
from tests.simulation.queue import BULK_HELD_URL, BULK_URL
from tests.simulation.scenario import Upload
from tests.simulation.uploads import content_of, line_of
from tests.simulation.world import START, Process

if TYPE_CHECKING:
    from tests.simulation.relay import Relay

FILES_S = 900.0
"""The function's timeout, as in template.yaml."""
EVERY_S, FIRST_S = 300.0, 120.0
"""When its schedule starts it: as in template.yaml, and the first time."""
EVENTS = 0.8
"""The probability that an event of the bucket comes; some come more than once."""
UNCHANGED_RUNS = 2
QUEUED_DAYS = 2
LEDGER = "ledger"


Content = tuple[str, str]
"""The key and the ETag of an object."""


class NotedFile(NamedTuple):
    """A file as the ledger has it, with its upload. `counted`: rows that count as received."""

    id: str
    delivery: str
    state: str
    code: str
    key: str
    received_at: int
    upload: Upload
    content: Content
    counted: int

    @property
    def folder(self) -> str:
        """The folder of its report."""
        return f"files/{self.key.removeprefix(INBOX)}/{self.id}"


class Inbox:
    """All uploads of a run.

    `early`: reports that were written before their last row had its outcome. `crowded`: numbers of
    queued rows that were too many. `removed`: contents that were replaced or deleted. `times`: when
    each content was uploaded, in whole s. `outcomes`: gives the outcomes of each item so far.
    """

    def __init__(self, relay: Relay, uploads: Sequence[Upload]) -> None:
        self._relay = relay
        self.uploads = uploads
        self.early: list[str] = []
        self.crowded: list[int] = []
        self.removed: set[Content] = set()
        self.times: dict[Content, list[float]] = defaultdict(list)
        self.outcomes: Callable[[], Mapping[str, set[str]]] = dict
        self._contents: dict[Content, Upload] = {}
        self._keys = sorted({one.key for one in uploads})
        self._left = len(uploads)
        self._running = 0
        self._unchanged: tuple[object, int] = (None, 0)
        if not uploads:
            return
        relay.s3.stored = self._stored
        relay.queue.sent = self._sent
        for upload in uploads:
            relay.world.at(START + upload.at, partial(self._upload, upload))
        relay.world.after(FIRST_S, self._tick)

    # ------------------------------------------------------------ what people do

    def _upload(self, upload: Upload) -> None:
        relay, key = self._relay, upload.key
        self._left -= 1
        before = relay.s3.objects.get(key)
        content = content_of(upload)
        if before is not None and (upload.form == "gone" or before != content):
            self.removed.add((key, etag_of(before)))
        if upload.form == "gone":
            relay.s3.objects.pop(key, None)
            relay.world.tell("deletes", "person", key=key)
            return
        uploaded = (key, etag_of(content))
        self._contents[uploaded] = upload
        self.times[uploaded].append(int(relay.world.now))
        relay.s3.store(key, content)
        relay.world.tell("uploads", "person", key=key, rows=len(upload.rows))
        while relay.world.random.random() < EVENTS:
            relay.world.after(relay.world.random.uniform(0.0, 3.0), lambda: self._run(key))
            if relay.world.random.random() < EVENTS:
                break

    # ------------------------------------------------------------ runs

    def _tick(self) -> None:
        self._relay.world.after(EVERY_S, self._tick)
        if not self.is_quiet():
            self._run(None)

    def run(self) -> None:
        """Start import_files as its schedule does."""
        self._run(None)

    def _run(self, key: str | None) -> None:
        relay = self._relay
        self._running += 1
        run_s = relay.account.file_run_s

        def body(parts: Any) -> object:
            now = relay.world.clock()
            name = relay.world.process.name.replace(" ", "-")
            run = parts.importing.run(
                key, invocation=name, until=now + run_s, deadline=now + FILES_S
            )
            relay.world.tell(
                "files", noticed=run.noticed, fed=run.fed, done=run.finished, failed=run.failed
            )
            return not run.failed and relay.world.clock() < now + run_s

        relay.invoke("files", FILES_S, body, lambda process: self._ended(process, key))

    def _ended(self, process: Process, key: str | None) -> None:
        self._running -= 1
        saw_all = key is None  # a run for an event sees no other new file
        is_good = saw_all and bool(process.result) and not self._is_held()
        state = self._state()
        times = self._unchanged[1] if state == self._unchanged[0] else 0
        self._unchanged = (state, times + 1 if is_good else 0)

    def is_quiet(self) -> bool:
        """Whether no file can be taken a step further by now."""
        if not self.uploads:
            return True
        if self._left or self._running:
            return False
        return self._unchanged[1] >= UNCHANGED_RUNS and self._state() == self._unchanged[0]

    def _is_held(self) -> bool:
        """Whether another run is still feeding the queue."""
        item = self._table().get("feeder", {})
        return float(item.get("held_until", {"N": "0"})["N"]) > self._relay.world.now

    def _state(self) -> object:
        """Everything that decides what a run does."""
        table, s3 = self._table(), self._relay.s3
        names = table.get("files#open", {}).get("names", {}).get("SS", ())
        files = [table.get(f"file#{name}") for name in names]
        objects = [(key, s3.written[key]) for key in self._keys if key in s3.objects]
        replays = self._relay.put_back.noted()
        return files, objects, replays  # items of replays take room in the queue

    def _table(self) -> Mapping[str, Any]:
        return self._relay.dynamodb.tables[LEDGER]

    # ------------------------------------------------------------ what is seen on the way

    def _stored(self, key: str) -> None:
        """Note a report that is written before the last row has its outcome."""
        if not key.startswith("files/") or not key.endswith("summary.json"):
            return
        outcomes = self.outcomes()
        for file in self.noted():
            if key.startswith(f"{file.folder}/"):
                lines = [line_of(file.upload, n) for n in range(len(file.upload.rows))]
                missing = [line for line in lines if f"{file.delivery}/{line}" not in outcomes]
                if missing:
                    self.early.append(f"{key} before lines {missing} had their outcome")

    def _sent(self, url: str) -> None:
        """Note rows that import_files has queued beyond what a day or a connection may have."""
        process = self._relay.world.current
        if url != BULK_URL or process is None or process.environment.function != "files":
            return
        rows = {
            f"{content['delivery']}/{item['n']}": content["connection"]
            for one in self._relay.queue.messages.values()
            if one.url in (BULK_URL, BULK_HELD_URL)
            for content in [json.loads(one.body)]
            if holds_file_rows(content["delivery"]) and "replay" not in content
            for item in content["items"]
        }
        account = self._relay.account
        if len(rows) > min(map(account.rows_per_day, rows.values()), default=0):
            left = Counter(rows[item] for item in rows.keys() - self.outcomes().keys())
            most = QUEUED_DAYS * account.bulk_entities + len(left) * account.page_rows
            crowds = [name for name, many in left.items() if many > account.rows_per_day(name)]
            if crowds or left.total() > most:
                self.crowded.append(left.total())

    # ------------------------------------------------------------ for the checks

    def noted(self) -> list[NotedFile]:
        """The files that the ledger knows."""
        found = []
        for pk, item in self._table().items():
            if pk.startswith("file#") and "key" in item:
                plain = {name: value for name, value in item.items() if "SS" not in value}
                found.append(self._noted(pk.removeprefix("file#"), from_attributes(plain)))
        return found

    def _noted(self, name: str, item: Mapping[str, Any]) -> NotedFile:
        received_at = int(item["received_at"])
        key, etag = str(item["key"]), f'"{item["etag"]}"'
        return NotedFile(
            name,
            file_delivery(name, received_at),
            str(item["state"]),
            str(item.get("code", "")),
            key,
            received_at,
            self._contents[key, etag],
            (key, etag),
            int(item["counted"]),
        )

    def unnoticed(self) -> list[str]:
        """Objects of the inbox that the ledger does not know."""
        known = {one.content for one in self.noted()}
        objects = self._relay.s3.objects.items()
        return [
            key
            for key, content in objects
            if is_row_file(key) and (key, etag_of(content)) not in known
        ]
