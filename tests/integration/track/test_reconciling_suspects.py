"""Imports of Mateo that may be one whose answer was lost: nothing is posted, a person is asked."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from import_relay.report.reporting import ReportStatus
from import_relay.storage.ledger import Ledger
from import_relay.storage.pacing import Permits
from import_relay.track.tracking import TrackingStatus
from tests.integration.report.written import codes_of, summary_of
from tests.support.aws import LEDGER
from tests.support.following import followed, report, track, unknown_import
from tests.support.mateo import ORIGIN, MateoImports, StoredImport
from tests.support.relay import Relay


def hidden(stored: StoredImport) -> None:
    stored.hides_payload = True


def in_a_file_that_is_gone(stored: StoredImport) -> None:
    stored.payload_url = f"{ORIGIN}/files/gone.json"


def no_list(stored: StoredImport) -> None:
    stored.payload = {"rows": 2}  # type: ignore[assignment]


def one_of_two(stored: StoredImport) -> None:
    stored.payload = [stored.payload[0], {"external_id": "77", "full_name": "Somebody Else"}]


def the_same_handle(stored: StoredImport) -> None:
    stored.payload = [{"external_id": "77"}, {"email": " ADA@example.com"}]


def without_identifiers(stored: StoredImport) -> None:
    stored.payload = [{"externalId": row["external_id"]} for row in stored.payload]


def emptied(stored: StoredImport) -> None:
    stored.payload = []


def cut_off(stored: StoredImport) -> None:
    stored.payload = stored.payload[:1]


@pytest.mark.parametrize(
    "change",
    [
        hidden,
        in_a_file_that_is_gone,
        no_list,
        one_of_two,
        the_same_handle,
        without_identifiers,
        emptied,
        cut_off,
    ],
)
def test_an_import_that_may_be_the_one_forbids_posting_and_asks_a_person(
    relay: Relay, mateo: MateoImports, change: Callable[[StoredImport], None]
) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.finish()
    change(stored)

    tracked = track(relay)
    assert (tracked.status, tracked.reason) == (TrackingStatus.WAIT, "import.ambiguous")
    assert relay.said("import.waiting")[0]["suspects"] == [stored.id]
    tracked = followed(relay, hours=1)

    assert tracked.status is TrackingStatus.TIMED_OUT
    assert mateo.bodies == []
    assert report(relay, timed_out=True).status is ReportStatus.TIMED_OUT
    summary = summary_of(relay.aws)
    assert summary["suspects"] == [stored.id]
    assert codes_of(summary) == ["import.unfinished", "import.ambiguous"]
    assert summary["rows"]["unaccounted"] == 2


def test_one_answer_gives_no_import_up_however_many_are_looked_up(
    relay: Relay, mateo: MateoImports, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True
    unknown = relay.ledger.open_imports()
    monkeypatch.setattr(Ledger, "open_imports", lambda _: [*unknown] * 2_000)
    relay.clock.now += 40 * 3_600

    tracked = track(relay)

    assert (tracked.status, tracked.reason) == (TrackingStatus.WAIT, "import.ambiguous")
    assert tracked.wait_s > 18 * 3_600


def test_a_suspect_that_becomes_readable_is_adopted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=True)
    (stored,) = mateo.imports
    stored.hides_payload = True
    track(relay)
    relay.clock.now += 7_200
    stored.hides_payload = False

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.import_id, entry.suspects) == (stored.id, "")


def test_after_a_suspect_is_gone_an_import_has_to_be_absent_twice(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.clock.now += 200
    track(relay)
    suspect = mateo.add([{}, {}])
    suspect.created_at = relay.entry("ref-1").created_at
    suspect.hides_payload = True
    relay.clock.now += 100
    assert track(relay).reason == "import.ambiguous"
    mateo.imports.remove(suspect)
    relay.clock.now += 100

    track(relay)
    assert mateo.bodies == []
    relay.clock.now += 100
    track(relay)
    assert len(mateo.bodies) == 1


def test_an_unreadable_import_with_another_number_of_rows_is_no_suspect(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    other = mateo.add([{"external_id": "9"}])
    other.hides_payload = True
    other.finish()
    assert track(relay).reason == "import.ambiguous"  # its total may grow for a while
    relay.clock.now += 3_700

    assert track(relay).reason == ""
    assert relay.entry("ref-1").absent == 1


def others(relay: Relay, mateo: MateoImports, count: int) -> None:
    """Imports of another client, up to a minute and a half before ref-1, with readable rows."""
    for number in range(count):
        rows = [{"external_id": f"{number}, {row}"} for row in range(2)]
        mateo.add(rows).created_at = relay.entry("ref-1").created_at - 90 + number


def test_an_import_that_stays_uncertain_costs_few_requests_a_day(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    mateo.imports[0].hides_payload = True
    others(relay, mateo, 4)
    begun_at = relay.clock.now

    assert followed(relay, hours=23).status is TrackingStatus.TIMED_OUT

    assert relay.clock.now - begun_at == pytest.approx(23.5 * 3_600, abs=3_600)
    listed_and_read = 1 + 5
    lookups_of_the_first_hour = 13
    assert len(mateo.gets) <= (lookups_of_the_first_hour + 23) * listed_and_read


def slow(relay: Relay) -> Permits:
    """Permits of an account with two requests per second: a minute has seventy."""
    quota = replace(relay.quota, limits=replace(relay.limits, requests_per_second=2))
    permits = Permits(relay.aws.dynamodb, LEDGER, quota, clock=relay.clock, sleep=relay.clock.sleep)
    permits.acquire(deadline=relay.clock.now + 60)
    return permits


def test_of_too_many_imports_that_may_be_the_one_those_of_its_time_are_read(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=True)
    others(relay, mateo, 80)
    ours = mateo.imports[0]
    mateo.imports.append(mateo.imports.pop(0))

    track(relay, permits=slow(relay))

    assert relay.entry("ref-1").import_id == ours.id


def test_imports_that_there_was_no_time_to_read_may_be_the_one(
    relay: Relay, mateo: MateoImports
) -> None:
    """The lookup ends within its function's time, and another one would not get further."""
    unknown_import(relay, mateo, created=False)
    others(relay, mateo, 80)
    begun_at = relay.clock.now

    assert track(relay, permits=slow(relay)).reason == "import.ambiguous"
    assert relay.clock.now - begun_at < 60
    assert 0 < len(relay.entry("ref-1").suspects.split()) < 80


def test_a_lookup_that_has_hardly_begun_when_its_time_ends_says_nothing(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    others(relay, mateo, 80)

    assert track(relay, permits=slow(relay), seconds=18).reason != "import.ambiguous"
    assert relay.entry("ref-1").suspects == ""
