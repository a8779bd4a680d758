"""Makes moto's DynamoDB take one request at a time, and less time for it; `aws` installs it.

moto's threads change an item at the same time, and a transaction that fails puts whole tables back:
what another thread wrote meanwhile was lost. It does not know `ClientRequestToken`, by which a
transaction that the SDK sends again takes effect once.

For a transaction it copies each table whole. It walks through each request along the shapes of
botocore's model, although the result is the JSON itself, but for binary values. And for each
attribute of an item it adds up all of them again.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.responses import DynamoHandler

_BINARY = re.compile(rb'"BS?"\s*:')
"""May be a binary value, which arrives in Base64."""

SMALL_ITEM_B = 100_000
"""What is set into an item beyond that is added up as moto does, for DynamoDB's 400 KB."""


def _parse_parameters(handler: BaseResponse, request: Any) -> None:
    if _BINARY.search(request.data):
        BaseResponse.parse_parameters(handler, request)
    else:
        handler.params = json.loads(request.data or b"{}")


_set_measured = LimitedSizeDict.__setitem__


def _set_counted(attributes: LimitedSizeDict, key: str, value: Any) -> None:
    size_b = value.size() if type(value) is DynamoType else bytesize(str(value))
    added_b = getattr(attributes, "added_b", 0) + bytesize(key) + size_b
    setattr(attributes, "added_b", added_b)  # noqa: B010 - moto's class has no such attribute
    if added_b < SMALL_ITEM_B:
        dict.__setitem__(attributes, key, value)
    else:
        _set_measured(attributes, key, value)


_ONE_AT_A_TIME = threading.RLock()
_call_action = DynamoHandler.call_action
_transact_request = DynamoHandler.transact_write_items
_transact = DynamoDBBackend.transact_write_items

KNOWN_TOKENS = 10_000
"""Transactions that are remembered by their token; DynamoDB knows them for ten minutes."""
_answers: OrderedDict[str, Any] = OrderedDict()


def _call_alone(handler: DynamoHandler) -> TYPE_RESPONSE:
    with _ONE_AT_A_TIME:
        answer: TYPE_RESPONSE = _call_action(handler)
    return answer


def _transact_once(handler: DynamoHandler) -> Any:
    token = str(handler.body.get("ClientRequestToken", ""))
    if token in _answers:
        return _answers[token]
    answer = _transact_request(handler)
    if token:
        _answers[token] = answer
    if len(_answers) > KNOWN_TOKENS:
        _answers.popitem(last=False)
    return answer


def _transact_wholly(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    before = [_found(backend, *operation) for one in transact_items for operation in one.items()]
    try:
        _transact(backend, transact_items)
    except Exception:
        for table, keys, item in before:
            _put_back(table, keys, item)
        raise


def _found(
    backend: DynamoDBBackend, kind: str, operation: Mapping[str, Any]
) -> tuple[Table, Sequence[Any], Any]:
    """Table and key of what an operation of a transaction writes to, and what is there."""
    table = backend.get_table(operation["TableName"])
    keys = backend.get_keys_value(table, operation["Item" if kind == "Put" else "Key"])
    return table, keys, copy.deepcopy(table.get_item(*keys))


def _put_back(table: Table, keys: Sequence[Any], item: Any) -> None:
    hash_key, range_key = keys
    if item is None:
        table.delete_item(hash_key, range_key)
    elif range_key is None:
        table.items[hash_key] = item
    else:
        table.items[hash_key][range_key] = item


def install_dynamodb() -> None:
    """Serve requests, read them and make items so from now on."""
    for owner, name, ours in (
        (DynamoHandler, "call_action", _call_alone),
        (DynamoHandler, "transact_write_items", _transact_once),
        (DynamoDBBackend, "transact_write_items", _transact_wholly),
        (Table, "__deepcopy__", lambda table, _: table),  # moto's copy for a transaction
    ):
        setattr(owner, name, ours)
    setattr(LimitedSizeDict, "__setitem__", _set_counted)  # noqa: B010 - of moto
    setattr(DynamoHandler, "parse_parameters", _parse_parameters)  # noqa: B010 - of moto
