"""One run: traffic is sent and time passes until nothing is under way. Scenarios act through it.

It plays what surrounds the relay: senders that repeat what was not acknowledged, the queue that
delivers, the clock. It never looks into the relay to decide what to do.
"""

import json
from collections.abc import Callable, Mapping, Sequence

import httpx

from import_relay.connectors.contract import Request
from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import lane_of_body, moved_because
from import_relay.submit.refused_rows import UNPROVEN
from local.demo.balance import objects
from tests.crash.rig import HIT, Rig
from tests.support.fault_proxy import Call
from tests.support.senders import customer, erp
from tests.support.stack import Trial

SUBMIT = "SubmitImports"
STEPS_S = (15.0, 60.0, 240.0)
"""How far the clock is moved while nothing comes of it; then by `MAX_STEP_S` each time."""
MAX_STEP_S = 900.0
MAX_STEPS = 110
"""Of a drain: more than a day. By then a row that nothing proved is a dead letter."""
PROVING_STEP = 13
"""Once in so many steps of a drain one more customer is sent: a row that Mateo refused alone waits
for a day unless another row is accepted in the same batch."""
PROVING_CUSTOMER = 99
"""Number of the first of these customers: one that came before proves nothing."""
MAX_TRIES = 10
RESEND_S = 60.0
PATIENCE_S = 330.0
"""Longer than any function may run."""
LOOK_S = 0.02
MAX_RECEIVES = 10
"""Of a message; then the queue moves it to the dead-letter queue."""
GONE_S = 135.0
"""After this time a submitter that did not release its lease is certainly gone."""
ASLEEP = frozenset(
    {"WaitStateEntered", "LambdaFunctionFailed", "LambdaFunctionTimedOut", "TaskFailed"}
)
"""Last events of an execution that waits for a time."""


class Stuck(Exception):
    """The run does not end; the text says what is still under way."""


class Driver:
    """One run, on a clean rig."""

    def __init__(self, rig: Rig, trial: Trial) -> None:
        self._rig = rig
        self.stack = rig.stack
        self.trial = trial
        self.files: set[str] = set()
        """Keys of uploaded files."""
        self._known = 0
        self._is_a_day_later = False
        self._proofs = 0
        self._asleep_since: tuple[object, ...] = ()

    # ------------------------------------------------------------ what senders do

    def send(self, connection: str, webhook: Request) -> None:
        """Send a webhook, and again for as long as its sender gets no 2xx."""
        for number in range(MAX_TRIES):
            try:
                answer = self.trial.post(connection, webhook)
            except httpx.HTTPError:
                continue
            if answer.is_success:
                receipt = answer.json()
                self.trial.accepted[receipt["delivery"]] = receipt.get("received", 0)
                return
            if number >= MAX_TRIES // 2:
                self.pass_time(RESEND_S)
        raise Stuck(f"a webhook of {connection} was not taken in {MAX_TRIES} tries")

    def send_unreadable(self, connection: str, webhook: Request) -> None:
        """Send a webhook that cannot be read, and again until its sender is told so."""
        for _ in range(MAX_TRIES):
            try:
                if self.trial.post(connection, webhook).is_client_error:
                    return
            except httpx.HTTPError:
                continue
        raise Stuck(f"nobody says that a webhook of {connection} cannot be read")

    def send_customers(self, *customers: Mapping[str, object]) -> None:
        """Send records of the ERP that Mateo must have in the end, with these names."""
        self.trial.expect(*customers)
        self.send("json", erp(customers))

    def upload(self, connection: str, records: Sequence[Mapping[str, object]]) -> None:
        """Put a file with these records into the inbox, each on a line, and send its event."""
        key = f"inbox/{connection}/records.ndjson"
        content = "".join(json.dumps(one) + "\n" for one in records).encode()
        bucket = self.stack.outputs["BucketName"]
        self.stack.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
        self.files.add(key)
        self.import_files({"detail": {"object": {"key": key}}})

    def import_files(self, event: Mapping[str, object]) -> None:
        """Run import_files, as an event or its schedule does."""
        body = json.dumps(event).encode()
        self.stack.run(self.stack.functions.invoke("ImportFiles", body))

    # ------------------------------------------------------------ what Mateo does

    def behave(self, **behaviour: object) -> None:
        """Change how Mateo behaves."""
        self.stack.mateo("PUT", "behaviour", behaviour)

    def fail_once(self, **fault: object) -> None:
        """Let Mateo itself meet a fault at the next request that it fits."""
        self.stack.mateo("POST", "faults", fault)

    # ------------------------------------------------------------ what time does

    def deliver(self) -> None:
        """Deliver visible messages until there are none, or submission is paused."""
        while self._rig.deliver():
            if self._may_hold_the_lease():
                self.pass_time(GONE_S)
        self.quiet_down()

    def quiet_down(self) -> None:
        """Wait until nothing more happens unless time passes or something is delivered."""
        self.stack.wait_until(self._is_quiet, "quiet", PATIENCE_S, LOOK_S)

    def pass_time(self, seconds: float) -> None:
        """Move the clock, and wait until nothing more happens by that."""
        self.quiet_down()
        self.stack.advance_clock(seconds)
        if self.files:
            self.import_files({})
        self.quiet_down()

    def next_day(self) -> None:
        """Move to the next day, past the schedule that resumes submission."""
        self.quiet_down()
        self._is_a_day_later = True
        self.stack.advance_to_next_day()
        if self.files:
            self.import_files({})
        self.quiet_down()

    def drain(self, until: Callable[[], object] = lambda: False) -> None:
        """Let time pass until nothing is queued or followed any more, or until `until`.

        Raises:
            Stuck: that does not happen within 27 hours of stack time.
        """
        steps = list(STEPS_S)
        for step in range(MAX_STEPS):
            self.deliver()
            if until() or self.is_drained():
                return
            if step % PROVING_STEP == PROVING_STEP - 1:
                self._send_proof()
            if self._waits_for_the_pause():
                self.next_day()
            else:
                self.pass_time(steps.pop(0) if steps else MAX_STEP_S)
        raise Stuck(f"still under way: {self._state()}")

    def redrive(self) -> bool:
        """Redrive dead letters, as a person does once all is well; whether there were any.

        They stay where they are unless so many faults were met that each of their receives may
        have met one: with fewer faults no message may become a dead letter. A row that Mateo
        refused alone becomes one after a day without a proof. It goes back, with a customer that
        proves it, if the run met a fault and a day of it passed at once.
        """
        faulty = [call for call in self._rig.proxy.calls if call.fault]
        all_go = sum(call.point.function == SUBMIT for call in faulty) >= MAX_RECEIVES
        sqs, outputs = self.stack.client("sqs"), self.stack.outputs
        dead = outputs["DeadLetterQueueUrl"]
        lanes = {Lane.LIVE: outputs["QueueUrl"], Lane.BULK: outputs["BulkQueueUrl"]}
        found, left = False, []
        while letters := sqs.receive_message(QueueUrl=dead).get("Messages"):
            for one in letters:
                is_unproven = moved_because(json.loads(one["Body"])) == UNPROVEN
                if not all_go and not (is_unproven and faulty and self._is_a_day_later):
                    left.append(one["ReceiptHandle"])
                    continue
                if is_unproven:
                    self._send_proof()
                sqs.send_message(QueueUrl=lanes[lane_of_body(one["Body"])], MessageBody=one["Body"])
                sqs.delete_message(QueueUrl=dead, ReceiptHandle=one["ReceiptHandle"])
                found = True
        for receipt in left:
            sqs.change_message_visibility(QueueUrl=dead, ReceiptHandle=receipt, VisibilityTimeout=0)
        return found

    def is_drained(self) -> bool:
        """Nothing is queued, no import is followed, and every file is reported."""
        reported = sum(key.endswith("summary.json") for key, _ in objects(self.stack, "files/"))
        return self.trial.is_drained() and reported == len(self.files)

    # ------------------------------------------------------------ inside

    def _send_proof(self) -> None:
        self.send_customers(customer(PROVING_CUSTOMER + self._proofs))
        self._proofs += 1

    def _may_hold_the_lease(self) -> bool:
        """Whether the submitter met a fault, and so may not have released its lease."""
        return any(call.fault and call.point.function == SUBMIT for call in self._new_calls())

    def _new_calls(self) -> Sequence[Call]:
        calls = self._rig.proxy.calls
        new, self._known = calls[self._known :], len(calls)
        return new

    def _waits_for_the_pause(self) -> bool:
        counts = self.stack.lane_counts()
        return (
            bool(counts["visible"])
            and not all(self.stack.lanes_enabled().values())
            and not self.stack.running_executions()
        )

    def _is_quiet(self) -> bool:
        return (
            not any(self.stack.busy(function) for function in HIT)
            and self._executions_are_asleep()
            and not self.stack.mateo("GET", "state")["counts"]["imports_unfinished"]
        )

    def _executions_are_asleep(self) -> bool:
        """Whether all wait for a time. They do so until it comes: it is costly to ask."""
        counts = self.stack.functions.counts
        now = (
            counts.get("SubmitImports"),
            counts.get("TrackImport"),
            counts.get("WriteReport"),
            self.stack.clock.offset_s,
        )
        if now == self._asleep_since:
            return True
        if not all(self._is_asleep(arn) for arn in self._running()):
            return False
        self._asleep_since = now
        return True

    def _running(self) -> list[str]:
        answer = self.stack.client("stepfunctions").list_executions(
            stateMachineArn=self.stack.outputs["StateMachineArn"], statusFilter="RUNNING"
        )
        return [one["executionArn"] for one in answer["executions"]]

    def _is_asleep(self, arn: str) -> bool:
        history = self.stack.client("stepfunctions").get_execution_history(executionArn=arn)
        last = max(history["events"], key=lambda event: int(event["id"]), default={"type": ""})
        return last["type"] in ASLEEP

    def _state(self) -> str:
        status = self.stack.status()
        kept = ("time", "submission", "queue", "bulk_queue", "dead_letter_queue")
        return json.dumps({name: status[name] for name in kept})
