"""Times in AWS's answers mean what botocore takes them for, whatever form they have."""

from typing import Any

import pytest
from botocore.session import Session
from botocore.utils import parse_timestamp

from relay_ops.quick_times import listed_time, with_quick_times

FORMS = (
    "2026-11-21T10:08:30.000Z",
    "2026-11-21T10:08:30Z",
    "2026-11-21T10:08:30+02:00",
    "2028-02-29T23:59:59.999Z",
    "Sat, 21 Nov 2026 10:08:30 GMT",
    "Tue, 24 Nov 2026 10:08:30 GMT",
    "1795255710",
    "1795255710.5",
    1_795_255_710,
    1_795_255_710.25,
)


@pytest.mark.parametrize("said", FORMS)
def test_a_time_is_the_one_that_botocore_reads(said: Any) -> None:
    found = listed_time(said)

    assert found == parse_timestamp(said)
    assert found.tzinfo is not None


@pytest.mark.parametrize("said", ["", "Tomorrow", "2026-13-41T10:00:00Z"])
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        listed_time(said)


def test_the_clients_of_a_session_read_times_with_it() -> None:
    session = with_quick_times(Session())
    parser = session.get_component("response_parser_factory").create_parser("rest-xml")

    assert parser._timestamp_parser is listed_time
