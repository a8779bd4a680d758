"""moto's DynamoDB reads and refuses as before; it is only faster."""

import base64

import pytest
from moto.core.responses import BaseResponse
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.responses import DynamoHandler

from local.aws.dynamodb import install_dynamodb


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DynamoHandler, "parse_parameters", BaseResponse.parse_parameters)
    monkeypatch.setattr(LimitedSizeDict, "__setitem__", LimitedSizeDict.__setitem__)
    install_dynamodb()


class Request:
    """What moto knows of a request."""

    method, path, content_type = "POST", "/", "application/x-amz-json-1.0"

    def __init__(self, body: str) -> None:
        self.values: dict[str, str] = {}
        self.data = body.encode()
        self.headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem"}


def parsed(item: str) -> object:
    handler = DynamoHandler()
    request = Request(f'{{"TableName": "t", "Item": {item}}}')
    handler.headers, handler.querystring, handler.uri_match = request.headers, {}, {}
    handler.parse_parameters(request)  # type: ignore[arg-type] # all that is read of it
    return handler.params["Item"]


def test_a_request_is_its_json() -> None:
    assert parsed('{"pk": {"S": "a"}, "n": {"M": {"B": {"N": "1"}}}}') == {
        "pk": {"S": "a"},
        "n": {"M": {"B": {"N": "1"}}},
    }


def test_a_binary_value_is_decoded_as_moto_does() -> None:
    text = base64.b64encode(b"\x00\xff").decode()
    assert parsed(f'{{"pk": {{"B": "{text}"}}}}') == {"pk": {"B": b"\x00\xff"}}


@pytest.mark.parametrize("parts", [1, 2, 50])
def test_an_item_above_400_kb_is_refused_however_it_is_divided(parts: int) -> None:
    def item(size_b: int) -> Item:
        values = {f"a{number}": {"S": "x" * (size_b // parts)} for number in range(parts)}
        return Item(DynamoType({"S": "pk"}), None, values)

    assert len(item(399_000).attrs) == parts
    with pytest.raises(ItemSizeTooLarge):
        item(410_000)
