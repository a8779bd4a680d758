"""Sends canaries through every function of the stack and every way out of it.

`test_canaries` uses it and looks for the data in everything that is written down about it.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from local.child import CLOCK_SHIFT
from local.demo.balance import objects
from local.lambda_runtime.runtime_api import InvocationResult
from local.stack.stack import STACK_NAME, RunningStack
from local.template.loading import load
from tests.end_to_end.canary_stack import CANARIES, PATIENCE_S, PERSON, TEXT, BrokenCrm
from tests.support.builders import message
from tests.support.signers import hubspot
from tests.support.webhooks import request

HUBSPOT_URL = "https://relay.example.com/webhooks/hub"
KILLED_AFTER_S = 10.0
"""Long enough for an invocation to reach a CRM, shorter than it waits for the answer."""
FILE_PATIENCE_S = 300.0
"""Several functions work on a file, one after the other, and each has to start first."""
MATEO_FAULTS: Sequence[Mapping[str, object]] = (
    {"kind": "status", "status": 400, "message": TEXT, "code": TEXT},
    {"kind": "status", "status": 500, "body": TEXT},
    {"kind": "status", "status": 200, "body": TEXT},
    {"kind": "status", "status": 401, "message": TEXT},
)
FILE_ROWS_WITHOUT_ID = 20
"""So many that the watchdog finds the connection's rate too high."""


class Flight:
    """One round of canaries through a running stack, at one log level."""

    def __init__(self, stack: RunningStack, root: Path, level: str) -> None:
        self.stack = stack
        self.level = level
        self.answers: list[str] = []
        self.outcomes: list[InvocationResult] = []
        assert stack.template is not None
        given = {name: str(value) for name, value in stack.template.parameters.items()}
        self._hosting = load(
            root / "template.yaml", {**given, "LogLevel": level}, STACK_NAME
        ).hosting
        self.functions = tuple(stack.template.code)

    def prepare(self) -> None:
        """Replace all functions by those that a deployment with this LogLevel would have.

        Once this returns, nothing is logged by the rules of another level.
        """
        self.stack.mateo("PUT", "token", {"token": CANARIES["Mateo's token"]})
        self.stack.set_secret("MateoToken", CANARIES["Mateo's token"])
        self.stack.run(self._replace(*self.functions))

    async def _replace(
        self, *names: str, timeout_s: float | None = None, clock_shift_s: float = 0.0
    ) -> None:
        functions = self.stack.functions
        of_the_run = float(os.environ.get(CLOCK_SHIFT, "0"))
        async with functions.paused():
            await functions.replace()
            for name in names:
                before = functions.find(name)
                group = before.hosting.log_group
                functions.add(
                    replace(
                        before,
                        variables={
                            **before.variables,
                            "POWERTOOLS_LOG_LEVEL": self.level,
                            CLOCK_SHIFT: repr(of_the_run + clock_shift_s),
                        },
                        hosting=replace(self._hosting[name], log_group=group),
                        timeout_s=timeout_s or before.timeout_s,
                    )
                )

    def fly(self) -> None:
        """Every way through."""
        self.success_and_failed_rows()
        self.rejection()
        self.files()
        self.refusals()
        self.quarantine()
        self.fetcher_failure()
        self.mateo_failures()
        self.exceptions()
        self.timeout()
        self.watchdog()
        self.daily_report()

    # ------------------------------------------------------------ single ways

    def success_and_failed_rows(self) -> None:
        behaviour = {"custom_fields": {"contact": {"loyalty_level": "number"}}}
        self.stack.mateo("PUT", "behaviour", behaviour)
        before = len(self._keys("reports/"))
        records = [PERSON | {"id": f"{self.level}-1"}]
        records += [PERSON | {"id": f"{self.level}-2", "level": TEXT}]
        self.post("erp", json.dumps(records), x_relay_secret=CANARIES["webhook secret"])
        self._until(lambda: len(self._keys("reports/")) >= before + 4, "a report with failures")

    def rejection(self) -> None:
        before = len(self._keys("rejected/"))
        record = {"name": CANARIES["name"], "phone": f"no number {TEXT}"}
        self.post("erp", json.dumps([record]), x_relay_secret=CANARIES["webhook secret"])
        self._until(lambda: len(self._keys("rejected/")) > before, "a rejection")

    def refusals(self) -> None:
        body = json.dumps([PERSON])
        self.post("erp", body, x_relay_secret=f"{TEXT} wrong")
        self.post("erp", body)
        self.post(f"campaign/{CANARIES['path secret']}x", body)
        self.post(CANARIES["path secret"], body)
        self.post("hub", body, x_hubspot_signature_v3=TEXT, x_hubspot_request_timestamp=TEXT)

    def quarantine(self) -> None:
        before = len(self._keys("quarantine/"))
        path = f"campaign/{CANARIES['path secret']}"
        self.post(path, json.dumps([PERSON]))
        self.post_as_hubspot(f'{{"a": "{TEXT}')
        self._until(lambda: len(self._keys("quarantine/")) > before, "a quarantine")

    def fetcher_failure(self) -> None:
        changed = {
            "eventId": f"{self.level}-1",
            "subscriptionType": "contact.creation",
            "portalId": 62515,
            "objectId": 123,
            "occurredAt": 1_795_262_400_000,
            "propertyName": "city",
            "propertyValue": TEXT,
        }
        asked = BrokenCrm.asked
        self.post_as_hubspot(json.dumps([changed]))
        self._until(lambda: BrokenCrm.asked >= asked + 3, "three requests at the CRM")
        self._until(self._is_idle, "the end of the submission")

    def mateo_failures(self) -> None:
        """Each fault meets the POST of an import of its own; the polls of one import meet all."""
        for fault in MATEO_FAULTS:
            self._meet([{**fault, "method": "POST"}], f"{self.level}-{fault['status']}")
        self._meet([{**fault, "method": "GET"} for fault in MATEO_FAULTS], f"{self.level}-polled")

    def _meet(self, faults: Sequence[Mapping[str, object]], external_id: str) -> None:
        for fault in faults:
            self.stack.mateo("POST", "faults", fault)
        record = PERSON | {"id": external_id}
        self.post("erp", json.dumps([record]), x_relay_secret=CANARIES["webhook secret"])
        self._until(lambda: not self.stack.mateo("GET", "faults")["faults"], "the faults")
        self._until(self._is_idle, "the end of the submission")
        self.stack.resume_submission()

    def exceptions(self) -> None:
        """Errors that no handler expects, with data in their texts."""
        queue = self.stack.outputs["QueueUrl"]
        self.stack.client("sqs").send_message(QueueUrl=queue, MessageBody=f'{{"format": "{TEXT}"')
        for function in self.functions:
            self.outcomes += [self.stack.invoke(function, event) for event in (TEXT, {TEXT: TEXT})]
        for function, event in (
            ("ReceiveWebhook", {"pathParameters": {"connection": "erp"}, "body": TEXT}),
            ("ReceiveChangeEvents", {"source": TEXT, "detail": PERSON}),
            ("SubmitImports", {"Records": [{"messageId": TEXT, "body": TEXT}]}),
            ("SubmitImports", {"Records": TEXT}),
            ("TrackImport", {"reference": TEXT}),
            ("TrackImport", {"reference": "r", "deadline": TEXT}),
            ("WriteReport", {"reference": "r", "status": "finished", "deadline": TEXT}),
            ("ImportFiles", {"detail": TEXT}),
            ("ImportFiles", {"detail": {"object": {"key": f"inbox/erp/{TEXT}.csv"}}}),
            ("ImportFiles", {"detail": {"object": {"key": f"inbox/{TEXT}/gone.csv"}}}),
            ("WriteDailyReport", {"date": TEXT}),
            ("WriteDailyReport", {"date": PERSON}),
            ("RunWatchdog", {"time": TEXT, "detail": PERSON}),
        ):
            self.outcomes.append(self.stack.invoke(function, event))

    def timeout(self) -> None:
        """A function is killed at work: it has interpreted records and waits for a CRM.

        A function ends before its deadline: its clock is late, so that it expects more time.
        """
        self.stack.run(self._replace("SubmitImports", timeout_s=KILLED_AFTER_S, clock_shift_s=-90))
        changed = {"portalId": 62515, "objectId": 124, "subscriptionType": "contact.creation"}
        bodies = [
            message([PERSON | {"id": f"{self.level}-killed"}] * 50, connection="erp"),
            message([changed | {"eventId": TEXT, "occurredAt": 1}], connection="hub"),
        ]
        sent_at = str(int(self.stack.clock.time() * 1_000))
        attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": sent_at}
        records = [
            {
                "messageId": f"m{number}",
                "body": body,
                "attributes": attributes,
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:relay",
            }
            for number, body in enumerate(bodies)
        ]
        asked = BrokenCrm.asked
        BrokenCrm.answers.clear()
        killed = self.stack.invoke("SubmitImports", {"Records": records})
        BrokenCrm.answers.set()
        assert BrokenCrm.asked > asked, killed.payload
        assert b"Task timed out" in killed.payload, killed.payload
        self.outcomes.append(killed)
        self.stack.run(self._replace("SubmitImports", timeout_s=120.0))

    def files(self) -> None:
        """A file with good, failing, rejected and unreadable rows, and files that are refused."""
        header, name = "id,name,email,phone,level", CANARIES["name"]
        person = ",".join(PERSON.values())
        lines = [header, f"{self.level}-f1,{person},1", f"{self.level}-f2,{person},{TEXT}"]
        # An address of this flight's own: no open import of another flight blocks these rows.
        own = {**PERSON, "email": f"{self.level.lower()}.{PERSON['email']}"}
        lines += [f",{','.join(own.values())},1"] * FILE_ROWS_WITHOUT_ID
        lines += [f"{self.level}-f3,{person},1,{TEXT}", f'{self.level}-f4,"{TEXT}" x,{person}']
        before = len(self._keys("files/erp/"))
        for key, content in (
            (f"erp/{name}.csv", "\n".join(lines).encode()),
            (f"erp/{name}.xlsx", b"PK\x03\x04" + TEXT.encode()),
            (f"erp/{name}.json", f'[{{"id": "1", "name": "{TEXT}'.encode()),
            (f"erp/{name}.csv.gz", b"\x1f\x8b\x08\x00" + TEXT.encode()),
            (f"erp/{name}-twice.csv", f"{TEXT},{TEXT}\n1,2\n".encode()),
            (f"erp/{name}.ndjson", f'{{"id": "{TEXT}\n{TEXT}\n'.encode()),
            (f"{TEXT}/people.csv", "\n".join(lines).encode()),
            (f"{name} {self.level}.csv", "\n".join(lines).encode()),
        ):
            self._upload(f"inbox/{key}", content)
        self.stack.wait_until(
            lambda: self._is_reported(before),
            f"the report of a file at {self.level}",
            FILE_PATIENCE_S,
            period_s=2.0,
        )

    def watchdog(self) -> None:
        """It names the connection whose records are rejected."""
        self.outcomes.append(self.stack.invoke("RunWatchdog", {}))

    def daily_report(self) -> None:
        """Of today on demand, and of this day by the schedule of the next one, with its mail."""
        today = self.stack.invoke("WriteDailyReport", {"date": ""})
        self.stack.advance_to_next_day()
        yesterday = self.stack.invoke("WriteDailyReport", {})
        self.outcomes += [today, yesterday]
        assert not today.failed, today.payload
        assert not yesterday.failed, yesterday.payload

    # ------------------------------------------------------------ what it uses

    def _upload(self, key: str, content: bytes) -> None:
        bucket = self.stack.outputs["BucketName"]
        self.stack.client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def _is_reported(self, before: int) -> bool:
        """Take the files a step on; whether the one with rows has its report."""
        self.outcomes.append(self.stack.invoke("ImportFiles", {}))
        return len(self._keys("files/erp/")) >= before + 3

    def post(self, path: str, body: str, **headers: str) -> None:
        """Send a request; the answer is kept."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = httpx.post(
            f"{self.stack.webhooks_url}/{path}",
            content=body.encode(),
            headers={"content-type": "application/json", **sent},
            timeout=30,
            trust_env=False,
        )
        self.answers.append(f"{answer.status_code} {answer.text} {dict(answer.headers)}")

    def post_as_hubspot(self, body: str) -> None:
        """Send a request that HubSpot signed just now."""
        unsigned = replace(request(body), received_at=int(self.stack.clock.time() * 1_000_000))
        signed = hubspot(CANARIES["webhook secret"], HUBSPOT_URL)(unsigned)
        named = {name.lower().replace("-", "_"): value for name, value in signed.headers.items()}
        self.post("hub", body, **named)

    def _keys(self, prefix: str) -> list[str]:
        return [key for key, _ in objects(self.stack, prefix)]

    def _is_idle(self) -> bool:
        return not self.stack.busy("SubmitImports")

    def _until(self, condition: Callable[[], object], what: str) -> None:
        self.stack.wait_until(condition, f"{what} at {self.level}", PATIENCE_S)
