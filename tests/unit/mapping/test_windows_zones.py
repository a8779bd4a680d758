"""Windows' names of time zones."""

from import_relay.mapping.datetimes import (
    time_zone,
)
from import_relay.mapping.windows_zones import IANA_ZONES


def test_every_zone_of_windows_is_known() -> None:
    assert all(time_zone(name) is not None for name in IANA_ZONES)
