"""Times of CRMs as versions."""

import pytest

from import_relay.connectors.shared.timestamps import timestamp

TIMESTAMP = 1_795_253_400_000_000
"""2026-11-21T09:30:00Z in microseconds."""


@pytest.mark.parametrize(
    ("value", "version"),
    [
        ("2026-11-21T09:30:00.000Z", TIMESTAMP),
        ("2026-11-21T09:30:00Z", TIMESTAMP),
        ("2026-11-21T10:30:00+01:00", TIMESTAMP),
        ("2026-11-21T04:30:00-05:00", TIMESTAMP),
        ("2026-11-21 09:30:00", TIMESTAMP),
        ("2026-11-21 09:30:00 UTC", TIMESTAMP),
        ("2026-11-21T09:30:00.000001Z", TIMESTAMP + 1),
        ("2026-11-21T09:30:00.000001999Z", TIMESTAMP + 1),
        (1_795_253_400, TIMESTAMP),
        ("1795253400", TIMESTAMP),
        (1_795_253_400_000, TIMESTAMP),
        ("1795253400000", TIMESTAMP),
        (1_795_253_400_000_000, TIMESTAMP),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140_000_000),
        ("9999-12-31T23:59:59-23:59", 253_402_387_139_000_000),
    ],
)
def test_every_form_of_a_time_gives_its_microseconds(value: object, version: int) -> None:
    assert timestamp(value) == version


@pytest.mark.parametrize(
    "value",
    [None, "", "yesterday", "2026-13-01", 0, -1, True, 1.5, [], {}, 10**17, "9" * 5_000, "\u0661"],
)
def test_a_value_that_is_no_time_gives_none(value: object) -> None:
    assert timestamp(value) is None
