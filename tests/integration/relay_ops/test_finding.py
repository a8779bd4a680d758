"""`relay find`: the whole history of a record, by whatever a person knows of it."""

from dataclasses import replace

import pytest

from import_relay.domain.files import FileRow
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import Files, RowFile
from relay_ops.file_rows import QUEUED, WAITS
from relay_ops.finding import Finding
from relay_ops.history import History, MateoRecord
from relay_ops.matching import needle
from relay_ops.stack import Stack
from tests.support.aws import BUCKET, LEDGER
from tests.support.builders import message
from tests.support.finishing import finish
from tests.support.following import ADA, BOB
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

PHONE = {"id": 3, "v": 1, "name": "Grace", "phone": "+49 171 2345678"}
NOBODY = {"v": 1, "name": "Nobody Known"}


def history(stack: Stack, text: str) -> History:
    return Finding(stack, needle(text)).history()


def whats(stack: Stack, text: str) -> list[str]:
    return [line.what for line in history(stack, text).lines]


@pytest.mark.parametrize("text", ["1", "ada@example.com", "ADA", "d1", "d1/0"])
def test_a_record_is_found_by_its_id_its_email_its_name_and_its_delivery(
    relay: Relay, mateo: MateoImports, stack: Stack, text: str
) -> None:
    relay.submit(message([ADA], delivery="d1"), message([BOB], delivery="d2"))
    finish(relay, mateo)

    found = history(stack, text)

    assert [line.what for line in found.lines] == ["imported", "received"]
    assert {line.record for line in found.lines} == {"contact 1"}
    assert list(found.records) == [MateoRecord("contact_details", "external_id", "1")]


@pytest.mark.parametrize("text", ["+491712345678", "0171 234 56 78", "(0171) 2345678"])
def test_a_phone_number_is_found_however_it_is_written(
    relay: Relay, stack: Stack, text: str
) -> None:
    relay.submit(message([PHONE, ADA]))

    assert [line.record for line in history(stack, text).lines] == ["contact 3"] * 2


@pytest.mark.parametrize("text", ["11", "da@example.org", "4711"])
def test_another_record_is_not_taken_for_it(relay: Relay, stack: Stack, text: str) -> None:
    relay.submit(message([ADA, BOB, {**ADA, "id": 111, "email": "c@example.com"}]))

    assert whats(stack, text) == []


def test_an_exact_match_comes_before_what_only_contains_it(relay: Relay, stack: Stack) -> None:
    wanted, longer = {**ADA, "id": "K-4711"}, {**BOB, "id": "K-47110"}
    relay.submit(message([wanted], delivery="d1"))
    relay.clock.now += 60
    relay.submit(message([longer], delivery="d2"), invocation="second")

    found = history(stack, "k-4711")

    assert [(line.record, line.is_part) for line in found.lines] == [
        ("contact K-4711", False),
        ("contact K-4711", False),
        ("contact K-47110", True),
        ("contact K-47110", True),
    ]
    assert list(found.records) == [MateoRecord("contact_details", "external_id", "K-4711")]


def test_a_part_of_a_name_is_found_and_called_a_part(relay: Relay, stack: Stack) -> None:
    relay.submit(message([{**ADA, "name": "Ada Lovelace"}]))

    assert {line.is_part for line in history(stack, "lovel").lines} == {True}


def test_a_failed_row_says_why_and_a_rejected_record_what_to_do(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([ADA, NOBODY]))
    finish(
        relay, mateo, {"code": "23514", "message": "taken", "input": mateo.imports[0].payload[0]}
    )

    failed, _ = history(stack, "1").lines
    rejected, received = history(stack, "nobody").lines

    assert (failed.what, failed.code, failed.why) == ("failed", "23514", "taken")
    assert (rejected.what, rejected.code) == ("rejected", "row.no_identifier")
    assert rejected.what_to_do
    assert received.what == "received"


def test_an_older_change_of_the_same_batch_is_part_of_the_history(
    relay: Relay, stack: Stack
) -> None:
    relay.submit(message([ADA], delivery="d1"), message([{**ADA, "v": 2}], delivery="d2"))

    lines = history(stack, "1").lines

    ends = {line.item_ids[0]: line.what for line in lines if line.what != "received"}
    assert ends == {"d1/0": "superseded", "d2/0": "in an import: sent"}
    assert [line.what for line in lines].count("received") == 2


@pytest.mark.parametrize(
    ("record", "says"),
    [(ADA, "would be imported"), ({**NOBODY, "id": 1, "v": "never"}, "would be rejected")],
)
def test_a_webhook_marked_as_a_test_says_what_would_become_of_it(
    relay: Relay, stack: Stack, record: dict[str, object], says: str
) -> None:
    relay.submit(message([record], delivery="d1", is_test=True))

    ended, received = history(stack, "1").lines

    assert (ended.what, received.what) == ("test", "received")
    assert says in ended.why


def test_what_is_older_than_asked_is_not_read(relay: Relay, stack: Stack) -> None:
    relay.submit(message([ADA]))
    relay.clock.now += 3 * 86_400

    assert Finding(stack, needle("1")).history(days=1).objects == 0
    assert Finding(stack, needle("1")).history(days=5).objects == 1


def test_a_record_of_an_import_without_a_report_is_found(relay: Relay, stack: Stack) -> None:
    relay.submit(message([ADA]))

    assert set(whats(stack, "ada@example.com")) == {"in an import: sent", "received"}


KEY = "inbox/erp/people.csv"
BOB_S, EVE_S = FileRow(2, {"id": "2", "name": "Bob"}), FileRow(3, {"id": "7", "name": "Eve"})
EVE = {"id": "7", "v": 1, "name": "Eve"}


def read_file(relay: Relay) -> tuple[Files, RowFile]:
    """A file of two rows that are read and not queued."""
    file = RowFile(KEY, "etag", "erp", int(relay.clock() * 1_000_000))
    files = Files(relay.aws.dynamodb, LEDGER, relay.outcome_counts, clock=relay.clock)
    assert files.begin(file)
    FileObjects(relay.aws.s3, BUCKET).put_page(file.id, 1, [BOB_S, EVE_S])
    return files, file


def test_a_row_that_waits_in_a_file_is_found_until_it_is_imported(
    relay: Relay, stack: Stack
) -> None:
    _, file = read_file(relay)

    (line,) = history(stack, "Eve").lines
    assert (line.what, line.connection, line.record) == (WAITS, "erp", f"{KEY} line 3")
    assert line.why == "Not imported yet."

    relay.submit(message([BOB, BOB, ADA, EVE], delivery=file.delivery))
    assert set(whats(stack, "Eve")) == {"in an import: sent", "received"}


def test_a_row_before_the_cursor_does_not_wait_though_its_import_is_too_old_to_be_read(
    relay: Relay, stack: Stack
) -> None:
    files, file = read_file(relay)
    assert files.count(file, [2], counted=1)
    assert files.sent(of_one := replace(file, counted=1))
    assert whats(stack, "Eve") == [WAITS]
    assert files.count(of_one, [3], counted=2)
    relay.submit(message([BOB, BOB, ADA, EVE], delivery=file.delivery))
    relay.clock.now += 3 * 86_400

    (line,) = Finding(stack, needle("Eve")).history(days=1).lines

    assert (line.what, line.record) == (QUEUED, f"{KEY} line 3")
    assert "--days" in line.why
    assert set(whats(stack, "Eve")) == {"in an import: sent", "received"}
