"""Claims and the states of their imports take two reads: a report may end in between."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from import_relay.storage.entries import Standing
from import_relay.storage.ledger import Ledger
from import_relay.storage.watermarks import Watermarks
from tests.support.aws import LEDGER, Aws
from tests.support.builders import NOON, connections, message
from tests.support.following import outcomes_today, relay_with_imports, report, track
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

DEALS = """
[crm]
kind = "salesforce_cdc"
event_source = "aws.partner/salesforce.com/00D/channel"
"""
CONTACT = "003000000000009AAA"
CONTACT_1 = "contact_details#external_id:1"


@dataclass(frozen=True)
class _Slow(Ledger):
    """Between the read of the watermarks and that of the states something else happens."""

    meanwhile: Callable[[], object] = lambda: None

    def states(self, references: Collection[str]) -> dict[str, Standing]:
        self.meanwhile()
        return super().states(references)


def slow(relay: Relay, meanwhile: Callable[[], object]) -> Ledger:
    return _Slow(
        relay.aws.dynamodb,
        LEDGER,
        relay.quota,
        relay.outcome_counts,
        clock=relay.clock,
        sleep=relay.clock.sleep,
        meanwhile=meanwhile,
    )


def deal(version: int, change: str, **values: str) -> dict[str, object]:
    header = {
        "entityName": "Opportunity",
        "changeType": change,
        "commitTimestamp": int(NOON * 1_000) + version,
        "sequenceNumber": 1,
        "transactionKey": f"t{version}",
        "changedFields": list(values),
    }
    return {"id": "006000000000001AAA", "payload": {"ChangeEventHeader": header, **values}}


@pytest.mark.parametrize("report_s", [0.0, 1.0, 280.0])
def test_a_retry_is_not_taken_for_a_redelivery_although_its_report_ended_between_the_reads(
    aws: Aws, report_s: float
) -> None:
    relay, mateo = relay_with_imports(aws)
    relay.connections = connections(DEALS)
    first = deal(1, "CREATE", Name="Roof", Description="red", ContactId=CONTACT)
    relay.submit(message([first], connection="crm", delivery="20a-1"))
    row = mateo.imports[0].payload[0]
    mateo.imports[0].finish({"code": "23503", "message": "no such contact", "input": row})
    relay.clock.now += 10
    track(relay)

    def report_ends() -> None:
        relay.clock.now += report_s
        report(relay)

    relay.submit(
        message([deal(2, "UPDATE", Name="Wall")], connection="crm", delivery="20b-2"),
        seconds=600.0,
        invocation="second",
        ledger=slow(relay, report_ends),
    )
    mateo.imports[1].finish()
    relay.clock.now += 60
    track(relay, "ref-2")
    report(relay, "ref-2")
    ((content, _),) = aws.queued()
    relay.submit(json.dumps(content), invocation="third")

    (retried,) = mateo.imports[2:]
    (again,) = retried.payload
    assert (again["description"], again.get("name")) == ("red", None)
    retried.finish()
    relay.clock.now += 60
    track(relay, "ref-3")
    report(relay, "ref-3")
    assert outcomes_today(relay) == {"imported": 2}


def test_watermarks_are_read_once_where_no_report_can_be_under_way(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay, mateo = relay_with_imports(aws)
    relay.submit(message([{"id": 1, "v": 1, "name": "Ada"}]))
    mateo.imports[0].finish()
    relay.clock.now += 60
    track(relay)
    report(relay)
    relay.clock.now += 400
    reads: list[list[str]] = []
    marks = relay.watermarks
    read = marks.read

    def counted(_: Watermarks, keys: Any) -> Any:
        reads.append(list(keys))
        return read(reads[-1])

    monkeypatch.setattr(Watermarks, "read", counted)

    relay.submit(
        message([{"id": 1, "v": 2, "name": "Ada"}], delivery="d2"),
        invocation="second",
        watermarks=marks,
    )

    assert len(mateo.imports) == 2
    assert len(reads) == 1


def test_a_claim_whose_import_was_never_created_is_taken_over(aws: Aws) -> None:
    relay, mateo = relay_with_imports(aws)
    mateo.answers.append(httpx.ConnectError("down"))
    relay.submit(message([{"id": 1, "v": 1, "name": "Ada"}]))
    relay.clock.now += 120

    relay.submit(message([{"id": 1, "v": 1, "name": "Ada"}], requeues=1), invocation="second")

    assert len(mateo.imports) == 1


PLAIN = """
[shop]
kind = "json"
[shop.contact.fields]
external_id = "id"
full_name = "name"
"""


def ada(name: str, delivery: str, requeues: int = 0) -> str:
    """A contact of a sender without versions, received in the order of the deliveries."""
    received_at = int(NOON * 1_000_000) + int(delivery[1:])
    item = {"id": 1, "name": name}
    return message(
        [item],
        connection="shop",
        delivery=delivery,
        received_at=received_at,
        requeues=requeues,
        events=[f"text:{name}"],
    )


def finish(relay: Relay, mateo: MateoImports) -> None:
    """Let Mateo work off the first import, and report it."""
    mateo.imports[0].finish()
    relay.clock.now += 60
    track(relay)
    report(relay)
    relay.clock.now += 400


@pytest.mark.parametrize("open_", [True, False], ids=["while it is imported", "afterwards"])
def test_a_change_that_was_taken_back_while_it_waited_is_not_imported(
    aws: Aws, open_: bool
) -> None:
    relay, mateo = relay_with_imports(aws)
    relay.connections = connections(PLAIN)
    relay.submit(ada("Ada", "d1"))
    if open_:
        assert relay.submit(ada("Ada Example", "d2"), invocation="second").requeued == 1
    else:
        finish(relay, mateo)
    relay.submit(ada("Ada", "d3"), invocation="third")
    if open_:
        finish(relay, mateo)

    relay.submit(ada("Ada Example", "d2", requeues=1), invocation="fourth")

    assert len(mateo.imports) == 1
    assert outcomes_today(relay) == {"imported": 1, "duplicate": 1, "superseded": 1}


def test_a_repetition_does_not_hide_that_mateo_failed_the_change(aws: Aws) -> None:
    relay, _ = relay_with_imports(aws)
    relay.connections = connections(PLAIN)
    relay.submit(ada("Ada", "d1"))
    marks = relay.watermarks
    found = marks.read([CONTACT_1])[CONTACT_1]
    marks.fail_claims([(CONTACT_1, ["*"])], "ref-1")  # between the reads and what is noted

    marks.note_repeated(
        {CONTACT_1: {"*": found.claims["*"]._replace(repeated_by="d3/0", version=7)}}
    )

    noted = marks.read([CONTACT_1])[CONTACT_1].claims["*"]
    assert (noted.failed, noted.repeated_by, noted.version) == (True, "d3/0", 7)
