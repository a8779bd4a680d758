"""What CloudWatch says is only added up when it says all of it."""

from typing import Any

import pytest

from relay_ops.exits import StackUnavailable
from relay_ops.status.metrics import metric_data

ASKED = ("received", "errors")


def page(**statuses: str) -> dict[str, Any]:
    return {
        "MetricDataResults": [
            {"Id": name, "StatusCode": status, "Values": [1.0]} for name, status in statuses.items()
        ]
    }


def test_a_result_may_come_in_several_pages() -> None:
    pages = [page(received="PartialData", errors="Complete"), page(received="Complete")]

    assert [one["Id"] for one in metric_data(pages, ASKED)] == ["received", "errors", "received"]


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_a_part_of_a_metric_is_not_taken_for_all(status: str) -> None:
    pages = [page(received="Complete", errors="PartialData"), page(errors=status)]

    with pytest.raises(StackUnavailable, match=rf"not give all of `errors` \({status}\)"):
        list(metric_data(pages, ASKED))


def test_a_metric_that_is_not_answered_is_not_taken_for_zero() -> None:
    with pytest.raises(StackUnavailable, match=r"`errors` \(no answer\)"):
        list(metric_data([page(received="Complete")], ASKED))
