"""Which import of Mateo is taken for one whose answer was lost."""

import httpx

from import_relay.state.ledger import State
from import_relay.tracking import Status
from tests.support.builders import NOON
from tests.support.ends import sent_entry, track, unknown_import
from tests.support.mateo import ORIGIN, MateoImports
from tests.support.relay import Relay


def test_an_import_whose_answer_was_lost_is_adopted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.payload = [dict(reversed(row.items())) for row in stored.payload]

    tracked = track(relay)

    entry = relay.entry("ref-1")
    assert (tracked.status, entry.state) == (Status.WAIT, State.SENT)
    assert (entry.import_id, entry.found) == (stored.id, 1)
    assert mateo.bodies == []


def test_an_import_that_a_lookup_finds_counted_is_asked_about_before_it_is_finished(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].finish()

    assert track(relay).status is Status.WAIT
    assert relay.entry("ref-1").total_count is None
    assert track(relay).status is Status.FINISHED
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


def test_an_import_whose_rows_cannot_be_read_is_adopted_if_nothing_else_fits(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True
    mateo.imports[0].finish()

    track(relay)

    assert relay.entry("ref-1").import_id == mateo.imports[0].id


def test_an_unreadable_import_is_not_adopted_before_its_rows_are_counted(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True

    tracked = track(relay)

    assert tracked.status is Status.WAIT
    assert (relay.entry("ref-1").import_id, relay.entry("ref-1").absent) == ("", 0)


def test_an_unreadable_import_is_not_adopted_while_another_may_be_its_owner(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True
    mateo.imports[0].finish()
    sent_entry(relay, "ref-2")
    relay.ledger.advance("ref-2", source=[State.SENT], target=State.UNKNOWN)

    assert track(relay).status is Status.WAIT
    assert relay.entry("ref-1").state is State.UNKNOWN


def test_an_unreadable_import_is_not_adopted_if_it_may_be_of_one_that_was_given_up(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True
    mateo.imports[0].finish()
    given_up = sent_entry(relay, "ref-2")._replace(import_id="")
    relay.ledger.close(given_up, target=State.GAVE_UP, ends={})

    assert track(relay).status is Status.WAIT
    assert relay.entry("ref-1").state is State.UNKNOWN


def test_the_answer_of_a_post_takes_its_import_back_from_who_adopted_it(relay: Relay) -> None:
    sent_entry(relay, "adopter", import_id="import-9")
    sent_entry(relay, "owner")

    relay.ledger.advance("owner", source=[State.SENT], target=State.SENT, import_id="import-9")

    assert relay.ledger.owners(["import-9"]) == {"import-9": "owner"}
    assert relay.entry("adopter").state is State.UNKNOWN
    assert relay.entry("adopter").import_id == ""


def test_an_import_with_the_same_rows_goes_before_one_that_cannot_be_read(
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
