"""Imports that Mateo accepted without naming an id, and whose rows it does not show."""

from collections.abc import Callable

import httpx
import pytest

from import_relay.storage.entries import State
from import_relay.track.tracking import TrackingStatus
from tests.support.builders import message
from tests.support.following import ADA, BOB, followed, track
from tests.support.mateo import MateoImports, StoredImport
from tests.support.relay import Relay

HOUR_S = 3_600.0


def without_id(mateo: MateoImports, answer: httpx.Response | None = None) -> None:
    """Mateo creates the next import, but no answer names it; its rows are not shown."""

    def create(request: httpx.Request) -> httpx.Response:
        mateo.create(request)
        mateo.imports[-1].hides_payload = True
        return httpx.Response(204) if answer is None else answer

    mateo.answers.append(create)


def of_somebody_else(mateo: MateoImports, *, rows: int = 2, hidden: bool = True) -> StoredImport:
    """An import that another program creates in Mateo now."""
    other = mateo.add([{"external_id": f"other-{n}"} for n in range(rows)])
    other.hides_payload = hidden
    return other


@pytest.mark.parametrize(
    "answer", [httpx.Response(204), httpx.Response(201, json={}), httpx.Response(200)]
)
def test_the_only_import_that_may_be_an_accepted_one_is_adopted_without_asking_anybody(
    relay: Relay, mateo: MateoImports, answer: httpx.Response
) -> None:
    without_id(mateo, answer)
    report = relay.submit(message([ADA, BOB]))
    assert (report.paused, relay.entry("ref-1").state) == ("", State.UNKNOWN)

    while relay.entry("ref-1").state is State.UNKNOWN:
        relay.clock.sleep(track(relay).wait_s)

    assert relay.entry("ref-1").import_id == mateo.imports[0].id
    assert relay.entry("ref-1").inferred
    assert relay.clock() - relay.entry("ref-1").accepted_at < 180
    assert relay.said("import.waiting") == []
    assert len(mateo.bodies) == 1


def test_an_accepted_import_is_not_adopted_before_it_is_certainly_listed(
    relay: Relay, mateo: MateoImports
) -> None:
    """Until then, the only import in the list may be another program's."""
    of_somebody_else(mateo)
    without_id(mateo)
    relay.submit(message([ADA, BOB]))
    ours = mateo.imports.pop()
    relay.clock.sleep(50)

    assert track(relay).status is TrackingStatus.WAIT
    mateo.imports.append(ours)
    relay.clock.sleep(60)
    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN


def test_beside_an_import_of_somebody_else_a_person_is_asked_after_an_hour(
    relay: Relay, mateo: MateoImports
) -> None:
    other = of_somebody_else(mateo)
    without_id(mateo)
    relay.submit(message([ADA, BOB]))
    relay.clock.sleep(HOUR_S - 10)
    assert track(relay).reason == ""
    relay.clock.sleep(20)

    assert track(relay).reason == "import.ambiguous"
    assert relay.said("import.waiting")[0]["suspects"] == [other.id, mateo.imports[1].id]
    assert followed(relay, hours=1).status is TrackingStatus.TIMED_OUT
    assert len(mateo.bodies) == 1


def readable(other: StoredImport) -> None:
    other.hides_payload = False


def of_another_time(other: StoredImport) -> None:
    other.created_at -= 130.0


def larger(other: StoredImport) -> None:
    other.payload.append({})
    other.finish()


@pytest.mark.parametrize("make", [readable, of_another_time, larger])
def test_an_import_that_cannot_be_the_accepted_one_does_not_stand_in_its_way(
    relay: Relay, mateo: MateoImports, make: Callable[[StoredImport], None]
) -> None:
    make(of_somebody_else(mateo))
    without_id(mateo)
    relay.submit(message([ADA, BOB]))
    relay.clock.sleep(61)

    track(relay)

    assert relay.entry("ref-1").import_id == mateo.imports[1].id


def test_accepted_imports_of_one_size_are_told_apart_by_their_order(
    relay: Relay, mateo: MateoImports
) -> None:
    for number in range(3):
        without_id(mateo)
        relay.submit(message([{"id": number}], delivery=f"d{number}"), invocation=f"i{number}")
        relay.clock.sleep(30)
    mateo_ids = [one.id for one in mateo.imports]
    for one in mateo.imports:
        one.finish()
    relay.clock.sleep(61)

    for reference in ("ref-3", "ref-1", "ref-2"):
        track(relay, reference)

    assert [relay.entry(f"ref-{n}").import_id for n in (1, 2, 3)] == mateo_ids


def test_the_order_tells_nothing_while_one_of_them_may_not_be_listed(
    relay: Relay, mateo: MateoImports
) -> None:
    other = of_somebody_else(mateo, rows=1)
    for number in range(2):
        without_id(mateo)
        relay.submit(message([{"id": number}], delivery=f"d{number}"), invocation=f"i{number}")
        relay.clock.sleep(50)
    for one in mateo.imports:
        one.finish()
    late = mateo.imports.pop()
    relay.clock.sleep(15)

    track(relay)
    assert relay.entry("ref-1").state is State.UNKNOWN
    mateo.imports.append(late)
    relay.clock.sleep(60)
    track(relay)

    assert relay.entry("ref-1").state is State.UNKNOWN
    assert other.id in relay.entry("ref-1").suspects


def test_the_order_tells_nothing_beside_an_import_whose_answer_was_lost(
    relay: Relay, mateo: MateoImports
) -> None:
    mateo.answers.append(mateo.create_without_answer)
    relay.submit(message([{"id": 1}]))
    mateo.imports[0].hides_payload = True
    relay.clock.now = relay.pause.state().paused_until
    without_id(mateo)
    relay.submit(message([{"id": 2}], delivery="d2"), invocation="second")
    for one in mateo.imports:
        one.finish()
    relay.clock.sleep(61)

    assert track(relay).reason == "import.ambiguous"
    assert track(relay, "ref-2").reason == ""

    assert {relay.entry(f"ref-{n}").state for n in (1, 2)} == {State.UNKNOWN}


def test_a_page_that_another_server_answers_with_is_no_acceptance(
    relay: Relay, mateo: MateoImports
) -> None:
    without_id(mateo, httpx.Response(200, html="<h1>Please log in</h1>"))
    report = relay.submit(message([ADA, BOB]))
    relay.clock.sleep(61)

    assert report.paused == "mateo.unanswered"
    assert track(relay).reason == "import.ambiguous"


def test_an_import_that_is_accepted_when_reposted_is_adopted(
    relay: Relay, mateo: MateoImports
) -> None:
    mateo.answers.append(httpx.ReadTimeout("lost"))
    relay.submit(message([ADA, BOB]))
    relay.clock.sleep(track(relay).wait_s)
    mateo.answers.append(httpx.Response(200, json=[]))
    without_id(mateo)
    track(relay)
    assert relay.entry("ref-1").accepted_at == relay.clock()
    relay.clock.sleep(61)

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.import_id, entry.posts) == (mateo.imports[0].id, 2)


def test_a_second_post_forgets_that_the_first_was_accepted(
    relay: Relay, mateo: MateoImports
) -> None:
    mateo.answers.append(httpx.Response(204))
    relay.submit(message([ADA, BOB]))
    relay.clock.sleep(track(relay).wait_s)
    mateo.answers.extend([httpx.Response(200, json=[]), httpx.ReadTimeout("lost")])
    track(relay)

    assert (relay.entry("ref-1").posts, relay.entry("ref-1").accepted_at) == (2, 0.0)


def test_an_acceptance_of_mateo_resets_the_count_of_failures(
    relay: Relay, mateo: MateoImports
) -> None:
    mateo.answers.append(httpx.ReadTimeout("lost"))
    relay.submit(message([ADA]))
    relay.clock.now = relay.pause.state().paused_until
    assert relay.pause.state().consecutive_failures == 1
    without_id(mateo)

    relay.submit(message([BOB], delivery="d2"), invocation="second")

    assert relay.pause.state().consecutive_failures == 0


def test_a_lookup_by_order_asks_for_few_imports(relay: Relay, mateo: MateoImports) -> None:
    """The list is read once more, and no payload twice."""
    for number in range(2):
        without_id(mateo)
        relay.submit(message([{"id": number}], delivery=f"d{number}"), invocation=f"i{number}")
    relay.clock.sleep(61)
    mateo.requests.clear()

    track(relay)

    assert len(mateo.gets) == 4
