"""Imports of Mateo that may be one whose answer was lost: nothing is posted, a person is asked."""

from collections.abc import Callable

import pytest

from import_relay.report.reporting import ReportStatus
from import_relay.track.tracking import TrackingStatus
from tests.integration.report.written import codes_of, summary_of
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
