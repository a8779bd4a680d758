"""The watermarks: what was claimed for each record, read and written in bulk."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.files import MAX_WAIT_DAYS
from import_relay.domain.models import Claim, Watermark
from import_relay.storage.files import ROWS_LOST_AFTER_S
from import_relay.storage.watermarks import WATERMARK_DAYS, Watermarks
from tests.support.aws import WATERMARKS
from tests.support.builders import NOON, claim
from tests.support.clients import Overruling, client_error
from tests.support.relay import Relay

KEY = "contact_details#external_id:1"


def with_client(relay: Relay, **methods: Any) -> Watermarks:
    client: Any = Overruling(relay.aws.dynamodb, **methods)
    return Watermarks(client, WATERMARKS, clock=relay.clock, sleep=relay.clock.sleep)


def many(number: int) -> dict[str, Watermark]:
    return {f"{KEY}{n}": Watermark({"*": claim(n, f"e{n}")}) for n in range(number)}


def test_a_watermark_comes_back_as_it_was_written(relay: Relay) -> None:
    claims = {
        "*": Claim(2**62, "evt_1", "d1/0", "ref-1"),
        "email": Claim(-5, "", "d2/3~1", "ref-2", failed=True),
        "my field.with dots": Claim(0, "Zoë", "d3/0", "", repeated_by="d4/2", as_new_as="d1/0"),
    }
    watermark = Watermark(claims, ("d0/7", "d0/1~2"))

    relay.watermarks.write({KEY: watermark})

    assert relay.watermarks.read([KEY]) == {KEY: watermark}


def test_writing_replaces_all_that_is_remembered_of_a_record(relay: Relay) -> None:
    relay.watermarks.write({KEY: Watermark({"*": claim(1), "email": claim(2)}, ("d0/7",))})
    relay.watermarks.write({KEY: Watermark({"*": claim(3)})})

    assert relay.watermarks.read([KEY]) == {KEY: Watermark({"*": claim(3)})}


def test_a_record_without_a_claim_has_no_watermark(relay: Relay) -> None:
    assert relay.watermarks.read([KEY]) == {}
    assert relay.watermarks.read([]) == {}
    relay.watermarks.write({})


def test_more_records_than_one_call_takes_are_read_and_written(relay: Relay) -> None:
    relay.watermarks.write(many(260))

    assert relay.watermarks.read([*many(260), *many(260), "unknown"]) == many(260)


def test_watermarks_expire(relay: Relay) -> None:
    relay.watermarks.write({KEY: Watermark({"*": claim()})})

    item = relay.aws.dynamodb.get_item(TableName=WATERMARKS, Key={"pk": {"S": KEY}})["Item"]
    assert item["expires_at"] == {"N": str(int(NOON) + WATERMARK_DAYS * 86_400)}


# what DynamoDB leaves undone


def test_what_was_left_unwritten_is_written_again(relay: Relay) -> None:
    def take_ten(real: Any, *, RequestItems: Any) -> Any:  # noqa: N803
        items = RequestItems[WATERMARKS]
        real(RequestItems={WATERMARKS: items[:10]})
        return {"UnprocessedItems": {WATERMARKS: items[10:]} if items[10:] else {}}

    with_client(relay, batch_write_item=take_ten).write(many(60))

    assert relay.watermarks.read(many(60)) == many(60)


def test_a_table_that_takes_nothing_again_and_again_is_unavailable(relay: Relay) -> None:
    def nothing(real: Any, *, RequestItems: Any) -> Any:  # noqa: N803
        return {"UnprocessedItems": RequestItems}

    with pytest.raises(StoreUnavailable):
        with_client(relay, batch_write_item=nothing).write(many(3))


def test_each_try_waits_longer(relay: Relay) -> None:
    times: list[float] = []

    def nothing(real: Any, *, RequestItems: Any) -> Any:  # noqa: N803
        times.append(relay.clock.now)
        return {"UnprocessedItems": RequestItems}

    with pytest.raises(StoreUnavailable):
        with_client(relay, batch_write_item=nothing).write(many(1))

    waits = [after - before for before, after in pairwise(times)]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


BULK: dict[str, Callable[[Watermarks], object]] = {
    "batch_get_item": lambda watermarks: watermarks.read(many(250)),
    "batch_write_item": lambda watermarks: watermarks.write(many(60)),
}


@pytest.mark.parametrize("method", BULK)
def test_an_error_of_one_batch_is_an_error_of_the_whole(relay: Relay, method: str) -> None:
    calls = []

    def second_fails(real: Any, **arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise client_error("AccessDeniedException")
        return real(**arguments)

    watermarks = with_client(relay, **{method: second_fails})

    with pytest.raises(ClientError, match="AccessDenied"):
        BULK[method](watermarks)


# failures


def test_a_failed_row_may_be_claimed_again(relay: Relay) -> None:
    claims = {"*": claim(1, reference="r1"), "email": claim(2, reference="r1")}
    relay.watermarks.write({KEY: Watermark(claims, ("d0/7",))})

    relay.watermarks.fail_claims([(KEY, ["*"])], "r1")

    failed = {"*": claim(1, reference="r1", failed=True), "email": claim(2, reference="r1")}
    assert relay.watermarks.read([KEY]) == {KEY: Watermark(failed, ("d0/7",))}


def test_many_failed_rows_may_be_claimed_again(relay: Relay) -> None:
    relay.watermarks.write(many(20))

    relay.watermarks.fail_claims(((key, ["*"]) for key in many(19)), "r1")

    found = relay.watermarks.read(many(20)).values()
    assert sum(one.claims["*"].failed for one in found) == 19


def test_a_claim_may_be_marked_as_failed_twice(relay: Relay) -> None:
    relay.watermarks.write({KEY: Watermark({"*": claim(1, reference="r1")})})

    relay.watermarks.fail_claims([(KEY, ["*"])], "r1")
    relay.watermarks.fail_claims([(KEY, ["*"])], "r1")

    assert relay.watermarks.read([KEY])[KEY].claims["*"].failed is True


def test_a_claim_that_belongs_to_another_import_by_now_is_left_alone(relay: Relay) -> None:
    claims = {"*": claim(1, reference="r2"), "email": claim(1, reference="r1")}
    relay.watermarks.write({KEY: Watermark(claims)})

    relay.watermarks.fail_claims([(KEY, ["*", "email", "city"])], "r1")

    assert relay.watermarks.read([KEY])[KEY].claims == {
        "*": claim(1, reference="r2"),
        "email": claim(1, reference="r1", failed=True),
    }


def test_a_watermark_that_has_expired_is_not_made_anew(relay: Relay) -> None:
    relay.watermarks.fail_claims([(KEY, ["*"])], "r1")

    assert relay.watermarks.read([KEY]) == {}


def test_any_other_error_of_marking_is_raised(relay: Relay) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        with_client(relay, update_item=denied).fail_claims([(KEY, ["*"])], "r1")


# repetitions


def test_a_repetition_is_noted_of_its_fields_alone(relay: Relay) -> None:
    claims = {"*": claim(1), "my field.with dots": claim(2), "email": claim(3)}
    relay.watermarks.write({KEY: Watermark(claims, ("d0/7",))})
    since = {
        "*": claim(1)._replace(version=8, repeated_by="d8/0"),
        "my field.with dots": claim(2)._replace(version=9, repeated_by="d9/0"),
    }

    relay.watermarks.note_repeated({KEY: since})

    assert relay.watermarks.read([KEY]) == {KEY: Watermark(claims | since, ("d0/7",))}


@pytest.mark.parametrize("claims", [{"*": claim(5, "new")}, {"email": claim(5)}, None])
def test_a_repetition_of_what_was_claimed_or_forgotten_meanwhile_is_not_noted(
    relay: Relay, claims: dict[str, Claim] | None
) -> None:
    given = {KEY: Watermark(claims)} if claims else {}
    relay.watermarks.write(given)

    relay.watermarks.note_repeated({KEY: {"*": claim(1)._replace(repeated_by="d8/0")}})

    assert relay.watermarks.read([KEY]) == given


def test_claims_are_kept_for_longer_than_any_row_may_wait() -> None:
    """In the bucket, in the queue, and as a dead letter that a person redrives on its last day."""
    assert WATERMARK_DAYS * 86_400 > MAX_WAIT_DAYS * 86_400 + ROWS_LOST_AFTER_S
