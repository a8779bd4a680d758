"""Event ids: the sender's if it can be kept, else one that its text gives."""

import pytest

from import_relay.connectors.shared.event_ids import (
    MAX_EVENT_ID_LENGTH,
    content_id,
    digest,
    event_id,
    is_content_id,
    joined,
    short_id,
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("evt_1", "evt_1"),
        ("a b/c:d", "a b/c:d"),
        (7, "7"),
        (9007199254740993, "9007199254740993"),
        ("x" * MAX_EVENT_ID_LENGTH, "x" * MAX_EVENT_ID_LENGTH),
    ],
)
def test_the_senders_id_is_kept(given: object, expected: str) -> None:
    assert event_id(given, "{}") == expected


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        True,
        1.5,
        [],
        {"a": 1},
        "ä",
        "\ud800",
        "nul\x00",
        "line\n",
        "x" * (MAX_EVENT_ID_LENGTH + 1),
        "text:looks like ours",
    ],
)
def test_an_event_without_a_usable_id_is_known_by_its_text(given: object) -> None:
    found = event_id(given, '{"a":1}')

    assert found == content_id('{"a":1}')
    assert is_content_id(found)


@pytest.mark.parametrize("given", ["evt_1", 7, "x" * MAX_EVENT_ID_LENGTH])
def test_an_event_with_an_id_is_not_known_by_its_text(given: object) -> None:
    assert not is_content_id(event_id(given, "{}"))


@pytest.mark.parametrize("composite", ["a:7:ä", "x" * (MAX_EVENT_ID_LENGTH + 1), "text:a", ""])
def test_an_id_of_parts_that_cannot_be_kept_is_still_one_of_the_sender(composite: str) -> None:
    assert short_id("a:7") == "a:7"
    assert short_id(composite) == digest(composite)
    assert not is_content_id(short_id(composite))


def test_digests_tell_texts_apart_and_are_short() -> None:
    assert digest("a") == "ypeBEsobvcr6wjGzmiPcTQ"
    assert digest("a") != digest("b")
    assert len(digest("ä" * 1_000)) == 22


def test_parts_are_joined_if_all_are_there() -> None:
    assert joined("a", 7, "b") == "a:7:b"
    assert joined("a", None) is joined("", "b") is joined(0) is None
