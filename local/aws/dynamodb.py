"""Spares moto's DynamoDB what takes most of the time of a write; `aws` installs it.

It walks through each request along the shapes of botocore's model, although the result is the JSON
itself, but for binary values. And for each attribute of an item it adds up all of them again.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.core.responses import BaseResponse
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
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


def install_dynamodb() -> None:
    """Read requests and make items so from now on."""
    setattr(LimitedSizeDict, "__setitem__", _set_counted)  # noqa: B010 - of moto
    setattr(DynamoHandler, "parse_parameters", _parse_parameters)  # noqa: B010 - of moto
