"""`make up` prints one readable line per outcome and nothing else."""

import json
from datetime import UTC, datetime

import pytest

from local.lambda_runtime.log_lines import readable

NOW = datetime(2026, 11, 21, 14, 3, 21, tzinfo=UTC)


def line(**event: object) -> str | None:
    return readable("ReceiveWebhook", json.dumps(event), NOW)


def test_an_event_is_one_line_with_its_facts() -> None:
    shown = line(
        level="INFO",
        location="handler:12",
        message="webhook.stored",
        timestamp="2026-11-21 14:03:21,000+0000",
        service="import-relay",
        function_request_id="x",
        connection="json",
        items=500,
    )

    assert shown == "14:03:21  receive_webhook  webhook.stored  connection=json items=500"


def test_metrics_in_an_event_are_left_out_of_its_line() -> None:
    metrics = [{"Namespace": "N", "Dimensions": [[]], "Metrics": [{"Name": "Accepted"}]}]
    shown = line(
        message="webhook.stored", items=1, Accepted=[1], _aws={"CloudWatchMetrics": metrics}
    )

    assert shown == "14:03:21  receive_webhook  webhook.stored  items=1"


@pytest.mark.parametrize(
    "event",
    [
        {"_aws": {"CloudWatchMetrics": []}, "Accepted": [1]},
        {"message": "batch.measured", "_aws": {"CloudWatchMetrics": []}, "Accepted": [1]},
        {"level": "INFO", "message": "a sentence for developers"},
    ],
)
def test_metrics_and_remarks_are_not_shown(event: dict[str, object]) -> None:
    assert line(**event) is None


@pytest.mark.parametrize("text", ["START RequestId: 1", "", "{broken", "[1]"])
def test_what_is_no_event_is_not_shown(text: str) -> None:
    assert readable("ReceiveWebhook", text, NOW) is None


def test_a_warning_is_shown_whatever_it_says() -> None:
    shown = line(level="WARNING", message="a sentence")

    assert shown == "14:03:21  receive_webhook  a sentence"


def test_an_error_of_the_runtime_is_one_line_without_its_traceback() -> None:
    text = "[ERROR] KeyError: 'x'\rTraceback (most recent call last):\r  File ..."

    assert readable("TrackImport", text, NOW) == "14:03:21  track_import     [ERROR] KeyError: 'x'"


def test_what_the_platform_reports_is_shown() -> None:
    shown = line(errorType="Sandbox.Timedout", errorMessage="Task timed out after 3.00 seconds")

    assert shown is not None
    assert shown.endswith("Sandbox.Timedout: Task timed out after 3.00 seconds")


def test_a_long_value_is_cut() -> None:
    shown = line(level="INFO", message="row.rejected", reason="x" * 500)

    assert shown is not None
    assert len(shown) < 250
    assert shown.endswith("…")


def test_colour_is_only_for_what_needs_attention() -> None:
    quiet = readable("F", '{"level": "INFO", "message": "a.b"}', NOW, colour=True)
    loud = readable("F", '{"level": "ERROR", "message": "a.b"}', NOW, colour=True)

    assert "\x1b" not in str(quiet)
    assert str(loud).startswith("\x1b[31m")
