"""One line per outcome, with its metrics."""

import io
import json
import sys
from typing import Any

import pytest

from import_relay.domain.log_events import RESERVED_KEYS
from import_relay.telemetry.log_levels import LAMBDA_LOG_LEVEL, LOG_LEVEL
from import_relay.telemetry.outcome_log import SERVICE, TRACE_HEADER, OutcomeLog

Captured = pytest.CaptureFixture[str]


def lines(capsys: Captured) -> list[dict[str, Any]]:
    """What the log has written since the last call."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> OutcomeLog:
    """A log that shows errors alone."""
    with monkeypatch.context() as patched:
        patched.setenv(LOG_LEVEL, "ERROR")
        return OutcomeLog()


def test_a_record_carries_its_keys_and_its_metrics(capsys: Captured) -> None:
    OutcomeLog().write("webhook.stored", {"ItemsReceived": 3, "Webhooks": 1}, delivery="d1")
    (line,) = lines(capsys)
    assert list(line)[:4] == ["level", "message", "timestamp", "service"]
    assert (line["message"], line["level"], line["delivery"]) == ("webhook.stored", "INFO", "d1")
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "ImportRelay"
    assert directive["Dimensions"] == [["service"]]
    assert directive["Metrics"] == [
        {"Name": "ItemsReceived", "Unit": "Count"},
        {"Name": "Webhooks", "Unit": "Count"},
    ]
    assert (line["ItemsReceived"], line["Webhooks"], line["service"]) == (3, 1, SERVICE)


def test_what_is_received_is_counted_by_connection_too(
    hidden: OutcomeLog, capsys: Captured
) -> None:
    OutcomeLog().write("webhook.stored", {"ItemsReceived": 4, "Webhooks": 1}, connection="erp")
    hidden.write("webhook.stored", {"ItemsReceived": 4, "Webhooks": 1}, connection="erp")
    for line in lines(capsys):
        webhooks, items = line["_aws"]["CloudWatchMetrics"]
        assert webhooks["Dimensions"] == [["service"]]
        assert webhooks["Metrics"] == [{"Name": "Webhooks", "Unit": "Count"}]
        assert items["Dimensions"] == [["service"], ["service", "connection"]]
        assert items["Metrics"] == [{"Name": "ItemsReceived", "Unit": "Count"}]
        assert (line["connection"], line["ItemsReceived"], line["Webhooks"]) == ("erp", 4, 1)


def test_what_ended_is_counted_by_connection_alone(hidden: OutcomeLog, capsys: Captured) -> None:
    OutcomeLog().write_of_connection("batch.rejected", "erp", {"ItemsRejected": 2}, reference="r1")
    hidden.write_of_connection("batch.rejected", "erp", {"ItemsRejected": 2})
    shown, counted = lines(capsys)
    assert shown["reference"] == "r1"
    for line in (shown, counted):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service", "connection"]]
        assert directive["Metrics"] == [{"Name": "ItemsRejected", "Unit": "Count"}]
        assert (line["service"], line["connection"], line["ItemsRejected"]) == (SERVICE, "erp", 2)


def test_no_other_metric_has_a_connection(capsys: Captured) -> None:
    OutcomeLog().write("webhook.refused", {"WebhooksRefused": 1}, connection="erp")
    OutcomeLog().write("webhook.stored", {"ItemsReceived": 1})
    for line in lines(capsys):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service"]]


def test_metrics_of_one_record_are_not_in_the_next(capsys: Captured) -> None:
    log = OutcomeLog()
    log.write("a", {"First": 1})
    log.write("b", {"Second": 2}, level="warning")
    log.write("c", {})
    first, second, third = lines(capsys)
    assert [one["level"] for one in (first, second, third)] == ["INFO", "WARNING", "INFO"]
    assert "First" not in second
    assert "_aws" not in third


def test_a_log_level_that_hides_the_record_keeps_the_metrics(
    hidden: OutcomeLog, capsys: Captured
) -> None:
    hidden.write("a", {"First": 1}, delivery="d1")
    hidden.write("b", {}, delivery="d1")
    (line,) = lines(capsys)
    assert line["First"] == 1
    assert "delivery" not in line
    assert "message" not in line


def test_counts_may_belong_to_an_earlier_time_than_the_line(capsys: Captured) -> None:
    log = OutcomeLog()
    log.write("a", {"First": 1}, counted_at=1_795_262_400_123_456)
    log.write("b", {"First": 1})
    first, second = (line["_aws"] for line in lines(capsys))
    assert first["Timestamp"] == 1_795_262_400_123
    assert second["Timestamp"] != first["Timestamp"]


def test_a_line_says_when_it_was_written_in_utc(capsys: Captured) -> None:
    OutcomeLog().write("a", {})
    (line,) = lines(capsys)
    assert len(line["timestamp"]) == len("2026-11-21T12:00:00.000+00:00")
    assert line["timestamp"].endswith("+00:00")


def test_a_key_without_a_value_is_left_out(capsys: Captured) -> None:
    OutcomeLog().write("a", {}, code=None, reason="")
    (line,) = lines(capsys)
    assert "code" not in line
    assert line["reason"] == ""


def test_a_key_that_the_line_itself_uses_is_written_under_another_name(capsys: Captured) -> None:
    log = OutcomeLog()
    keys = dict.fromkeys(RESERVED_KEYS - {"level"}, "given")
    log.write("a", {"First": 1}, **keys)  # type: ignore[arg-type]
    log.write_of_connection("a", "erp", {"First": 1}, **keys)
    for line in lines(capsys):
        assert (line["message"], line["level"], line["message_"]) == ("a", "INFO", "given")
        assert (line["service"], line["_aws_"]) == (SERVICE, "given")
        assert line["timestamp"] != "given"


def test_a_value_that_json_does_not_know_is_written_as_text(capsys: Captured) -> None:
    OutcomeLog().write("a", {}, reason=ValueError("no"))
    (line,) = lines(capsys)
    assert line["reason"] == "no"


def test_text_that_is_not_unicode_is_escaped_and_all_else_is_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8"))
    OutcomeLog().write("a", {}, reason="Straße \ud800\n")
    text = written.getvalue().decode()
    assert "Straße \\ud800\\n" in text
    assert json.loads(text)["reason"] == "Straße \ud800\n"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Root=1-5759e988-bd86;Parent=53995c3f42cd8ad8;Sampled=1", "1-5759e988-bd86"),
        ("Root=1-5759e988-bd86;Parent=53995c3f42cd8ad8;Sampled=0", None),
        ("Root=1-5759e988-bd86", None),
        ("", None),
    ],
)
def test_a_line_names_the_trace_that_is_kept(
    header: str, expected: str | None, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(TRACE_HEADER, header)
    OutcomeLog().write("a", {})
    (line,) = lines(capsys)
    assert line.get("xray_trace_id") == expected


def test_metrics_have_a_line_of_their_own_where_lambda_drops_lower_levels(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(LAMBDA_LOG_LEVEL, "WARN")
    OutcomeLog().write("a", {"First": 1}, level="error", delivery="d1")
    told, counted = lines(capsys)
    assert (told["message"], told["level"], "_aws" in told) == ("a", "ERROR", False)
    assert (counted["First"], counted["level"]) == (1, "WARN")
