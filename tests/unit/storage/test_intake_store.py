"""What the receiver does when AWS takes a part, takes nothing, or takes too long."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from import_relay.domain.batches import BYTES_PER_CALL
from import_relay.domain.errors import StoreUnavailable
from import_relay.storage.intake_store import MAX_CALL_S, IntakeStore

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

Entries = Sequence[dict[str, str]]
Reply = Callable[[Entries], dict[str, Any]]


def took(entries: Entries) -> dict[str, Any]:
    return {"Successful": [{"Id": entry["Id"]} for entry in entries]}


def took_all_but(ids: set[str], *, sender: bool = False) -> Reply:
    def reply(entries: Entries) -> dict[str, Any]:
        return {
            "Successful": [{"Id": one["Id"]} for one in entries if one["Id"] not in ids],
            "Failed": [
                {"Id": one["Id"], "SenderFault": sender, "Code": "Test", "Message": "secret"}
                for one in entries
                if one["Id"] in ids
            ],
        }

    return reply


def forgot(ids: set[str]) -> Reply:
    def reply(entries: Entries) -> dict[str, Any]:
        return {"Successful": [{"Id": one["Id"]} for one in entries if one["Id"] not in ids]}

    return reply


def failed(error: Exception) -> Reply:
    def reply(entries: Entries) -> dict[str, Any]:
        raise error

    return reply


TIMEOUT = ConnectTimeoutError(endpoint_url="https://example.com")
REFUSED = ClientError({"Error": {"Code": "AccessDenied", "Message": "secret"}}, "SendMessageBatch")


class Aws:
    """SQS and S3 that answer as told, then take everything; time passes only by sleeping."""

    def __init__(self, *replies: Reply, call_s: float = 0.0) -> None:
        self.replies = list(replies)
        self.call_s = call_s
        self.calls: list[list[str]] = []
        self.puts: list[str] = []
        self.now = 100.0

    def send_message_batch(self, *, QueueUrl: str, Entries: Entries) -> dict[str, Any]:  # noqa: N803
        self.calls.append([entry["MessageBody"] for entry in Entries])
        self.now += self.call_s
        return (self.replies.pop(0) if self.replies else took)(Entries)

    def put_object(self, *, Key: str, **_: object) -> None:  # noqa: N803
        self.puts.append(Key)
        self.now += self.call_s
        if self.replies:
            self.replies.pop(0)([])

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def store(self) -> IntakeStore:
        return IntakeStore(
            cast("SQSClient", self),
            "queue",
            lambda: cast("S3Client", self),
            "bucket",
            clock=lambda: self.now,
            sleep=self.sleep,
        )


def send(aws: Aws, bodies: Sequence[str], *, within_s: float = 9.5) -> None:
    aws.store().send(bodies, give_up_at=100.0 + within_s)


def test_one_message_is_one_call() -> None:
    aws = Aws()
    send(aws, ["a"])
    assert aws.calls == [["a"]]
    assert aws.now == 100.0


def test_no_message_is_no_call() -> None:
    aws = Aws()
    send(aws, [])
    assert not aws.calls


def test_a_call_takes_at_most_ten_messages() -> None:
    aws = Aws()
    send(aws, [str(n) for n in range(25)])
    assert [len(call) for call in aws.calls] == [10, 10, 5]
    assert [body for call in aws.calls for body in call] == [str(n) for n in range(25)]


def test_a_call_takes_at_most_its_bytes_of_utf8() -> None:
    aws = Aws()
    send(aws, ["ä" * 120_000] * 9)
    assert [len(call) for call in aws.calls] == [4, 4, 1]
    assert all(sum(len(body.encode()) for body in call) <= BYTES_PER_CALL for call in aws.calls)


@pytest.mark.parametrize("reply", [took_all_but({"1", "3"}), forgot({"1", "3"})])
def test_only_what_was_not_taken_is_sent_again(reply: Reply) -> None:
    aws = Aws(reply)
    send(aws, ["a", "b", "c", "d"])
    assert aws.calls == [["a", "b", "c", "d"], ["b", "d"]]
    assert aws.now > 100.0


@pytest.mark.parametrize("error", [TIMEOUT, REFUSED])
def test_a_call_that_fails_as_a_whole_is_made_again(error: Exception) -> None:
    aws = Aws(failed(error), failed(error))
    send(aws, ["a"])
    assert aws.calls == [["a"]] * 3


def test_after_three_tries_the_store_is_unavailable() -> None:
    aws = Aws(took_all_but({"0"}), failed(TIMEOUT), took_all_but({"0"}))
    with pytest.raises(StoreUnavailable) as caught:
        send(aws, ["a", "b"])
    assert aws.calls == [["a", "b"], ["a"], ["a"]]
    assert "secret" not in str(caught.value)


def test_what_is_our_own_fault_is_not_sent_again() -> None:
    aws = Aws(took_all_but({"0"}, sender=True))
    with pytest.raises(StoreUnavailable):
        send(aws, ["a", "b"])
    assert len(aws.calls) == 1


def test_the_calls_after_one_that_failed_are_not_made() -> None:
    aws = Aws(*[failed(TIMEOUT)] * 3)
    with pytest.raises(StoreUnavailable):
        send(aws, [str(n) for n in range(11)])
    assert len(aws.calls) == 3


def test_no_call_is_begun_that_might_end_too_late() -> None:
    aws = Aws(*[failed(TIMEOUT)] * 3, call_s=MAX_CALL_S)
    with pytest.raises(StoreUnavailable):
        send(aws, ["a"], within_s=2.5 * MAX_CALL_S)
    assert len(aws.calls) == 2
    assert aws.now <= 100.0 + 2.5 * MAX_CALL_S


def test_without_time_nothing_is_begun() -> None:
    aws = Aws()
    with pytest.raises(StoreUnavailable):
        send(aws, ["a"], within_s=MAX_CALL_S - 0.1)
    assert not aws.calls


def put(aws: Aws) -> None:
    aws.store().put("quarantine/x.json", b"{}", give_up_at=109.5)


def test_an_object_is_put_again_when_the_bucket_fails() -> None:
    aws = Aws(failed(TIMEOUT), failed(REFUSED))
    put(aws)
    assert aws.puts == ["quarantine/x.json"] * 3


def test_an_object_that_cannot_be_put_makes_the_store_unavailable() -> None:
    aws = Aws(*[failed(REFUSED)] * 3)
    with pytest.raises(StoreUnavailable) as caught:
        put(aws)
    assert "secret" not in str(caught.value)
    assert len(aws.puts) == 3


def test_the_client_of_the_bucket_is_made_only_when_something_is_put() -> None:
    def made() -> "S3Client":
        raise AssertionError

    aws = Aws()
    IntakeStore(cast("SQSClient", aws), "queue", made, "bucket", clock=lambda: 0.0).send(
        ["a"], give_up_at=9.5
    )
    assert aws.calls == [["a"]]
