"""Lambda never gets the text of an error: it logs errors, and callers store them."""

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError

import import_files
import import_relay
import receive_change_events
import receive_webhook
import run_watchdog
import submit_imports
import track_import
import write_daily_report
import write_report
from import_relay.domain.errors import RelayError, StoreUnavailable
from import_relay.domain.reasons import Unexpected
from tests.support.following import Context
from tests.support.logged import log_lines
from tests.support.webhooks import ROOT, gateway_event, request

CANARY = "canary.mail@example.com"
REFUSED: Any = {"Error": {"Code": "ThrottlingException", "Message": CANARY}}
ERRORS = [
    KeyError(CANARY),
    ValueError(CANARY),
    UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
    ClientError(REFUSED, "PutItem"),
]
NOT_WAITED_FOR: list[tuple[ModuleType, str, dict[str, Any]]] = [
    (submit_imports, "submission", {"Records": []}),
    (track_import, "tracking", {"reference": "r", "deadline": 1.0, "status": "wait"}),
    (write_report, "reporting", {"reference": "r", "status": "finished"}),
    (write_report, "reporting", {"reference": "r", "status": "requeue"}),
    (import_files, "importing", {"detail": {"object": {"key": f"inbox/erp/{CANARY}.csv"}}}),
    (import_files, "importing", {}),
    (run_watchdog, "watchdog", {}),
    (write_daily_report, "daily_reporting", {"date": CANARY}),
    (write_daily_report, "daily_reporting", {}),
]
FUNCTIONS = [importlib.import_module(one.stem) for one in (ROOT / "functions").glob("*/*.py")]


def raising(error: Exception) -> Callable[[], NoReturn]:
    def factory() -> NoReturn:
        raise error

    return factory


@pytest.mark.parametrize("error", ERRORS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    ("module", "factory", "event"), NOT_WAITED_FOR, ids=lambda one: getattr(one, "__name__", None)
)
def test_a_function_that_nobody_waits_for_fails_without_the_errors_text(
    module: ModuleType,
    factory: str,
    event: dict[str, Any],
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, factory, raising(error))

    with log_lines() as lines, pytest.raises(Unexpected) as found:
        module.handler(event, Context())

    assert CANARY not in f"{found.value} {lines()}"
    assert found.value.__cause__ is found.value.__context__ is None
    if isinstance(error, ClientError):
        assert "ThrottlingException in PutItem" in str(found.value)


@pytest.mark.parametrize("error", ERRORS, ids=lambda one: type(one).__name__)
def test_the_receivers_say_what_happened_without_the_errors_text(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive_webhook, "intake", raising(error))
    monkeypatch.setattr(receive_change_events, "intake", raising(error))

    with log_lines() as lines:
        answer = receive_webhook.handler(gateway_event(request(CANARY), "json"), Context())
        with pytest.raises(StoreUnavailable) as found:
            receive_change_events.handler({"source": CANARY, "detail": CANARY}, Context())
    shown = f"{answer} {found.value} {lines()}"

    assert answer["statusCode"] == 503
    assert CANARY not in shown
    assert ("ThrottlingException in PutItem" in shown) == isinstance(error, ClientError)


def test_every_function_that_nobody_waits_for_is_tried_here() -> None:
    waited_for = {receive_change_events, receive_webhook}
    assert {module for module, _, _ in NOT_WAITED_FOR} == {*FUNCTIONS} - waited_for


@pytest.mark.parametrize("module", FUNCTIONS, ids=lambda one: str(one.__name__))
@pytest.mark.parametrize("event", [CANARY, {CANARY: CANARY}, [CANARY], {"detail": CANARY}])
def test_no_text_of_an_unexpected_event_is_shown(module: ModuleType, event: Any) -> None:
    with log_lines() as lines:
        try:
            shown = str(module.handler(event, Context()))
        except (Unexpected, RelayError) as error:
            shown = str(error)
    assert CANARY not in f"{shown} {lines()}"


def test_every_function_of_the_template_is_guarded() -> None:
    for folder in sorted((ROOT / "functions").iterdir()):
        if (folder / f"{folder.name}.py").is_file():
            handler = importlib.import_module(folder.name).handler
            assert hasattr(handler, "__wrapped__"), f"{folder.name}: put @without_payload before it"


OF_AWS = re.compile(r"\b(ClientError|BotoCoreError|GetParameterError|AWS_ERRORS)\b")
BY_TYPE = re.compile(r"type\(\w+\)\.__name__")


def test_errors_of_aws_are_named_by_reason_of_everywhere() -> None:
    """By its type alone a throttled call looks like one that is not allowed."""
    package = Path(import_relay.__file__).parent
    texts = {
        path.relative_to(package).as_posix(): path.read_text(encoding="utf-8")
        for path in package.rglob("*.py")
    }
    catching = {name: text for name, text in texts.items() if OF_AWS.search(text)}
    del catching["domain/reasons.py"]  # `reason_of` is here

    assert "submit/submission.py" in catching
    assert not [name for name, text in catching.items() if BY_TYPE.search(text)]
