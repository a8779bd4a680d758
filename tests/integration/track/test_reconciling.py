"""Which import of Mateo is taken for one whose answer was lost."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from import_relay.storage.entries import State
from import_relay.track.tracking import TrackingStatus
from tests.support.aws import BUCKET
from tests.support.builders import NOON
from tests.support.following import ADA, BOB, sent_entry, track, unknown_import
from tests.support.mateo import ORIGIN, MateoImports
from tests.support.relay import Relay


def test_an_import_whose_answer_was_lost_is_adopted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.payload = [dict(reversed(row.items())) for row in stored.payload]

    tracked = track(relay)

    entry = relay.entry("ref-1")
    assert (tracked.status, entry.state) == (TrackingStatus.WAIT, State.SENT)
    assert (entry.import_id, entry.found) == (stored.id, 1)
    assert mateo.bodies == []


def test_an_import_that_a_lookup_finds_counted_is_asked_about_before_it_is_finished(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].finish()

    assert track(relay).status is TrackingStatus.WAIT
    assert relay.entry("ref-1").total_count is None
    assert track(relay).status is TrackingStatus.FINISHED
    assert relay.entry("ref-1").total_count == 2


def test_a_neighbour_with_other_rows_is_not_adopted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    mateo.add([{"external_id": "8"}, {"external_id": "9"}])

    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_a_neighbour_with_more_rows_costs_no_request(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)
    mateo.add([{"external_id": n} for n in "678"]).finish()

    track(relay)

    assert len(mateo.requests) == 1


def test_an_import_that_another_entry_owns_is_not_adopted_though_it_has_the_same_rows(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    sent_entry(relay, "other", import_id=mateo.imports[0].id)

    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_an_import_that_carries_another_reference_is_not_adopted(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].reference_id = "somebody-else"

    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_an_import_from_another_time_is_not_adopted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].created_at = NOON - 121

    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_a_payload_that_mateo_keeps_in_a_file_is_compared_as_well(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.payload_url = f"{ORIGIN}/files/payload.json"
    mateo.files[stored.payload_url] = httpx.Response(200, json=stored.payload).content

    track(relay)

    assert relay.entry("ref-1").import_id == stored.id


def test_a_payload_that_is_shown_as_text_is_compared_as_well(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.payload = json.dumps(stored.payload)  # type: ignore[assignment]

    track(relay)

    assert relay.entry("ref-1").import_id == stored.id


NORMALISED = {
    "e-mail in lower case": lambda row: {**row, "email": row["email"].lower()},
    "e-mail in capitals": lambda row: {**row, "email": row["email"].upper()},
    "columns added": lambda row: {**row, "country": "DEUTSCHLAND", "id": "m-1", "fts": None},
    "texts changed": lambda row: {**row, "full_name": row["full_name"].title() + " "},
    "columns left out": lambda row: {"external_id": row["external_id"]},
    "id as a number": lambda row: {**row, "external_id": int(row["external_id"])},
}


@pytest.mark.parametrize("shown", NORMALISED.values(), ids=NORMALISED.keys())
@pytest.mark.parametrize("is_reversed", [False, True])
def test_an_import_is_recognised_by_what_mateo_may_not_change(
    relay: Relay,
    mateo: MateoImports,
    shown: Callable[[dict[str, Any]], dict[str, Any]],
    is_reversed: bool,
) -> None:
    people = [{**ADA, "email": "Ada@Example.com"}, {**BOB, "email": "Bob@Example.COM"}]
    unknown_import(relay, mateo, created=True, rows=people)
    (stored,) = mateo.imports
    stored.payload = [shown(row) for row in stored.payload]
    if is_reversed:
        stored.payload.reverse()

    track(relay)

    assert relay.entry("ref-1").import_id == stored.id
    assert mateo.bodies == []


HANDLES = [
    {"v": 1, "name": "Ada", "email": "Ada@Example.com"},
    {"v": 1, "name": "Bob", "phone": "030 23125001"},
]


def test_contacts_without_an_external_id_are_recognised_by_their_handles(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True, rows=HANDLES)
    (stored,) = mateo.imports
    stored.payload[0]["email"] = "ada@example.com"
    stored.payload[1]["whatsapp"] = ["+49 30 23125001"]

    track(relay)

    assert relay.entry("ref-1").import_id == stored.id


def test_without_its_frozen_body_an_import_is_recognised_only_by_its_digest(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.payload[0]["country"] = "DEUTSCHLAND"
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    assert track(relay).reason == "import.ambiguous"


def test_the_answer_of_a_post_takes_its_import_from_the_entry_that_adopted_it(relay: Relay) -> None:
    sent_entry(relay, "adopter", import_id="import-9")
    sent_entry(relay, "owner")

    relay.ledger.advance("owner", expected=[State.SENT], target=State.SENT, import_id="import-9")

    assert relay.ledger.owners(["import-9"]) == {"import-9": "owner"}
    assert relay.entry("adopter").state is State.UNKNOWN
    assert relay.entry("adopter").import_id == ""


def test_an_import_with_the_same_rows_is_preferred_to_one_that_cannot_be_read(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    hidden = mateo.add([{}, {}])
    hidden.created_at -= 10
    hidden.hides_payload = True

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.import_id, entry.found) == (mateo.imports[0].id, 1)


def test_of_several_imports_that_fit_the_oldest_is_adopted(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    relay.clock.now += 2
    mateo.add(mateo.imports[0].payload)

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.import_id, entry.found) == ("import-1", 2)


def test_an_import_behind_fifty_neighbours_is_found(relay: Relay, mateo: MateoImports) -> None:
    for number in range(60):
        mateo.add([{"external_id": str(number)}]).created_at += number / 1000 - 30
    unknown_import(relay, mateo, created=True)

    track(relay)

    assert relay.entry("ref-1").import_id == "import-61"


def test_with_a_reference_id_one_request_finds_the_import(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.send_reference_id = True
    unknown_import(relay, mateo, created=True)

    track(relay)

    assert [url.params["reference_id"] for url in mateo.gets] == ["eq.ref-1"]
    assert relay.entry("ref-1").state is State.SENT


def test_a_reference_id_that_mateo_ignored_does_not_hide_the_import(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.send_reference_id = True
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].reference_id = None

    track(relay)

    assert relay.entry("ref-1").state is State.SENT
