"""One running stack for all tests here; each begins on it with nothing stored."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.stack import Rig, Trial, running_stack
from tests.support.toggle import Toggle

WIDE = timedelta(days=400)


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running_stack(tmp_path_factory.mktemp("state")) as rig:
        yield rig


@pytest.fixture
def trial(rig: Rig) -> Trial:
    return rig.trial()


@pytest.fixture
def toggle(rig: Rig) -> Toggle:
    return rig.toggle


@pytest.fixture
def counted_from_now(trial: Trial) -> None:
    """Take back what earlier tests counted: their items were deleted, metrics cannot be.

    By whole hours: none of them belongs to two days.
    """
    cloudwatch = trial.stack.client("cloudwatch")
    trial.stack.metrics.put()
    hour = datetime.fromtimestamp(trial.stack.clock.time() // 3_600 * 3_600, UTC)
    of = {
        "MetricName": "ItemsReceived",
        "Dimensions": [{"Name": "service", "Value": "import-relay"}],
    }
    metric = {"Metric": {"Namespace": "ImportRelay", **of}, "Period": 3_600, "Stat": "Sum"}
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "received", "MetricStat": metric}],
        StartTime=hour - WIDE,
        EndTime=hour + WIDE,
    )
    (found,) = answer["MetricDataResults"]
    for timestamp, count in zip(found["Timestamps"], found["Values"], strict=True):
        datum = {**of, "Timestamp": timestamp, "Value": -count}
        cloudwatch.put_metric_data(Namespace="ImportRelay", MetricData=[datum])
