"""Who may send CloudEvents, by the configured authentication and the origins."""

from dataclasses import replace

import pytest

from import_relay.connectors.cloudevents import events as connector
from import_relay.domain.errors import SignatureError
from tests.support.webhooks import NOW, request


def verify(options: dict[str, str], headers: dict[str, str] | None = None, query: str = "") -> None:
    given = replace(request("{}", headers), query=query)
    connector.verify(given, ["old", "s3cret"], options, now=NOW)


def test_the_configured_authentication_is_accepted() -> None:
    verify({}, {"authorization": "Bearer s3cret"})
    verify({"auth": "bearer"}, {"authorization": "bearer old"})
    verify({"auth": "query"}, query="a=b&access_token=s3cret")
    verify({"auth": "header"}, {"x-relay-secret": "s3cret"})
    verify({"auth": "header", "header": "aeg-token"}, {"aeg-token": "s3cret"})


@pytest.mark.parametrize(
    ("options", "headers", "query", "code"),
    [
        ({}, {}, "", "signature.missing"),
        ({}, {}, "access_token=s3cret", "signature.missing"),
        ({}, {"x-relay-secret": "s3cret"}, "", "signature.missing"),
        ({}, {"authorization": "Bearer"}, "", "signature.missing"),
        ({}, {"authorization": "Bearer other"}, "", "signature.mismatch"),
        ({}, {"authorization": "Bearer S3CRET"}, "", "signature.mismatch"),
        ({}, {"authorization": "Bearer s3cret, Bearer s3cret"}, "", "signature.mismatch"),
        ({}, {"authorization": "Bearer gefälscht"}, "", "signature.mismatch"),
        ({}, {"authorization": "s3cret"}, "", "signature.malformed"),
        ({}, {"authorization": "Basic s3cret"}, "", "signature.malformed"),
        ({"auth": "query"}, {"authorization": "Bearer s3cret"}, "", "signature.missing"),
        ({"auth": "query"}, {}, "access_token=other", "signature.mismatch"),
        (
            {"auth": "query"},
            {},
            "access_token=s3cret&access_token=s3cret",
            "signature.malformed",
        ),
        ({"auth": "header"}, {"authorization": "Bearer s3cret"}, "", "signature.missing"),
        ({"auth": "header"}, {"x-relay-secret": "other"}, "", "signature.mismatch"),
    ],
)
def test_any_other_authentication_is_refused(
    options: dict[str, str], headers: dict[str, str], query: str, code: str
) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(options, headers, query)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("origins", "asked", "answer"),
    [
        ("eventgrid.azure.net", "eventgrid.azure.net", "eventgrid.azure.net"),
        ("a.example.com EventGrid.azure.net", "eventgrid.azure.net", "EventGrid.azure.net"),
        ("*", "anyone.example.com", "*"),
        ("*", "", None),
        ("eventgrid.azure.net", "", None),
        ("eventgrid.azure.net", "evil.example.com", None),
        ("eventgrid.azure.net", "x.eventgrid.azure.net", None),
        ("", "eventgrid.azure.net", None),
    ],
)
def test_a_sender_may_deliver_if_its_origin_is_configured(
    origins: str, asked: str, answer: str | None
) -> None:
    given = request("", {"webhook-request-origin": asked})
    assert connector.allowed_origin(given, {"origins": origins}) == answer


def test_without_configured_origins_nobody_may_deliver() -> None:
    given = request("", {"webhook-request-origin": "eventgrid.azure.net"})
    assert connector.allowed_origin(given, {}) is None
    assert connector.allowed_origin(request(""), {"origins": "eventgrid.azure.net"}) is None
