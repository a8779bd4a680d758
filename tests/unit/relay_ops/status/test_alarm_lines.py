"""Lines of a log become causes: what happened, how often, and what helps."""

from import_relay.domain.codes import CODES
from relay_ops.status.alarm_lines import ALARM_EVENTS, HELPS, causes_in, name_files
from tests.docs.documents import document
from tests.template.test_alarm_commands import ALARMS, first_command, section_of

CRASHES = {"ERROR", "Task timed out"}


def test_each_alarm_of_the_template_has_its_events() -> None:
    assert ALARM_EVENTS.keys() == {section_of(name) for name in ALARMS}


def test_each_alarm_without_log_events_has_a_hint_unless_its_first_command_is_one() -> None:
    """`relay status` shows the alarm itself, so it is no hint."""
    silent = {name for name, events in ALARM_EVENTS.items() if not events}
    without = {one for one in silent if first_command(_template_name(one)) != "relay status"}
    assert HELPS.keys() == silent - without


def _template_name(alarm: str) -> str:
    found: dict[str, str] = {section_of(name): name for name in ALARMS}
    return found[alarm]


def test_each_event_is_one_of_its_function() -> None:
    rows = document("docs/runbook.md").section("Log events").rows
    known = {
        (function.replace("_", "-"), event.strip("`"))
        for events, functions, _ in rows
        for event in events.split(", ")
        for function in functions.split(", ")
    }
    expected = {
        (function, text)
        for events in ALARM_EVENTS.values()
        for function, texts in events.items()
        for text in texts
        if text not in CRASHES and text not in CODES
    }
    assert expected <= known


def test_lines_that_say_the_same_are_one_cause() -> None:
    refused = {"message": "webhook.refused", "connection": "shop", "code": "signature.mismatch"}
    lines = [
        {**refused, "delivery": "d1", "at": 10.0},
        {"message": "webhook.refused", "code": "connection.unknown", "at": 20.0},
        {**refused, "delivery": "d2", "at": 30.0},
    ]

    first, second = causes_in(lines)

    assert first.in_words("02:51") == (
        "2 x webhook.refused: connection=shop code=signature.mismatch, last 02:51"
    )
    assert (first.last, first.what_to_do) == (30.0, CODES["signature.mismatch"].what_to_do)
    assert second.count == 1


def test_a_line_that_is_no_event_is_shown_as_it_is() -> None:
    (found,) = causes_in([{"message": "Task timed out after 10.00 seconds", "at": float("inf")}])

    assert (found.in_words(""), found.what_to_do, found.last) == (
        "1 x Task timed out after 10.00 seconds",
        "",
        0.0,
    )


def test_lists_and_numbers_are_shown() -> None:
    line = {"message": "import.waiting", "suspects": ["7", "8"], "status": 409, "at": 1.0}

    (found,) = causes_in([line])

    assert found.in_words("") == "1 x import.waiting: suspects=7,8 status=409"


def test_a_file_is_named_by_its_key_if_it_is_known() -> None:
    lines = [{"message": "file.failed", "file": one, "at": 1.0} for one in ("f1", "f2")]
    causes = causes_in([*lines, {"message": "replay.failed", "replay": "r", "at": 1.0}])

    name_files(causes, lambda ids: {"f1": "inbox/erp/a.csv"} if ids == ["f1", "f2"] else {})

    assert [one.said for one in causes] == [
        {"file": "inbox/erp/a.csv"},
        {"file": "f2"},
        {"replay": "r"},
    ]


def test_without_files_nothing_is_looked_up() -> None:
    name_files(causes_in([{"message": "replay.failed", "replay": "r", "at": 1.0}]), _never)


def _never(_: list[str]) -> dict[str, str]:
    raise AssertionError
