"""The bucket: a frozen import is loaded byte for byte, and each outcome is written down."""

import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.codes import CODES
from import_relay.domain.models import Claim, ItemOutcome, MappedChange, Outcome, Row
from import_relay.storage.archive import MAX_VALUE_LENGTH, Archive
from import_relay.submit.merging import request_body
from tests.support.aws import BUCKET
from tests.support.builders import CONTACTS, NOON, change, occurrence
from tests.support.clients import Overruling, client_error
from tests.support.relay import Relay

TEXTS = ["Zoë Ünal", "a\nb\r\nc", "\u2028\u2029", "\N{GRINNING FACE}", '"\\', "\t\x01"]


def row(*texts: str) -> Row:
    one = change(columns={f"note{n}": text for n, text in enumerate(texts)})
    claims = {"*": Claim(1, "e1", "d1/0"), "email": Claim(9, "e0", "d0/0", "older")}
    return Row(one.key, one.text, CONTACTS, (one,), claims)


def test_a_frozen_import_comes_back_byte_for_byte(relay: Relay) -> None:
    rows = [row(*TEXTS), row("second")]
    body = request_body(rows)

    relay.archive.freeze("ref-1", body, rows)
    frozen = relay.archive.load("ref-1")

    assert frozen is not None
    assert frozen.body == body
    assert json.loads(frozen.body)["payload"][0]["note0"] == TEXTS[0]


def test_the_provenance_of_a_row_says_where_it_came_from_and_what_it_claimed(relay: Relay) -> None:
    item = {"id": 1, "name": "Zoë", "half": "\ud83d", "big": 2**70}
    source = occurrence(4, item=item, delivery="d7", event="evt", attempt=2, received_at=9)
    one = row()
    frozen_row = Row(
        one.key,
        one.text,
        one.options,
        (change(), MappedChange(source, one.key, 2, False, {}, b"{}", CONTACTS)),
        one.claims,
    )

    relay.archive.freeze("ref-1", request_body([frozen_row]), [frozen_row])
    frozen = relay.archive.load("ref-1")

    assert frozen is not None
    (provenance,) = frozen.provenance
    assert provenance.key == one.key
    assert provenance.claims == ("*",)
    assert provenance.items[1].occurrence == source._replace(message_id="")


def test_freezing_again_replaces_the_frozen_import(relay: Relay) -> None:
    rows = [row("a")]

    relay.archive.freeze("ref-1", b"{}", rows)
    relay.archive.freeze("ref-1", request_body(rows), rows)

    assert list(relay.aws.objects("imports/")) == ["imports/ref-1/request.json.gz"]
    frozen = relay.archive.load("ref-1")
    assert frozen is not None
    assert frozen.body == request_body(rows)


def test_an_import_that_was_never_frozen_is_none(relay: Relay) -> None:
    assert relay.archive.load("ref-1") is None


def test_a_bucket_that_does_not_answer_is_an_error_and_not_an_absence(relay: Relay) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDenied")

    client: Any = Overruling(relay.aws.s3, get_object=denied)

    with pytest.raises(ClientError, match="AccessDenied"):
        Archive(client, BUCKET).load("ref-1")


def test_objects_are_stored_and_fetched_as_they_are(relay: Relay) -> None:
    relay.archive.put("oversize/d1/0.json", b"\xff\x00", content_type="application/json")

    assert relay.archive.fetch("oversize/d1/0.json") == b"\xff\x00"


# what ended


def rejected(number: int, code: str, item: object = None, value: object = "12") -> ItemOutcome:
    return ItemOutcome(occurrence(number, item=item), Outcome.REJECTED, code, "whatsapp", value)


def test_rejections_and_other_ends_have_a_line_each_in_their_own_files(relay: Relay) -> None:
    outcomes = [
        rejected(0, "row.no_valid_phone", {"phone": "12"}),
        ItemOutcome(occurrence(1), Outcome.DUPLICATE),
        ItemOutcome(occurrence(2), Outcome.SUPERSEDED),
        ItemOutcome(occurrence(3), Outcome.IGNORED, "event_type"),
    ]

    relay.archive.record_outcomes(outcomes, at=NOON, date="2026-11-21", batch="inv")

    assert sorted(relay.aws.objects()) == [
        "items/date=2026-11-21/inv.ndjson.gz",
        "outcomes/date=2026-11-21/inv.ndjson",
        "rejected/date=2026-11-21/inv.ndjson",
    ]
    (line,) = relay.aws.lines("rejected/")
    assert line["item_id"] == "d1/0"
    assert (line["code"], line["field"], line["value"]) == ("row.no_valid_phone", "whatsapp", "12")
    assert line["what_to_do"] == CODES["row.no_valid_phone"].what_to_do
    assert line["item"] == {"phone": "12"}
    assert line["recorded_at"] == int(NOON * 1_000_000)
    assert [(one["outcome"], one["reason"]) for one in relay.aws.lines("outcomes/")] == [
        ("duplicate", ""),
        ("superseded", ""),
        ("ignored", "event_type"),
    ]
    assert {one["recorded_at"] for one in relay.aws.lines("outcomes/")} == {int(NOON * 1_000_000)}


def test_a_line_is_standard_json_without_characters_that_a_viewer_obeys(relay: Relay) -> None:
    item = json.loads('{"name": "\u202eecila", "x": 1e999}')
    one = rejected(0, "row.bad_value", item, item["x"])

    relay.archive.record_outcomes([one], at=NOON, date="2026-11-21", batch="inv")

    (content,) = relay.aws.objects("rejected/").values()
    assert b"\\u202e" in content
    line = json.loads(content, parse_constant=pytest.fail)
    assert (line["value"], line["item"]) == ("Infinity", {"name": "\u202eecila", "x": "Infinity"})


def test_only_the_beginning_of_a_long_value_is_kept(relay: Relay) -> None:
    one = rejected(0, "row.bad_value", {"x": ["y" * 9_999]}, ["y" * 9_999])

    relay.archive.record_outcomes([one], at=NOON, date="2026-11-21", batch="inv")

    (line,) = relay.aws.lines("rejected/")
    assert len(line["value"]) == MAX_VALUE_LENGTH + 1
    assert line["item"] == {"x": ["y" * 9_999]}


def test_what_is_frozen_is_standard_json(relay: Relay) -> None:
    one = change()
    one = one._replace(occurrence=one.occurrence._replace(item=json.loads('{"x": 1e999}')))
    rows = [Row(one.key, one.text, CONTACTS, (one,), {})]

    relay.archive.freeze("ref-1", request_body(rows), rows)

    (content,) = relay.aws.objects("imports/").values()
    provenance = gzip.decompress(content).split(b"\n")[1]
    ((source,),) = (one["items"] for one in json.loads(provenance, parse_constant=pytest.fail))
    assert source["item"] == {"x": "Infinity"}


def test_ends_without_a_rejection_are_written_without_data(relay: Relay) -> None:
    secret = {"email": "ada@example.com"}

    relay.archive.record_outcomes(
        [ItemOutcome(occurrence(1, item=secret), Outcome.DUPLICATE)],
        at=NOON,
        date="2026-11-21",
        batch="inv",
    )

    assert b"ada@example.com" not in b"".join(relay.aws.objects().values())


def test_without_outcomes_no_object_is_written(relay: Relay) -> None:
    relay.archive.record_outcomes([], at=NOON, date="2026-11-21", batch="inv")

    assert relay.aws.objects() == {}


@pytest.mark.parametrize("text", [*TEXTS, "\ud83d", "\udc00x", "\x85"])
def test_each_line_is_one_line_of_json_whatever_the_record_holds(relay: Relay, text: str) -> None:
    relay.archive.record_outcomes(
        [rejected(0, "row.bad_text", {"note": text}, text), rejected(1, "row.bad_value")],
        at=NOON,
        date="2026-11-21",
        batch="inv",
    )

    (content,) = relay.aws.objects("rejected/").values()
    lines = content.split(b"\n")
    assert len(lines) == 3
    assert lines[2] == b""
    assert json.loads(lines[0])["item"] == {"note": text}
    assert json.loads(lines[0])["value"] == text


def test_a_detail_says_more_than_the_general_sentence(relay: Relay) -> None:
    detailed = ItemOutcome(
        occurrence(), Outcome.REJECTED, "row.refused_by_mateo", detail="Mateo answered 400: no"
    )

    relay.archive.record_outcomes([detailed], at=NOON, date="2026-11-21", batch="inv")

    assert relay.aws.lines("rejected/")[0]["what"] == "Mateo answered 400: no"
