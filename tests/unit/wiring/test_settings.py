"""Settings: each variable that is missing or wrong is named, and no value is ever shown."""

import pytest

from import_relay.bulk.settings import FileSettings
from import_relay.domain.errors import ConfigurationError
from import_relay.report.daily.settings import DailySettings
from import_relay.report.settings import ReportSettings
from import_relay.submit.settings import SubmitSettings
from import_relay.track.settings import TrackSettings
from import_relay.watch.settings import WatchdogSettings
from import_relay.wiring.settings import Settings

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:token"
VALUES = {
    "MATEO_BASE_URL": "https://mateo.example.com/api/v1",
    "MATEO_TOKEN_ARN": ARN,
    "REQUESTS_PER_SECOND": "2",
    "REQUESTS_PER_DAY": "10000",
    "ENTITIES_PER_DAY": "25000",
    "BULK_SHARE_PERCENT": "80",
    "LIMIT_TIME_ZONE": "Europe/Berlin",
    "SEND_REFERENCE_ID": "false",
    "LEDGER_TABLE": "ledger",
    "BUCKET_NAME": "bucket",
    "EVENT_SOURCE_MAPPINGS_PARAMETER": "/import-relay/event-source-mappings",
    "PAUSE_SCHEDULE_GROUP": "import-relay-pause",
    "PAUSE_SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/pause",
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/queue",
    "BULK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/bulk",
    "HELD_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/held",
    "BULK_HELD_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/bulk-held",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/dead",
    "WATERMARKS_TABLE": "watermarks",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:track",
    "CONNECTIONS_FILE": "/opt/connections.toml",
    "CRM_TOKENS_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:connections",
    "ROWS_PER_IMPORT": "5000",
    "TRACKING_HOURS": "24",
    "EVENT_SOURCE_MAPPINGS": "mapping-1",
    "ALARM_PERCENT": "5",
    "IGNORED_ALARM_PERCENT": "50",
    "ALARM_TOPIC_ARN": "",
}
SECRET = "hunter2-do-not-show"
OF_MATEO = [SubmitSettings, TrackSettings, ReportSettings]
ALL = [*OF_MATEO, WatchdogSettings, FileSettings, DailySettings]


def read(monkeypatch: pytest.MonkeyPatch, model: type[Settings], **changed: str | None) -> Settings:
    """Settings from exactly the variables of the model, some of them changed or left out."""
    for name in VALUES.keys() | changed.keys():
        monkeypatch.delenv(name, raising=False)
    for name, value in (VALUES | changed).items():
        if value is not None and name in model.environment_names():
            monkeypatch.setenv(name, value)
    return model.from_environment()


@pytest.mark.parametrize("model", OF_MATEO)
def test_settings_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings]
) -> None:
    values = read(monkeypatch, model).model_dump()

    assert values["requests_per_second"] == 2.0
    assert values["send_reference_id"] is False
    assert values["ledger_table"] == "ledger"


@pytest.mark.parametrize("model", ALL)
def test_the_names_are_those_of_the_fields_and_every_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings]
) -> None:
    assert model.environment_names() <= VALUES.keys()
    for name in model.environment_names():
        with pytest.raises(ConfigurationError, match=rf"\b{name}: Field required"):
            read(monkeypatch, model, **{name: None})


@pytest.mark.parametrize("model", ALL)
def test_every_missing_variable_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(monkeypatch, model, **dict.fromkeys(model.environment_names()))

    assert all(name in caught.value.detail for name in model.environment_names())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MATEO_BASE_URL", SECRET),
        ("MATEO_BASE_URL", f"ftp://{SECRET}"),
        ("MATEO_BASE_URL", f"https://{SECRET}/"),
        ("MATEO_TOKEN_ARN", ""),
        ("REQUESTS_PER_SECOND", "0"),
        ("REQUESTS_PER_SECOND", SECRET),
        ("REQUESTS_PER_DAY", "0"),
        ("REQUESTS_PER_DAY", "1.5"),
        ("ENTITIES_PER_DAY", SECRET),
        ("LIMIT_TIME_ZONE", SECRET),
        ("LIMIT_TIME_ZONE", "../../etc/passwd"),
        ("LIMIT_TIME_ZONE", "Europe"),
        ("LIMIT_TIME_ZONE", ""),
        ("SEND_REFERENCE_ID", SECRET),
        ("LEDGER_TABLE", ""),
        ("BUCKET_NAME", ""),
        ("ROWS_PER_IMPORT", "5001"),
        ("ROWS_PER_IMPORT", "0"),
        ("CONNECTIONS_FILE", ""),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(monkeypatch, SubmitSettings, **{name: value})

    text = f"{caught.value!r} {caught.value} {caught.value.__cause__}"
    assert name in caught.value.detail
    assert SECRET not in text
    assert "passwd" not in text


def test_other_variables_of_the_process_are_not_in_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOMETHING_ELSE", SECRET)

    assert SECRET not in repr(read(monkeypatch, TrackSettings))


def test_settings_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, TrackSettings)

    with pytest.raises(ValueError, match="frozen"):
        settings.tracking_hours = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_time_zones_are_iana_names(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    settings = read(monkeypatch, SubmitSettings, LIMIT_TIME_ZONE=zone)

    assert settings.model_dump()["limit_time_zone"] == zone
