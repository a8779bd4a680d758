"""The demo from start to end; `python -m local demo` calls `main`.

A day's limit lies below what is sent, so the relay fills the day, pauses submission and waits; the
demo then moves the stack's day forward, as often as it takes.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx

from import_relay.storage.executions import FIRST_POLL_S
from import_relay.storage.files import RowFile
from local.demo.balance import Balance, StoredRecords, objects, read_stored, reconcile
from local.demo.daily_pages import PageWriter
from local.demo.erp_file import ErpFile
from local.demo.progress import SHOWN_EVENTS, Progress, is_done
from local.demo.senders import Delivery
from local.demo.summary import longest_failures, print_summary
from local.demo.traffic import Traffic, today
from local.lambda_runtime.log_lines import readable
from local.stack.examples import example_connections, example_secrets
from local.stack.services import StackError
from local.stack.stack import RunningStack

DEFAULT_CONTACTS = 3_000
OTHER_ROWS = 100
"""About as many rows come from the senders beside the ERP."""
DOCUMENTED_DAY = 25_000
"""Entities per day that Mateo documents: the demo's limit when more contacts than that are sent."""
PATIENCE_S = 600.0
SENT_AGAIN_S = 1.0
"""After a 503, which says that nothing was stored; a busy machine may give one."""
MAX_DEMO_DELAY_S = 900
"""How long a message may be delayed at most: the clock is moved by that much when all wait."""
MAX_DEMO_DAYS = 60
REPORTED_S = FIRST_POLL_S + 10.0
"""After this an import no longer keeps the day from its end: it was polled, and reported."""
STEADY_S = 0.25
"""A condition that holds before and after such a pause does not hold by chance."""
ACK = re.compile(r"<Ack>.*?</Ack>")


def main(options: argparse.Namespace) -> int:
    """Run the demo; 0 only if everything balances and Mateo holds exactly what it should."""
    contacts = options.contacts or DEFAULT_CONTACTS
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    progress = Progress()
    stored: list[Mapping[str, Any]] = []
    stack = _stack(options, contacts, progress, stored)
    print(f"Starting the relay, AWS and Mateo on this machine for {contacts:,} contacts ...")
    try:
        with stack:
            writer = PageWriter(stack, options.state_dir)
            demo = _Demo(stack, contacts, progress, stored, writer)
            demo.play()
            writer.write_all_soon()
            reconciliation = demo.reconcile()
            pages = writer.finish()
            pages.compare(reconciliation)
            print_summary(reconciliation, longest_failures(options.state_dir))
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    print(f"\n{time.monotonic() - started:.0f} s")
    print("\nEach day has a page; open one in a browser:")
    for page in pages.files:
        print(f"  {page}")
    return 1 if reconciliation.wrong else 0


def _stack(
    options: argparse.Namespace,
    contacts: int,
    progress: Progress,
    stored: list[Mapping[str, Any]],
) -> RunningStack:
    """A fresh stack on free ports, with a day's limit that the contacts exceed.

    `stored` is filled with the log events of the deliveries.
    """
    for folder in ("logs", "daily", "files", "reports", "rejected", "outcomes", "quarantine"):
        shutil.rmtree(options.state_dir / folder, ignore_errors=True)
    a_day = DOCUMENTED_DAY if contacts > DOCUMENTED_DAY else (contacts + OTHER_ROWS) * 2 // 3

    def show(function: str, line: str) -> None:
        if '"webhook.stored"' in line:
            stored.append(json.loads(line))
        if any(f'"{event}"' in line for event in SHOWN_EVENTS):
            text = readable(function, line, stack.clock.now())
            if text:
                progress.say(text)

    stack = RunningStack(
        state_dir=options.state_dir,
        # Each of their invocations waits for Mateo, and a start takes longer than one.
        concurrency={"TrackImport": 1, "WriteReport": 1},
        parameters={"EntitiesPerDay": str(a_day), "BatchingWindow": "1"},
        on_line=show,
    )
    return stack


class _Demo:
    """One run against a stack that is up."""

    def __init__(
        self,
        stack: RunningStack,
        contacts: int,
        progress: Progress,
        stored: Sequence[Mapping[str, Any]],
        pages: PageWriter,
    ) -> None:
        self._stack = stack
        self._pages = pages
        self._progress = progress
        self._stored = stored
        by_file = contacts > DOCUMENTED_DAY
        self._file = ErpFile(stack, PATIENCE_S) if by_file else None
        self._traffic = Traffic(
            example_secrets(), example_connections(), contacts, today(), by_file=by_file
        )
        self._contacts = contacts
        self._accepted: dict[str, int] = {}
        self._files: dict[str, int] = {}
        self._shown: set[str] = set()
        self._days = 1
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="stored")
        self._in_mateo: Future[StoredRecords] | None = None

    def play(self) -> None:
        """Send, fill the day, move on, and drain."""
        # Mateo keeps this custom field as a number, so a text in it fails that row there.
        self._stack.mateo(
            "PUT", "behaviour", {"custom_fields": {"contact": {"loyalty_level": "number"}}}
        )
        self._progress.start(self._stack)
        try:
            if self._file:
                self._file.upload(self._traffic.file())
                text = f"file of {self._contacts:,} contacts"
                self._progress.say(f"          json                 {text}")
            self._send(self._traffic.first_day())
            if self._file:
                self._note(self._file.wait_until_queued())
            if not self._file:
                # A file's rows end with the lane's share exactly, and nothing pauses the lane.
                self._wait_for(self._is_closed, "today's entities to be spent")
            self._wait_for(self._is_applied, "today's imports to be applied")
            self._move_to_next_day(self._traffic.next_day())
            self._drain()
            if self._file:
                self._file.wait_for_report()
        finally:
            self._progress.stop()

    def reconcile(self) -> Balance:
        """Compare what was sent with what arrived."""
        stored = self._in_mateo.result() if self._in_mateo else None
        self._reading.shutdown()
        return reconcile(self._stack, self._accepted, self._traffic.expected, self._files, stored)

    def _note(self, file: RowFile) -> None:
        self._files[file.delivery] = file.rows
        self._progress.received += file.rows

    def _send(self, deliveries: Iterable[Delivery]) -> None:
        with httpx.Client(trust_env=False, timeout=30) as http:
            for delivery in deliveries:
                answer = self._post(http, delivery)
                receipt = self._receipt(delivery, answer)
                if (
                    answer.status_code != delivery.status
                    or receipt.get("received", 0) != delivery.items
                ):
                    raise StackError(f"a webhook got {answer.status_code} {answer.text}")
                self._show(delivery, answer)
                if delivery.items:
                    self._accepted[str(receipt["delivery"])] = delivery.items
                    self._progress.received += delivery.items

    def _post(self, http: httpx.Client, delivery: Delivery) -> httpx.Response:
        """Send a webhook, again where it could not be stored in time, as senders do."""
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = http.post(
                f"{self._stack.webhooks_url}/{delivery.path}",
                content=delivery.body,
                headers=dict(delivery.headers),
            )
            is_stored = answer.status_code != httpx.codes.SERVICE_UNAVAILABLE
            if is_stored or time.monotonic() > end:
                return answer
            time.sleep(SENT_AGAIN_S)

    def _receipt(self, delivery: Delivery, answer: httpx.Response) -> Mapping[str, Any]:
        """What was received, by the answer; where that is in the sender's own words, by the log."""
        if answer.headers["content-type"] == "application/json":
            content: Mapping[str, Any] = answer.json()
            return content

        def logged() -> list[Mapping[str, Any]]:
            return [
                one
                for one in self._stored
                if one["connection"] == delivery.connection
                and one["delivery"] not in self._accepted
            ]

        (found,) = self._stack.wait_until(logged, "the log of a delivery")
        return {"delivery": found["delivery"], "received": found["items"]}

    def _show(self, delivery: Delivery, answer: httpx.Response) -> None:
        """Print the first answer that each sender gets, and each that tells of a mistake."""
        if delivery.connection in self._shown and delivery.items:
            return
        self._shown.add(delivery.connection)
        acknowledged = ACK.search(answer.text)
        text = f"SOAP, {acknowledged[0]}" if acknowledged else answer.text
        self._progress.say(f"          {delivery.connection:<21}{answer.status_code}  {text}")

    def _drain(self) -> None:
        """Move time on until nothing is under way: to the next day, or past the delays."""
        for _ in range(MAX_DEMO_DAYS):
            self._wait_for(self._is_applied, "the backlog to be imported")
            if self._waits_for_next_day():
                self._move_to_next_day()
                continue
            if not any(self._stack.lane_counts().values()):
                # Unless a report makes the relay try rows again, nothing changes in Mateo any more.
                self._in_mateo = self._reading.submit(read_stored, self._stack)
                self._wait_for_reports()
                if not self._stack.running_executions() and self._is_drained():
                    return
            self._stack.advance_clock(MAX_DEMO_DELAY_S)
            self._progress.say(
                "          Moved the stack 15 minutes on, past the delays of queue and polls"
            )
        raise StackError("the queue does not drain")

    def _waits_for_next_day(self) -> bool:
        if not all(self._stack.lanes_enabled().values()):
            return True
        return self._file is not None and self._file.waits_for_next_day()

    def _wait_for_reports(self) -> None:
        """Wait for the reports of what Mateo has applied; first polls need not wait."""
        if self._stack.running_executions():
            self._stack.advance_clock(FIRST_POLL_S)
        now = self._stack.clock.now()
        starts = (one.astimezone(now.tzinfo) for one in self._stack.execution_starts())
        if all(one.date() == now.date() for one in starts):
            self._pages.write_soon()  # beside requests to Mateo, which have to wait for each other
        self._stack.wait_until(self._had_time_for_reports, "reports", PATIENCE_S)

    def _had_time_for_reports(self) -> bool:
        """No import is under way that was sent lately.

        Others do not keep a day from its end: polls follow the clock too, and the next poll of such
        an import may then be a quarter of an hour away.
        """
        now = self._stack.clock.now()
        starts = self._stack.execution_starts()
        return all((now - one).total_seconds() > REPORTED_S for one in starts)

    def _move_to_next_day(self, deliveries: Iterable[Delivery] = ()) -> None:
        """Start the next day, once this one's reports are written: its page shows them.

        `deliveries`: sent as soon as it has begun.
        """
        day = self._stack.clock.now().date()
        self._wait_for_reports()
        reports = partial(objects, self._stack, f"reports/date={day}/")
        self._stack.wait_until(lambda: any(reports()), f"a report of {day}", PATIENCE_S)
        now = self._stack.advance_to_next_day(lambda: self._send(deliveries))
        self._pages.add(day)
        self._days += 1
        self._progress.say(f"{now:%H:%M:%S}  Moved the stack to day {self._days}: {now:%Y-%m-%d}")

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """The condition must hold twice in a row: a batch may be between queue and Lambda."""

        def steadily() -> bool:
            if not condition():
                return False
            time.sleep(STEADY_S)
            return condition()

        self._stack.wait_until(steadily, what, PATIENCE_S)

    def _is_idle(self) -> bool:
        """Nothing is being submitted; messages may be delayed, and imports under way."""
        return not self._stack.lane_counts()["visible"] and not self._is_busy()

    def _is_busy(self) -> bool:
        return bool(
            self._stack.lane_counts()["in_flight"]
            or self._stack.busy("SubmitImports")
            or self._stack.busy("ImportFiles")
        )

    def _is_applied(self) -> bool:
        imports = self._stack.mateo("GET", "imports?limit=10000")["items"]
        return all(is_done(one) for one in imports) and self._is_closed_or_idle()

    def _is_drained(self) -> bool:
        is_queued = self._file is None or self._file.is_queued()
        return is_queued and self._is_idle() and not any(self._stack.lane_counts().values())

    def _is_closed(self) -> bool:
        """A lane is paused, no other has messages, and nothing is being submitted."""
        lanes = self._stack.lanes_enabled()
        reads = [output for output, is_read in lanes.items() if is_read]
        return (
            len(reads) < len(lanes)
            and not any(self._stack.queue_counts(output)["visible"] for output in reads)
            and not self._is_busy()
        )

    def _is_closed_or_idle(self) -> bool:
        return self._is_closed() or self._is_idle()
