"""The import protocol on moto: what is sent, what waits, and what a death leaves behind."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import boto3
import httpx
import pytest

from import_relay.errors import StoreUnavailable
from import_relay.outcome_log import OutcomeLog
from import_relay.state.ledger import State
from import_relay.state.tally import Tally
from import_relay.submission import LONG_AGO_S
from tests.support.aws import BUCKET, LEDGER, MAPPING_PARAMETER, SCHEDULE_GROUP
from tests.support.builders import CAMPAIGNS, ERP, connections, message, partial_item
from tests.support.clients import Recording
from tests.support.relay import LIMITS, Relay
from tests.template.expanded import source

ADA = {"id": 1, "v": 1, "name": "Ada Example", "email": "ada@example.com"}
BOB = {"id": 2, "v": 1, "name": "Bob Example", "phone": "030 23125001"}
BAD = {"id": 3, "v": 1, "phone": "12"}
ADA_KEY = "contact_details#external_id:1"
TODAY = "2026-11-21"


def refusing(bad: str) -> Callable[[httpx.Request], httpx.Response]:
    """Mateo refuses every import that holds this external id."""

    def answer(request: httpx.Request) -> httpx.Response:
        rows = json.loads(request.content)["payload"]
        if any(row["external_id"] == bad for row in rows):
            return httpx.Response(400, json={"code": "22P02", "message": "bad row"})
        return httpx.Response(201, json={"id": "import-of-good-rows"})

    return answer


def schedules() -> list[str]:
    listed = boto3.client("scheduler").list_schedules(GroupName=SCHEDULE_GROUP)["Schedules"]
    return [one["Name"] for one in listed]


def test_records_become_one_import(relay: Relay) -> None:
    report = relay.submit(message([ADA, BOB]))

    assert relay.mateo.bodies == [
        {
            "type": "contact_details",
            "payload": [
                {"external_id": "1", "email": "ada@example.com", "full_name": "Ada Example"},
                {"external_id": "2", "full_name": "Bob Example", "whatsapp": "+493023125001"},
            ],
        }
    ]
    assert relay.mateo.requests[0].url.query == b"select=id"
    assert report.give_back == set()
    entry = relay.entry("ref-1")
    assert (entry.state, entry.import_id, entry.rows) == (State.SENT, "import-1", 2)
    assert relay.budget.usage().entities == 2


def test_the_import_is_frozen_with_its_provenance_before_it_is_sent(relay: Relay) -> None:
    relay.submit(message([ADA]))

    frozen = relay.archive.thaw("ref-1")

    assert frozen is not None
    assert frozen.body == relay.mateo.requests[0].content
    (row,) = frozen.provenance
    assert row["scopes"] == ["*"]
    assert row["sources"][0]["event"] == "d1.0"
    assert row["sources"][0]["item"] == ADA


def test_an_execution_follows_the_import(relay: Relay) -> None:
    relay.submit(message([ADA]))

    listed = boto3.client("stepfunctions").list_executions(
        stateMachineArn=relay.aws.state_machine_arn
    )["executions"]
    assert [one["name"] for one in listed] == ["ref-1"]


def test_the_same_message_again_sends_nothing(relay: Relay) -> None:
    relay.submit(message([ADA]))

    report = relay.submit(message([ADA]))

    assert len(relay.mateo.requests) == 1
    assert (report.give_back, report.outcomes) == (set(), {})


def test_the_same_event_in_another_delivery_is_a_duplicate(relay: Relay) -> None:
    relay.submit(message([ADA], events=["e"]))
    relay.ledger.advance("ref-1", source=[State.SENT], target=State.FINISHED)

    relay.submit(message([ADA], delivery="d2", events=["e"]), invocation="second")

    assert len(relay.mateo.requests) == 1
    (line,) = relay.aws.lines("outcomes/")
    assert (line["origin"], line["outcome"]) == ("d2/0", "duplicate")
    assert "item" not in line


def test_a_newer_version_waits_until_the_open_import_is_done(relay: Relay) -> None:
    relay.submit(message([ADA]))

    relay.submit(message([{**ADA, "v": 2}], delivery="d2", deferrals=2))

    assert len(relay.mateo.requests) == 1
    ((content, delay),) = relay.aws.queued()
    assert (content["delivery"], content["deferrals"], delay) == ("d2", 3, 240)

    relay.ledger.advance("ref-1", source=[State.SENT], target=State.FINISHED)
    relay.submit(json.dumps(content))
    assert len(relay.mateo.requests) == 2


def test_an_older_version_after_a_newer_one_is_superseded(relay: Relay) -> None:
    relay.submit(message([{**ADA, "v": 5}]))
    relay.ledger.advance("ref-1", source=[State.SENT], target=State.FINISHED)

    relay.submit(message([ADA], delivery="d2"), invocation="second")

    assert len(relay.mateo.requests) == 1
    assert [one["outcome"] for one in relay.aws.lines("outcomes/")] == ["superseded"]


def test_a_rejected_record_is_reported_with_code_field_value_and_what_to_do(relay: Relay) -> None:
    report = relay.submit(message([ADA, BAD]))

    (line,) = relay.aws.lines("rejected/")
    assert line["code"] == "row.no_valid_phone"
    assert line["field"] == "whatsapp"
    assert line["value"] == ["12"]
    assert "country_codes" in line["what_to_do"]
    assert line["item"] == BAD
    assert report.outcomes == {"rejected": 1}
    assert relay.budget.usage().entities == 1


# what ended is counted once


def ends(relay: Relay) -> dict[str, int]:
    return relay.tally.days([TODAY]).get(TODAY, {})


def test_what_ends_without_an_import_is_counted_on_the_day_of_its_receipt(relay: Relay) -> None:
    yesterday = int((relay.clock() - 86_400) * 1_000_000)
    duplicate = message([ADA], delivery="d2", events=["d1.0"], received_at=yesterday)

    relay.submit(message([ADA, BAD]), duplicate)

    assert relay.tally.days([TODAY, "2026-11-20"]) == {
        TODAY: {"rejected": 1},
        "2026-11-20": {"duplicate": 1},
    }


def test_a_record_on_its_way_is_not_counted(relay: Relay) -> None:
    relay.submit(message([ADA]))

    assert ends(relay) == {}


def test_what_ended_in_a_message_that_is_redelivered_does_not_end_again(relay: Relay) -> None:
    relay.submit(message([ADA, BAD]))

    report = relay.submit(message([ADA, BAD]), invocation="second", again=True)

    assert (report.outcomes, report.give_back) == ({}, set())
    assert len(relay.aws.lines("rejected/")) == 1
    assert ends(relay) == {"rejected": 1}


def test_what_ended_is_not_taken_up_by_a_mapping_that_was_corrected_meanwhile(relay: Relay) -> None:
    relay.submit(message([BAD, ADA]))
    relay.connections = connections(ERP.replace('whatsapp = "phone"', ""))

    relay.submit(message([BAD, ADA]), invocation="second", again=True)

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]
    assert ends(relay) == {"rejected": 1}


def test_what_ended_in_a_message_that_was_sent_again_does_not_end_again(relay: Relay) -> None:
    relay.submit(message([BAD]))

    report = relay.submit(message([BAD], deferrals=1), invocation="second")

    assert report.outcomes == {}
    assert ends(relay) == {"rejected": 1}


def test_what_was_rejected_stays_so_when_the_dead_letter_queue_is_emptied_after_a_correction(
    relay: Relay,
) -> None:
    """A redrive begins the receive count afresh: the time from receipt to sending tells."""
    relay.submit(message([BAD, ADA]))
    relay.connections = connections(ERP.replace('whatsapp = "phone"', ""))
    relay.clock.now += LONG_AGO_S + 1

    report = relay.submit(message([BAD, ADA]), invocation="second", redriven=True)

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]
    assert (report.outcomes, len(relay.aws.lines("rejected/"))) == ({}, 1)
    assert ends(relay) == {"rejected": 1}


def test_no_message_reaches_the_dead_letter_queue_sooner_than_it_is_looked_up() -> None:
    queue = source()["Resources"]["Queue"]["Properties"]

    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    assert receives * queue["VisibilityTimeout"] > LONG_AGO_S


def test_what_was_called_duplicate_of_an_import_that_turned_out_void_does_not_end_twice(
    relay: Relay,
) -> None:
    relay.mateo.answers.append(httpx.ReadTimeout("slow"))
    relay.submit(message([ADA], events=["e"]))
    relay.clock.now = relay.gate.state().closed_until
    now = int(relay.clock() * 1_000_000)
    repeated = message([ADA], delivery="d2", events=["e"], received_at=now)
    relay.submit(repeated, invocation="second")
    relay.ledger.release(relay.entry("ref-1"), source=[State.UNKNOWN], target=State.ABANDONED)

    report = relay.submit(repeated, invocation="third")

    assert (len(relay.mateo.requests), report.outcomes) == (1, {})
    assert ends(relay) == {"duplicate": 1}


def test_what_was_called_duplicate_of_a_row_that_failed_does_not_end_twice(relay: Relay) -> None:
    relay.submit(message([ADA], events=["e"]))
    repeated = message([ADA], delivery="d2", events=["e"])
    relay.submit(repeated, invocation="second")
    relay.watermarks.mark_failed([(ADA_KEY, ["*"])], "ref-1")
    relay.ledger.advance("ref-1", source=[State.SENT], target=State.FINISHED)

    report = relay.submit(repeated, invocation="third")

    assert (len(relay.mateo.requests), report.outcomes) == (1, {})
    assert ends(relay) == {"duplicate": 1}


def test_an_end_that_was_counted_before_is_not_written_down_again(relay: Relay) -> None:
    relay.submit(message([BAD]))

    relay.submit(message([BAD]), invocation="second")

    assert len(relay.aws.lines("rejected/")) == 1
    assert ends(relay) == {"rejected": 1}


def test_an_end_that_was_written_down_but_not_counted_is_written_again(relay: Relay) -> None:
    tally = DiesAt(relay.tally, "settle", after=False)
    with pytest.raises(Dies):
        relay.submit(message([BAD]), tally=tally)
    relay.clock.now += 720

    relay.submit(message([BAD]), invocation="second", again=True)

    first, second = sorted(line["settled_at"] for line in relay.aws.lines("rejected/"))
    assert second - first == 720 * 1_000_000
    assert ends(relay) == {"rejected": 1}


def test_a_message_that_comes_for_the_first_time_is_not_looked_up(relay: Relay) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []
    client: Any = Recording(relay.aws.dynamodb, calls)
    tally = Tally(client, LEDGER, relay.limits.day, clock=relay.clock)

    relay.submit(message([ADA]), tally=tally)

    assert calls == []


def test_a_change_that_was_imported_is_not_called_superseded_when_it_comes_again(
    relay: Relay,
) -> None:
    relay.submit(message([ADA]))
    relay.ledger.advance("ref-1", source=[State.SENT], target=State.FINISHED)
    relay.submit(message([{**ADA, "v": 2}], delivery="d2"))

    report = relay.submit(message([ADA]), invocation="third", again=True)

    assert (report.outcomes, report.deferred, len(relay.mateo.requests)) == ({}, 0, 2)
    assert relay.watermarks.read([ADA_KEY])[ADA_KEY].earlier == ("d1/0",)
    assert ends(relay) == {}


def test_a_change_whose_import_never_happened_is_superseded_when_it_comes_again(
    relay: Relay,
) -> None:
    relay.mateo.answers.append(httpx.ConnectError("refused"))
    relay.submit(message([ADA]))
    relay.clock.now = relay.gate.state().closed_until
    relay.submit(message([{**ADA, "v": 2}], delivery="d2"))

    report = relay.submit(message([ADA], deferrals=1), invocation="third")

    assert report.outcomes == {"superseded": 1}
    assert relay.watermarks.read([ADA_KEY])[ADA_KEY].earlier == ()


def test_what_cannot_be_counted_goes_back_and_counts_when_it_comes_again(relay: Relay) -> None:
    class Unavailable(Tally):
        def settle(self, settled: object) -> None:
            raise StoreUnavailable("no")

    tally = Unavailable(relay.aws.dynamodb, LEDGER, relay.limits.day, clock=relay.clock)

    report = relay.submit(message([BAD]), message([ADA], delivery="d2"), tally=tally)
    relay.submit(message([BAD]), invocation="second", again=True)

    assert (report.give_back, report.rows) == ({"m0"}, 1)
    assert ends(relay) == {"rejected": 1}


def test_the_entry_says_of_how_many_occurrences_its_rows_were_made(relay: Relay) -> None:
    relay.connections = connections(CAMPAIGNS)
    name, city = partial_item(1, name="Ada"), partial_item(2, city="Ulm")
    older = partial_item(0, name="Adah")

    relay.submit(message([name, city, older], connection="campaigns"))

    assert relay.mateo.rows == [{"external_id": "1", "full_name": "Ada", "city": "Ulm"}]
    assert (relay.entry("ref-1").rows, relay.entry("ref-1").items) == (1, 2)


def test_rows_over_todays_entities_wait_and_the_gate_closes_until_tomorrow(relay: Relay) -> None:
    relay.limits = replace(LIMITS, entities_per_day=1)

    report = relay.submit(message([ADA, BOB]))

    assert len(relay.mateo.rows) == 1
    ((content, _),) = relay.aws.queued()
    assert [one["n"] for one in content["items"]] == [1]
    assert not relay.lambda_.enabled
    assert report.closed == "limit.entities"
    assert schedules() == ["open-20261122T000100"]


def test_a_batch_that_arrives_although_the_gate_is_closed_is_parked(relay: Relay) -> None:
    relay.gate.close(relay.clock() + 3_600, "limit.entities")
    relay.lambda_.enabled = True

    report = relay.submit(message([ADA]))

    assert relay.mateo.requests == []
    assert len(relay.aws.queued()) == 1
    assert report.give_back == set()
    assert not relay.lambda_.enabled


def test_no_request_when_todays_requests_are_spent(relay: Relay) -> None:
    relay.limits = replace(LIMITS, requests_per_day=1)
    relay.submit(message([ADA]))

    report = relay.submit(message([BOB], delivery="d2"))

    assert len(relay.mateo.requests) == 1
    assert report.closed == "limit.requests"
    assert relay.budget.usage().entities == 1
    assert relay.entry("ref-2").state is State.ABANDONED


def test_requests_leave_no_faster_than_the_rate(relay: Relay) -> None:
    relay.rows_per_import = 1
    sent_at: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent_at.append(relay.clock())
        return httpx.Response(201, json={"id": f"import-{len(sent_at)}"})

    relay.mateo.answers.extend([answer] * 3)

    relay.submit(message([ADA, BOB, {"id": 3}]))

    gaps = [later - earlier for earlier, later in pairwise(sent_at)]
    assert len(gaps) == 2
    assert all(gap >= 0.5 for gap in gaps)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("reset"),
        httpx.Response(500, json={"code": "57014", "message": "timeout", "status": 500}),
        httpx.Response(503),
        httpx.Response(201),
        httpx.Response(201, text="not json"),
        httpx.Response(418),
    ],
)
def test_a_lost_answer_keeps_hold_and_claim_and_is_not_sent_again(
    relay: Relay, answer: httpx.Response | Exception
) -> None:
    relay.mateo.answers.append(answer)

    report = relay.submit(message([ADA]))
    relay.clock.sleep(400)
    relay.submit(message([ADA]))

    assert len(relay.mateo.requests) == 1
    assert relay.entry("ref-1").state is State.UNKNOWN
    assert relay.budget.usage().entities == 1
    assert report.give_back == set()


def test_without_a_connection_nothing_was_sent_and_everything_waits(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.ConnectError("refused"))

    report = relay.submit(message([ADA]))

    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.budget.usage().entities == 0
    assert len(relay.aws.queued()) == 1
    assert report.closed == "mateo.unreachable"
    assert relay.gate.state().strikes == 1


def test_each_outage_in_a_row_pauses_longer_and_a_success_starts_over(relay: Relay) -> None:
    relay.mateo.answers.extend([httpx.ConnectError("no"), httpx.ConnectError("no")])
    pauses = []
    for _ in range(2):
        relay.submit(message([ADA]))
        pauses.append(relay.gate.state().closed_until - relay.clock())
        relay.clock.now = relay.gate.state().closed_until

    relay.submit(message([ADA]))

    assert pauses == [60, 120]
    assert relay.gate.state().strikes == 0
    assert relay.entry("ref-3").state is State.SENT


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_wrong_credentials_close_the_gate_and_lose_nothing(relay: Relay, status: int) -> None:
    relay.mateo.answers.append(httpx.Response(status))

    report = relay.submit(message([ADA]))

    assert report.closed == "mateo.credentials"
    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.budget.usage().entities == 0
    assert len(relay.aws.queued()) == 1


def test_a_short_retry_after_is_waited_for(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(429, headers={"retry-after": "2"}))

    report = relay.submit(message([ADA]))

    assert len(relay.mateo.requests) == 2
    assert report.closed == ""
    assert relay.entry("ref-2").state is State.SENT


def test_a_long_retry_after_closes_the_gate_until_then(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(429, headers={"retry-after": "7200"}))

    report = relay.submit(message([ADA]))

    assert report.closed == "mateo.rate_limited"
    assert relay.gate.state().closed_until - relay.clock() == pytest.approx(7200, abs=1)
    assert len(relay.aws.queued()) == 1


def test_a_429_on_the_first_import_of_a_day_closes_the_gate_for_an_hour(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(429))

    relay.submit(message([ADA]))

    assert relay.gate.state().closed_until - relay.clock() == pytest.approx(3600, abs=1)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_import_is_halved_until_the_bad_row_is_alone(relay: Relay, status: int) -> None:
    relay.mateo.answers.extend([refusing("2")] * 50)
    people = [{"id": n, "v": 1, "name": f"P{n}"} for n in range(8)]

    report = relay.submit(message(people))

    (line,) = relay.aws.lines("rejected/")
    assert line["code"] == "row.refused_by_mateo"
    assert line["origin"] == "d1/2"
    assert "bad row" in line["what"]
    assert report.rows == 7
    assert relay.budget.usage().entities == 7


def test_narrowing_down_stops_after_the_allowed_calls(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("import_relay.posting.REFUSAL_CALLS", 4)
    relay.mateo.answers.extend([httpx.Response(400, json={"message": "all bad"})] * 50)

    relay.submit(message([{"id": n} for n in range(16)]))

    assert len(relay.mateo.requests) == 5
    assert {one["code"] for one in relay.aws.lines("rejected/")} == {"import.refused_by_mateo"}
    assert len(relay.aws.lines("rejected/")) == 16
    assert relay.budget.usage().entities == 0


def test_an_unknown_contact_list_rejects_the_rows_without_halving(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(409, json={"code": "23503", "message": "no list"}))

    relay.submit(message([ADA, BOB]))

    assert len(relay.mateo.requests) == 1
    assert [one["code"] for one in relay.aws.lines("rejected/")] == ["import.refused_by_mateo"] * 2


def test_what_does_not_fit_before_the_deadline_waits(relay: Relay) -> None:
    relay.rows_per_import = 1

    report = relay.submit(message([ADA, BOB, {"id": 3}]), seconds=20.5)

    assert 1 <= report.imports < 3
    assert report.deferred == 3 - report.imports
    assert len(relay.aws.queued()) == 1


def test_a_second_submitter_brings_its_batch_again_later(relay: Relay) -> None:
    with relay.lease.held("other", until=relay.clock() + 1_000, wait_until=relay.clock()):
        report = relay.submit(message([ADA]))

    assert report.give_back == set()
    assert len(relay.aws.queued()) == 1
    assert relay.lambda_.enabled
    assert relay.mateo.requests == []


def test_a_dead_submitters_lease_runs_out(relay: Relay) -> None:
    manager = relay.lease.held("dead", until=relay.clock() + 30, wait_until=relay.clock())
    manager.__enter__()

    report = relay.submit(message([ADA]))

    assert report.give_back == set()
    assert len(relay.mateo.requests) == 1


def test_a_message_of_another_program_goes_back_and_hurts_no_other(relay: Relay) -> None:
    report = relay.submit("garbage", message([ADA]), '{"format": 9}')

    assert report.give_back == {"m0", "m2"}
    assert len(relay.mateo.rows) == 1


class Dies(Exception):
    """The process is gone."""


class DiesAt:
    """A part of the relay whose method kills the process, before or after its effect."""

    def __init__(self, part: object, method: str, *, after: bool) -> None:
        self._part, self._method, self._after = part, method, after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def die(*args: Any, **kwargs: Any) -> None:
            if self._after:
                real(*args, **kwargs)
            raise Dies

        return die


POINTS = [
    ("watermarks", "write"),
    ("archive", "freeze"),
    ("executions", "start"),
    ("ledger", "intend"),
    ("budget", "take_slot"),
    ("api", "create"),
    ("ledger", "advance"),
    ("archive", "record_settled"),
    ("tally", "settle"),
    ("queue", "send"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("part", "method"), POINTS)
def test_death_at_any_step_sends_nothing_twice_and_loses_nothing(
    relay: Relay, part: str, method: str, after: bool
) -> None:
    relay.limits = replace(LIMITS, entities_per_day=2)
    body = message([ADA, BOB, {"id": 3, "v": 1}, {"name": "rejected"}])
    replaced: Any = {part: DiesAt(getattr(relay, part), method, after=after)}

    with pytest.raises(Dies):
        relay.submit(body, **replaced)
    relay.clock.sleep(720)
    relay.submit(body, invocation="again", again=True)

    posts = len(relay.mateo.rows)
    waiting = {one["n"] for content, _ in relay.aws.queued() for one in content["items"]}
    rejected = {one["origin"] for one in relay.aws.lines("rejected/")}
    entries = [relay.ledger.get(f"ref-{n}") for n in range(1, 4)]
    unfinished = [one for one in entries if one and one.state in ("intended", "sent")]
    assert posts <= 2
    assert sum(one.rows for one in unfinished) == 2
    assert waiting == {2}
    assert rejected == {"d1/3"}
    assert ends(relay) == {"rejected": 1}
    assert relay.budget.usage().entities == 2


def test_a_failing_bucket_gives_the_message_back(relay: Relay) -> None:
    relay.aws.s3.delete_bucket(Bucket=BUCKET)

    report = relay.submit(message([ADA]))

    assert report.give_back == {"m0"}
    assert relay.mateo.requests == []


def test_no_personal_data_in_events(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(400, json={"message": "ada@example.com is bad"}))

    relay.submit(message([ADA]))

    assert "ada" not in str(relay.events).lower()


def test_deals_and_appointments_carry_their_reassignment_flag(relay: Relay) -> None:
    relay.connections = connections("""
[erp]
kind = "json"
[erp.deal]
allow_reassignment = true
[erp.deal.fields]
external_id = "id"
contact_external_id = "customer"
""")

    relay.submit(message([{"id": 7, "customer": 12345678901234567890}]))

    assert relay.mateo.bodies == [
        {
            "type": "deal_details",
            "allow_deal_reassignment": True,
            "payload": [{"external_id": "7", "contact_external_id": "12345678901234567890"}],
        }
    ]


def test_the_reference_is_sent_only_when_the_switch_says_so(relay: Relay) -> None:
    relay.send_reference_id = True

    relay.submit(message([ADA]))

    assert relay.mateo.bodies[0]["reference_id"] == "ref-1"


def test_a_token_that_was_changed_meanwhile_is_fetched_and_used_at_once(relay: Relay) -> None:
    relay.mateo.answers.append(httpx.Response(401))
    api = relay.api
    api.renew_token = lambda: True

    report = relay.submit(message([ADA]), api=api)

    assert report.closed == ""
    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.entry("ref-2").state is State.SENT
    assert relay.budget.usage().entities == 1


def test_what_is_said_of_an_unreadable_message_can_be_logged(relay: Relay) -> None:
    relay.submit("garbage")

    log: Any = OutcomeLog()
    for event, keys in relay.events:
        log.write(event, {}, **keys)

    assert relay.said("message.unreadable") == [{"message_id": "m0", "reason": "JSONDecodeError"}]


def test_a_gate_that_closed_while_waiting_for_the_lease_is_respected(relay: Relay) -> None:
    class ClosesMeanwhile:
        @contextmanager
        def held(self, holder: str, **times: float) -> Iterator[None]:
            relay.gate.close(relay.clock() + 3_600, "mateo.rate_limited")
            yield

    report = relay.submit(message([ADA]), lease=ClosesMeanwhile())

    assert relay.mateo.requests == []
    assert (report.give_back, len(relay.aws.queued())) == (set(), 1)


def test_a_parked_batch_is_not_given_back_because_closing_again_fails(relay: Relay) -> None:
    relay.gate.close(relay.clock() + 3_600, "limit.entities")
    boto3.client("ssm").delete_parameter(Name=MAPPING_PARAMETER)

    report = relay.submit(message([ADA]))

    assert report.give_back == set()
    assert len(relay.aws.queued()) == 1


def test_a_shorter_closing_does_not_shorten_a_longer_one(relay: Relay) -> None:
    longer = relay.gate.close(relay.clock() + 7_200, "limit.entities")

    assert relay.gate.close(relay.clock() + 60, "mateo.unreachable") == longer
    assert relay.gate.state().reason == "limit.entities"


def test_imports_shrink_while_mateo_leaves_posts_unanswered(relay: Relay) -> None:
    relay.rows_per_import = 8
    relay.mateo.answers.append(httpx.ReadTimeout("slow"))
    relay.submit(message([{"id": n} for n in range(8)]))
    relay.clock.now = relay.gate.state().closed_until

    relay.submit(message([{"id": n} for n in range(100, 108)], delivery="d2"), invocation="second")

    assert [len(body["payload"]) for body in relay.mateo.bodies] == [8, 4, 4]
