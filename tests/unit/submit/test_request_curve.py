"""The curve of a day's requests: light traffic goes at once, and the day's requests last."""

import math
from zoneinfo import ZoneInfo

import pytest

from import_relay.storage.executions import FIRST_POLL_S
from import_relay.storage.quota import Limits, Usage
from import_relay.submit.request_curve import REQUESTS_PER_IMPORT, SPARED_POLL_S, RequestCurve
from tests.support.builders import MIDNIGHT, TODAY

LIMITS = Limits(2.0, 10_000, 25_000, ZoneInfo("UTC"))
CURVE = RequestCurve(LIMITS)
BEGIN = MIDNIGHT - 86_400


def usage(requests: int, entities: int = 0, imports: int = 0) -> Usage:
    return Usage(TODAY, requests, entities, imports=imports)


@pytest.mark.parametrize("hour", range(24))
def test_an_import_every_three_minutes_always_goes_at_once(hour: int) -> None:
    imports = hour * 20 + 20
    now = BEGIN + 3_600 * (hour + 1) - 1
    assert CURVE.allows(usage(6 * imports, imports, imports), now)


@pytest.mark.parametrize("hour", range(24))
def test_an_even_day_of_all_entities_never_gets_more_than_480_imports(hour: int) -> None:
    share = (hour + 1) / 24
    now = BEGIN + 86_400 * share - 1
    entities = int(25_000 * share)
    for per_import in (3, 5, 7):
        imports = next(
            n for n in range(10_000) if not CURVE.allows(usage(per_import * n, entities, n), now)
        )
        assert imports <= 480


@pytest.mark.parametrize("requests_per_day", [10, 100, 10_000, 1_000_000])
@pytest.mark.parametrize("urgent", [True, False])
def test_requests_are_left_for_tracking_whatever_is_urgent(
    requests_per_day: int, *, urgent: bool
) -> None:
    curve = RequestCurve(Limits(2.0, requests_per_day, 25_000, ZoneInfo("UTC")))
    assert curve.allowed(0, MIDNIGHT - 1, urgent=urgent) <= 0.86 * requests_per_day
    assert not curve.allows(usage(math.ceil(0.86 * requests_per_day)), MIDNIGHT - 1, urgent=urgent)


def test_polls_are_spared_only_where_requests_are_few() -> None:
    now = BEGIN + 43_200
    allowed = CURVE.allowed(12_500, now)
    assert CURVE.first_poll_s(usage(int(0.7 * allowed), 12_500), now) == FIRST_POLL_S
    assert CURVE.first_poll_s(usage(int(0.8 * allowed), 12_500), now) == SPARED_POLL_S


@pytest.mark.parametrize("hour", range(24))
def test_an_import_every_three_minutes_is_polled_as_soon_as_any(hour: int) -> None:
    imports = hour * 20 + 20
    now = BEGIN + 3_600 * (hour + 1) - 1
    assert CURVE.first_poll_s(usage(6 * imports, imports, imports), now) == FIRST_POLL_S


@pytest.mark.parametrize("hour", range(24))
def test_a_file_does_not_hold_live_changes_up(hour: int) -> None:
    """Twenty thousand rows of the bulk lane, at the beginning of the day, are four imports."""
    imports = hour * 20 + 20
    now = BEGIN + 3_600 * (hour + 1) - 1
    beside = Usage(TODAY, 6 * imports + 20, 20_000 + imports, 20, 20_000, imports=imports + 4)
    assert CURVE.allows(beside, now)
    assert CURVE.first_poll_s(beside, now) == CURVE.first_poll_s(usage(6 * imports + 20), now)


def test_the_first_import_of_a_day_always_goes() -> None:
    assert RequestCurve(Limits(2.0, 1, 1, ZoneInfo("UTC"))).allows(usage(0), BEGIN)


def test_the_polls_that_an_import_will_need_count_when_it_is_sent() -> None:
    now = MIDNIGHT - 1
    imports = int(CURVE.allowed(25_000, now) / REQUESTS_PER_IMPORT) + 1
    assert CURVE.allows(usage(imports, 25_000), now)
    assert not CURVE.allows(usage(imports, 25_000, imports), now)


def test_the_curve_never_falls_on_an_even_day() -> None:
    hours = [BEGIN + 3_600 * hour for hour in range(25)]
    allowed = [
        CURVE.allowed(int(25_000 * n / 24), min(at, MIDNIGHT - 1)) for n, at in enumerate(hours)
    ]
    assert allowed == sorted(allowed)


def test_a_burst_in_the_morning_uses_no_more_than_the_morning_has() -> None:
    assert CURVE.allowed(25_000, BEGIN) == pytest.approx(165, abs=1)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_the_day_is_that_of_the_limits_also_when_clocks_change(zone: str) -> None:
    limits = Limits(2.0, 10_000, 25_000, ZoneInfo(zone))
    for now in range(int(BEGIN) - 40 * 86_400, int(BEGIN), 3_600):
        assert 490 <= RequestCurve(limits).allowed(0, now) <= 5_000
