"""moto's DynamoDB as the local stack serves it: parallel calls have the effect that AWS gives."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from local.aws import dynamodb as dynamodb_of_the_stack
from local.aws.dynamodb import install_dynamodb

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import KeySchemaElementTypeDef

TABLE, RANGED = "counts", "ranged"
THREADS, ROUNDS = 6, 20


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client, with an empty table and another one that has a range key."""
    for owner, name in (
        (DynamoHandler, "call_action"),
        (DynamoHandler, "transact_write_items"),
        (DynamoHandler, "parse_parameters"),
        (DynamoDBBackend, "transact_write_items"),
        (LimitedSizeDict, "__setitem__"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(Table, "__deepcopy__", None, raising=False)
    monkeypatch.setattr(dynamodb_of_the_stack, "_answers", OrderedDict())
    install_dynamodb()
    with mock_aws():
        client = boto3.client(
            "dynamodb", "eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        hash_key: KeySchemaElementTypeDef = {"AttributeName": "pk", "KeyType": "HASH"}
        range_key: KeySchemaElementTypeDef = {"AttributeName": "sk", "KeyType": "RANGE"}
        for name, keys in ((TABLE, [hash_key]), (RANGED, [hash_key, range_key])):
            client.create_table(
                TableName=name,
                KeySchema=keys,
                AttributeDefinitions=[
                    {"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        yield client


@pytest.fixture(autouse=True)
def other_threads_often() -> Iterator[None]:
    """Python switches threads after a few instructions each."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def adds_one(key: str, **others: Any) -> dict[str, Any]:
    """An update that counts, for a call or a transaction."""
    return {
        "TableName": TABLE,
        "Key": {"pk": {"S": key}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        **others,
    }


def puts(table: str, key: dict[str, Any], **others: Any) -> dict[str, Any]:
    """A new item, of a transaction."""
    return {"Put": {"TableName": table, "Item": {**key, "new": {"S": "yes"}}, **others}}


IMPOSSIBLE = {
    "ConditionCheck": {
        "TableName": TABLE,
        "Key": {"pk": {"S": "nothing"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
}
"""It cancels the transaction."""


def counted(dynamodb: Any, key: str) -> int:
    found = dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": key}})
    return int(found.get("Item", {"n": {"N": "0"}})["n"]["N"])


def test_what_threads_count_at_once_is_all_counted(dynamodb: Any) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        for done in [
            threads.submit(dynamodb.update_item, **adds_one("one")) for _ in range(THREADS * ROUNDS)
        ]:
            done.result()

    assert counted(dynamodb, "one") == THREADS * ROUNDS


def test_a_transaction_that_fails_undoes_nothing_of_others(dynamodb: Any) -> None:
    def fails() -> None:
        with pytest.raises(ClientError, match="TransactionCanceled"):
            dynamodb.transact_write_items(TransactItems=[{"Update": adds_one("mine")}, IMPOSSIBLE])

    with ThreadPoolExecutor(THREADS) as threads:
        began = [
            threads.submit(what)
            for _ in range(ROUNDS)
            for what in (fails, lambda: dynamodb.update_item(**adds_one("others")))
        ]
        for done in began:
            done.result()

    assert counted(dynamodb, "others") == ROUNDS
    assert counted(dynamodb, "mine") == 0


def test_a_transaction_that_is_sent_again_takes_effect_once(dynamodb: Any) -> None:
    """The SDK repeats a call, with its token, if the answer did not come in time."""
    for token in ("first", "first", "second"):
        dynamodb.transact_write_items(
            TransactItems=[{"Update": adds_one("one")}], ClientRequestToken=token
        )

    assert counted(dynamodb, "one") == 2


def test_a_transaction_that_failed_may_be_sent_again(dynamodb: Any) -> None:
    check = {**IMPOSSIBLE["ConditionCheck"], "Key": {"pk": {"S": "there"}}}
    sent = {
        "TransactItems": [{"Update": adds_one("one")}, {"ConditionCheck": check}],
        "ClientRequestToken": "token",
    }
    with pytest.raises(ClientError):
        dynamodb.transact_write_items(**sent)
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "there"}})

    dynamodb.transact_write_items(**sent)

    assert counted(dynamodb, "one") == 1


@pytest.mark.parametrize(
    ("table", "key"),
    [(TABLE, {"pk": {"S": "a"}}), (RANGED, {"pk": {"S": "a"}, "sk": {"S": "b"}})],
)
@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("kind", ["Put", "Update", "Delete"])
def test_a_transaction_that_fails_leaves_all_as_it_was(
    kind: str, is_there: bool, table: str, key: dict[str, Any], dynamodb: Any
) -> None:
    if is_there:
        dynamodb.put_item(TableName=table, Item={**key, "n": {"N": "7"}})
    before = dynamodb.scan(TableName=table)["Items"]
    operation = {
        "Put": puts(table, key),
        "Update": {"Update": adds_one("a", TableName=table, Key=key)},
        "Delete": {"Delete": {"TableName": table, "Key": key}},
    }[kind]

    with pytest.raises(ClientError, match="TransactionCanceled"):
        dynamodb.transact_write_items(TransactItems=[operation, IMPOSSIBLE])

    assert dynamodb.scan(TableName=table)["Items"] == before


def test_a_transaction_that_is_not_allowed_leaves_all_as_it_was(dynamodb: Any) -> None:
    key = {"pk": {"S": "a"}}

    with pytest.raises(ClientError, match="multiple operations"):
        dynamodb.transact_write_items(TransactItems=[puts(TABLE, key), puts(TABLE, key)])

    assert dynamodb.scan(TableName=TABLE)["Items"] == []
