"""Event ids: the sender's if it can be kept, else a digest."""

import pytest

from import_relay.connectors.shared.event_ids import MAX_EVENT_ID_LENGTH, digest, event_id, joined


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
    ],
)
def test_an_id_that_is_no_short_printable_text_is_replaced_by_a_digest(given: object) -> None:
    assert event_id(given, '{"a":1}') == digest('{"a":1}')


def test_digests_tell_texts_apart_and_are_short() -> None:
    assert digest("a") == "ypeBEsobvcr6wjGzmiPcTQ"
    assert digest("a") != digest("b")
    assert len(digest("ä" * 1_000)) == 22


def test_parts_are_joined_if_all_are_there() -> None:
    assert joined("a", 7, "b") == "a:7:b"
    assert joined("a", None) is joined("", "b") is joined(0) is None
