"""The fakes of AWS do what AWS does: the same random calls, on the fakes and on moto.

`CONTRACT_SEEDS` in the environment is the number of sequences, for longer runs. Where moto is known
to differ from AWS's documentation, `documented` has AWS's answer.
"""

import inspect
import os
from collections.abc import Iterator
from functools import partial
from hashlib import md5
from typing import Any

import pytest

from import_relay.domain.files import FileRow
from import_relay.domain.models import Watermark
from import_relay.storage.entries import Entry, State
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.quota import Quota
from tests.simulation.aws import MAPPINGS
from tests.simulation.contract_calls import INDIRECT, METHODS, Chooser, contents
from tests.simulation.contract_requests import documented, shapes
from tests.simulation.contract_sides import LIMITS, Side, fake, in_process, moto, outcome
from tests.simulation.dynamodb import INDEX_LAG_S, DynamoDB
from tests.simulation.world import START, Fault, World
from tests.support.aws import (
    BUCKET,
    LEDGER,
    MAPPING_PARAMETER,
    SCHEDULE_GROUP,
    SCHEDULE_ROLE,
    WATERMARKS,
)
from tests.support.builders import claim

SEEDS = range(int(os.environ.get("CONTRACT_SEEDS", "2")))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_stores_do_the_same_on_the_fakes_and_on_aws(seed: int) -> None:
    calls = list(Chooser(seed).calls(60))
    with moto(seed) as real:
        made_up = fake(seed)
        for number, call in enumerate(calls):
            expected = real.run(partial(call.make, real))
            assert made_up.run(partial(call.make, made_up)) == expected, (number, call)
            assert made_up.world.now == real.world.now
        assert contents(made_up) == contents(real)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_tables_answer_as_dynamodb_does(seed: int) -> None:
    with moto(seed) as real:
        made_up = fake(seed)
        for number, request in enumerate(shapes().requests(seed, 120)):
            expected = documented(request) or request.make(real.dynamodb)
            found = made_up.run(partial(request.make, made_up.dynamodb))
            assert found == expected, (number, request)
        assert made_up.tables() == real.tables()


@pytest.mark.parametrize(
    "store",
    sorted({name.partition(".")[0] for name in METHODS}),
)
def test_every_method_of_a_store_is_among_the_calls(store: str) -> None:
    kind = type(getattr(fake(), store))
    public = {
        f"{store}.{name}"
        for name, _ in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }

    assert public - INDIRECT == {name for name in METHODS if name.startswith(f"{store}.")}


# ------------------------------------------------------------ single calls, on either side


@pytest.fixture(params=["fake", "moto"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    """Either side."""
    if request.param == "fake":
        yield fake()
    else:
        with moto() as real:
            yield real


def test_the_oldest_items_of_the_index_come_first(side: Side) -> None:
    for number in (3, 1, 2):
        one = entry()._replace(reference=f"r{number}", created_at=START + number)
        side.run(partial(side.ledger.intend, one))
    side.run(lambda: side.ledger.release(one, expected=State, target=State.ABANDONED))

    found = side.run(side.ledger.open_imports)

    assert [one.reference for one in found] == ["r1", "r3"]


def test_an_object_is_read_as_it_was_put_last(side: Side) -> None:
    put = {"Bucket": BUCKET, "Key": "a/b", "ContentType": "text/plain"}
    for body in (b"first", b"\x00second"):
        side.run(partial(side.s3.put_object, **put, Body=body))

    answer = side.run(lambda: side.s3.get_object(Bucket=BUCKET, Key="a/b"))

    assert answer["Body"].read() == b"\x00second"


def test_an_object_that_is_not_there_is_an_error(side: Side) -> None:
    found = side.run(lambda: outcome(lambda: side.s3.get_object(Bucket=BUCKET, Key="a")))

    assert found == ("NoSuchKey", [])


def test_only_the_content_that_was_listed_is_read(side: Side) -> None:
    def put(body: bytes) -> None:
        side.s3.put_object(Bucket=BUCKET, Key="inbox/a", ContentType="text/csv", Body=body)

    side.run(partial(put, b"first"))
    objects = FileObjects(side.s3, BUCKET)
    (listed,) = side.run(lambda: [*objects.inbox()])
    assert (listed.key, listed.etag, listed.size) == ("inbox/a", md5(b"first").hexdigest(), 5)  # noqa: S324

    side.run(partial(put, b"second"))

    with pytest.raises(LookupError):
        side.run(objects.opener(listed.key, listed.etag))


def test_the_rows_of_a_file_are_forgotten(side: Side) -> None:
    objects = FileObjects(side.s3, BUCKET)
    for number in range(1, 6):
        side.run(partial(objects.put_page, "file", number, [FileRow(number, {"id": number})]))
    assert side.run(lambda: objects.page("file", 4)) == [FileRow(4, {"id": 4})]

    side.run(lambda: objects.forget_rows("file"))

    assert not side.run(lambda: [*objects.outcomes("file")])
    assert not side.run(lambda: objects.exists("rows/file/pages/00004.ndjson.gz"))


@pytest.mark.parametrize("deadline", [7.0, 8.0])
def test_an_execution_that_is_started_twice_under_one_name_runs_once(
    side: Side, deadline: float
) -> None:
    side.run(lambda: side.executions.start("r1", deadline=7.0))
    side.run(lambda: side.executions.start("r2", deadline=7.0))
    side.run(lambda: side.executions.start("r1", deadline=deadline))

    assert side.executions_begun() == {"r1": 1, "r2": 1}


def test_a_name_cannot_be_used_again_for_another_input(side: Side) -> None:
    def start(document: str) -> Any:
        return side.step_functions.start_execution(
            stateMachineArn=side.machine_arn, name="r1", input=document
        )

    side.run(lambda: start("{}"))

    assert side.run(lambda: outcome(lambda: start('{"a": 1}'))) == ("ExecutionAlreadyExists", [])


def test_a_schedule_is_created_once_under_a_name(side: Side) -> None:
    def create(name: str) -> Any:
        return outcome(
            lambda: side.scheduler.create_schedule(
                Name=name,
                GroupName=SCHEDULE_GROUP,
                ScheduleExpression="at(2030-01-01T00:00:00)",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={
                    "Arn": "arn:aws:scheduler:::aws-sdk:lambda:updateEventSourceMapping",
                    "RoleArn": SCHEDULE_ROLE,
                    "Input": '{"Uuid": "mapping-1", "Enabled": true}',
                },
            )
        )

    side.run(lambda: create("one"))
    side.run(lambda: create("other"))

    assert side.run(lambda: create("one")) == ("ConflictException", [])
    assert side.schedules() == {"one", "other"}


def test_a_parameter_names_the_mappings(side: Side) -> None:
    answer = side.run(lambda: side.ssm.get_parameter(Name=MAPPING_PARAMETER))

    assert answer["Parameter"]["Value"] == ",".join(MAPPINGS)


# ------------------------------------------------------------ what AWS may do and moto never does


def with_fault(fault: Fault) -> Side:
    """The fakes, with a fault at their first call."""
    side = fake()
    side.world.faults = {1: fault}
    return side


KEYS = [f"k{number}" for number in range(9)]
RECORDS = {key: Watermark({"*": claim()}) for key in KEYS}


def test_items_that_are_left_unwritten_are_named_and_the_others_are_written() -> None:
    side = with_fault(Fault.PARTIAL)
    items = [{"PutRequest": {"Item": {"pk": {"S": key}}}} for key in KEYS]

    answer = side.run(lambda: side.dynamodb.batch_write_item(RequestItems={WATERMARKS: items}))

    left = {one["PutRequest"]["Item"]["pk"]["S"] for one in answer["UnprocessedItems"][WATERMARKS]}
    assert len(left) == 5
    assert side.tables()[WATERMARKS].keys() == set(KEYS) - left


def test_keys_that_are_left_unread_are_named_and_the_others_are_answered() -> None:
    side = fake()
    side.run(lambda: side.watermarks.write(RECORDS))
    side.world.faults = {side.world.calls + 1: Fault.PARTIAL}
    wanted = {"Keys": [{"pk": {"S": key}} for key in KEYS], "ConsistentRead": True}

    answer = side.run(lambda: side.dynamodb.batch_get_item(RequestItems={WATERMARKS: wanted}))

    found = [one["pk"]["S"] for one in answer["Responses"][WATERMARKS]]
    left = [one["pk"]["S"] for one in answer["UnprocessedKeys"][WATERMARKS]["Keys"]]
    assert found
    assert left
    assert sorted(found + left) == KEYS


@pytest.mark.parametrize("fault", [Fault.PARTIAL, Fault.REPEAT, Fault.SLOW])
def test_a_store_writes_all_its_items_in_spite_of_a_fault(fault: Fault) -> None:
    side = with_fault(fault)

    side.run(lambda: side.watermarks.write(RECORDS))

    assert side.run(lambda: side.watermarks.read(KEYS)) == RECORDS
    assert side.world.hit == {1: "DynamoDB.BatchWriteItem"}


def test_a_transaction_that_is_refused_names_a_reason_and_changes_nothing() -> None:
    side = with_fault(Fault.REFUSE)
    put = {"Put": {"TableName": LEDGER, "Item": {"pk": {"S": "k"}}}}

    code, reasons = side.run(
        lambda: outcome(lambda: side.dynamodb.transact_write_items(TransactItems=[put]))
    )

    assert code == "TransactionCanceledException"
    assert set(reasons) <= {"TransactionConflict", "ThrottlingError"}
    assert side.tables()[LEDGER] == {}


def test_a_transaction_that_is_sent_twice_by_the_sdk_takes_effect_once() -> None:
    side = with_fault(Fault.REPEAT)

    assert side.run(lambda: side.ledger.intend(entry())) is True

    assert side.tables()[LEDGER]["day#2026-10-31"]["entities"] == 10


def test_messages_that_are_not_taken_are_named_and_the_others_are_stored() -> None:
    side = with_fault(Fault.PARTIAL)
    messages = [{"Id": str(n), "MessageBody": str(n)} for n in range(5)]

    answer = side.run(lambda: side.sqs.send_message_batch(QueueUrl="queue", Entries=messages))

    taken = {one["Id"] for one in answer["Successful"]}
    assert taken | {one["Id"] for one in answer["Failed"]} == {"0", "1", "2", "3", "4"}
    assert {body for body, _ in side.queued()} == taken
    assert len(taken) == 2


def test_an_index_lags_by_seconds_and_catches_up() -> None:
    world = World(0, latency_s=0.0)
    dynamodb: Any = DynamoDB(world, stale_index=1.0)
    quota = Quota(dynamodb, LEDGER, LIMITS, clock=world.clock, sleep=world.sleep)
    outcome_counts = OutcomeCounts(dynamodb, LEDGER, LIMITS.day, clock=world.clock)
    ledger = Ledger(dynamodb, LEDGER, quota, outcome_counts, clock=world.clock, sleep=world.sleep)

    in_process(world, lambda: ledger.intend(entry()))

    assert in_process(world, ledger.open_imports) == []
    world.now += INDEX_LAG_S
    assert [one.reference for one in in_process(world, ledger.open_imports)] == ["r1"]
    in_process(world, lambda: ledger.release(entry(), expected=State, target=State.ABANDONED))
    assert len(in_process(world, ledger.open_imports)) == 1
    world.now += INDEX_LAG_S
    assert in_process(world, ledger.open_imports) == []


def entry() -> Entry:
    return Entry("r1", State.INTENDED, "contact_details", 10, "2026-10-31", START, START)
