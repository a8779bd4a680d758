"""One line per outcome, with its metrics."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from import_relay.domain.log_events import RESERVED_KEYS
from import_relay.telemetry.outcome_log import SERVICE, OutcomeLog


@pytest.fixture
def stream() -> Iterator[StringIO]:
    """What the log writes, for a log that is made in the test."""
    OutcomeLog()
    (handler,) = (
        one for one in logging.getLogger(SERVICE).handlers if isinstance(one, logging.StreamHandler)
    )
    stream = StringIO()
    before = handler.setStream(stream)
    level = logging.getLogger(SERVICE).level
    yield stream
    logging.getLogger(SERVICE).setLevel(level)
    if before is not None:
        handler.setStream(before)


def test_a_record_carries_its_keys_and_its_metrics(stream: StringIO) -> None:
    OutcomeLog().write("webhook.stored", {"ItemsReceived": 3, "Webhooks": 1}, delivery="d1")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["message"], line["level"], line["delivery"]) == ("webhook.stored", "INFO", "d1")
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "ImportRelay"
    assert directive["Dimensions"] == [["service"]]
    assert directive["Metrics"] == [
        {"Name": "ItemsReceived", "Unit": "Count"},
        {"Name": "Webhooks", "Unit": "Count"},
    ]
    assert (line["ItemsReceived"], line["Webhooks"], line["service"]) == ([3.0], [1.0], SERVICE)


def test_what_is_received_is_counted_by_connection_too(
    stream: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    log = OutcomeLog()
    log.write("webhook.stored", {"ItemsReceived": 3, "Webhooks": 1}, connection="erp")
    logging.getLogger(SERVICE).setLevel(logging.ERROR)
    log.write("webhook.stored", {"ItemsReceived": 4}, connection="erp")
    for text in (stream.getvalue(), capsys.readouterr().out):
        line = json.loads(text)
        service, connection = line["_aws"]["CloudWatchMetrics"]
        assert service["Dimensions"] == [["service"]]
        assert connection["Dimensions"] == [["service", "connection"]]
        assert connection["Metrics"] == [{"Name": "ItemsReceived", "Unit": "Count"}]
        assert line["connection"] == "erp"


def test_what_ended_is_counted_by_connection_alone(
    stream: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    log = OutcomeLog()
    log.write_of_connection("batch.rejected", "erp", {"ItemsRejected": 2}, reference="r1")
    logging.getLogger(SERVICE).setLevel(logging.ERROR)
    log.write_of_connection("batch.rejected", "erp", {"ItemsRejected": 2})
    for text in (stream.getvalue(), capsys.readouterr().out):
        line = json.loads(text)
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service", "connection"]]
        assert directive["Metrics"] == [{"Name": "ItemsRejected", "Unit": "Count"}]
        assert (line["service"], line["connection"], line["ItemsRejected"]) == (SERVICE, "erp", 2)


def test_no_other_metric_has_a_connection(stream: StringIO) -> None:
    OutcomeLog().write("webhook.refused", {"WebhooksRefused": 1}, connection="erp")
    OutcomeLog().write("webhook.stored", {"ItemsReceived": 1})
    for text in stream.getvalue().splitlines():
        (directive,) = json.loads(text)["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service"]]


def test_metrics_of_one_record_are_not_in_the_next(stream: StringIO) -> None:
    log = OutcomeLog()
    log.write("a", {"First": 1})
    log.write("b", {"Second": 2}, level="warning")
    log.write("c", {})
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["level"] for one in lines] == ["INFO", "WARNING", "INFO"]
    assert "First" not in lines[1]
    assert "_aws" not in lines[2]


def test_a_log_level_that_hides_the_record_keeps_the_metrics(
    stream: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    log = OutcomeLog()
    logging.getLogger(SERVICE).setLevel(logging.ERROR)
    log.write("a", {"First": 1}, delivery="d1")
    log.write("b", {}, delivery="d1")
    assert not stream.getvalue()
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["First"] == [1.0]
    assert "delivery" not in line


def test_counts_may_belong_to_an_earlier_time_than_the_line(stream: StringIO) -> None:
    log = OutcomeLog()
    log.write("a", {"First": 1}, counted_at=1_795_262_400_123_456)
    log.write("b", {"First": 1})
    first, second = (json.loads(line)["_aws"] for line in stream.getvalue().splitlines())
    assert first["Timestamp"] == 1_795_262_400_123
    assert second["Timestamp"] != first["Timestamp"]


def test_a_key_of_the_line_itself_ends_nobody_and_changes_no_line(stream: StringIO) -> None:
    """Python's logger would raise a KeyError, in the midst of whatever is being done."""
    log = OutcomeLog()
    keys = dict.fromkeys(RESERVED_KEYS - {"level"}, "given")
    log.write("a", {"First": 1}, **keys)  # type: ignore[arg-type]
    log.write_of_connection("a", "erp", {"First": 1}, **keys)
    for line in map(json.loads, stream.getvalue().splitlines()):
        assert (line["message"], line["level"], line["message_"]) == ("a", "INFO", "given")
        assert line["service"] == SERVICE
        assert line["timestamp"] != "given"
