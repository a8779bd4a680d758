"""A day's requests last until its end, however Lambda's pollers cut the batches."""

from itertools import pairwise

import pytest

from tests.benchmarks.days import DAY_S, MIDNIGHT_S, Run, Traffic, even, run
from tests.simulation.scenario import Account

REQUESTS, ENTITIES = 240, 600
"""Of a small account: a fortieth of Mateo's limits, so that a day of it takes a second."""
MOST = 0.95
"""Share of a day's requests that imports may use."""
HOUR_S = 3_600.0


def day(pollers: int, *types: int) -> Run:
    """All entities of a day, evenly over it."""
    account = Account(requests_per_day=REQUESTS, entities_per_day=ENTITIES + 1, pollers=pollers)
    return run(Traffic("evenly", even(ENTITIES), types), account)


@pytest.mark.parametrize(("pollers", "types"), [(5, (1,)), (1, (1, 2, 3))])
def test_the_requests_of_a_day_last_until_its_end(pollers: int, types: tuple[int, ...]) -> None:
    traffic = day(pollers, *types)

    assert (traffic.refused, traffic.missing) == (0, 0)
    assert traffic.of_day.total() <= MOST * REQUESTS
    times = [MIDNIGHT_S, *(one.at for one in traffic.imports)]
    assert max(after - before for before, after in pairwise(times)) < 3 * HOUR_S
    assert times[-1] > MIDNIGHT_S + DAY_S - HOUR_S


def test_polls_are_spared_where_requests_are_few() -> None:
    """An import takes a minute at most: polled from five seconds on, it costs four polls."""
    traffic = day(2, 1)

    assert traffic.of_day["polls"] < 2 * traffic.of_day["posts"]
