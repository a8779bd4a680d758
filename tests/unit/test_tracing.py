"""Tracing is there only when it is asked for."""

from typing import Any

import pytest

from import_relay.tracing import traced


def answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return event


@pytest.mark.parametrize("value", [None, "", "true", "TRUE", "1"])
def test_without_tracing_a_handler_is_itself(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("POWERTOOLS_TRACE_DISABLED", raising=False)
    if value is not None:
        monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", value)
    assert traced(answer) is answer


def test_with_tracing_a_handler_is_wrapped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Tracer:
        def capture_lambda_handler(self, **options: bool) -> Any:
            assert options == {"capture_response": False, "capture_error": False}
            return lambda handler: lambda event, context: handler(event | {"traced": 1}, context)

    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "false")
    monkeypatch.setattr("aws_lambda_powertools.tracing.Tracer", Tracer)
    wrapped = traced(answer)
    assert wrapped({"a": 1}, None) == {"a": 1, "traced": 1}
