"""The queue of faults and the signed links."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mateo_emulator.faults import Fault, FaultQueue
from mateo_emulator.links import LinkSigner

SECOND = 1_000_000


def queue_of(*faults: dict[str, object]) -> FaultQueue:
    queue = FaultQueue()
    for fault in faults:
        queue.add(Fault.model_validate(fault))
    return queue


def kinds(queue: FaultQueue, *methods: str) -> list[str | None]:
    taken = [queue.take(method) for method in methods]
    return [None if fault is None else fault.kind for fault in taken]


def test_a_fault_happens_as_often_as_asked() -> None:
    queue = queue_of({"kind": "drop_before", "count": 2})
    assert kinds(queue, "GET", "POST", "GET") == ["drop_before", "drop_before", None]


def test_a_fault_waits_for_its_method() -> None:
    queue = queue_of({"kind": "drop_before", "method": "POST"})
    assert kinds(queue, "GET", "POST") == [None, "drop_before"]


def test_faults_happen_in_their_order() -> None:
    queue = queue_of({"kind": "slow", "seconds": 1}, {"kind": "drop_before"})
    assert kinds(queue, "GET", "GET") == ["slow", "drop_before"]


def test_a_fault_can_let_the_first_requests_pass() -> None:
    queue = queue_of({"kind": "drop_before", "skip": 1})
    assert kinds(queue, "GET", "GET", "GET") == [None, "drop_before", None]


def test_a_fault_without_a_count_stays_until_it_is_deleted() -> None:
    queue = queue_of({"kind": "drop_before", "count": None})
    assert kinds(queue, "GET", "GET") == ["drop_before", "drop_before"]
    queue.clear()
    assert kinds(queue, "GET") == [None]


def test_a_fault_that_could_not_happen_waits_again() -> None:
    queue = queue_of({"kind": "timeout_after"})
    fault = queue.take("POST")
    assert fault is not None
    queue.release(fault)
    assert kinds(queue, "POST", "POST") == ["timeout_after", None]


def test_a_refused_row_is_met_by_its_value_only_and_stays() -> None:
    queue = queue_of({"kind": "refuse_row", "column": "external_id", "value": "7"})
    assert queue.take("POST") is None
    assert queue.take_refusal([{"external_id": "8"}, {"other": "7"}, "7"]) is None
    assert queue.take_refusal([{"external_id": "7"}]) is not None
    assert queue.take_refusal([{"external_id": "7"}]) is not None


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValidationError):
        queue_of({"kind": "earthquake"})


@pytest.mark.parametrize(
    "headers",
    [
        {"x y": "1"},
        {"": "1"},
        {"x": "a\r\nb"},
        {"x": " a"},
        {"x": "\u00e4"},
        {"Content-Length": "1"},
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        queue_of({"kind": "status", "headers": headers})


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_to_say_so(status: int) -> None:
    with pytest.raises(ValidationError):
        queue_of({"kind": "status", "status": status})
    assert kinds(queue_of({"kind": "status", "status": status, "body": ""}), "POST") == ["status"]


def token(link: str) -> str:
    return link.partition("?token=")[2]


def test_a_link_works_for_its_path_until_it_expires() -> None:
    signer = LinkSigner("key")
    link = token(signer.link("http://127.0.0.1", "imports/a/failed.json", 100 * SECOND))
    assert signer.accepts("imports/a/failed.json", link, 99 * SECOND)
    assert not signer.accepts("imports/a/failed.json", link, 101 * SECOND)
    assert not signer.accepts("imports/b/failed.json", link, 99 * SECOND)


@pytest.mark.parametrize("text", ["", "x", "100", "100.", "100.\u00e9", "9999999999999.a", "².a"])
def test_a_made_up_token_does_not_work(text: str) -> None:
    assert not LinkSigner("key").accepts("imports/a/failed.json", text, 0)
