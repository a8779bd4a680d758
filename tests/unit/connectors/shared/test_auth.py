"""Authentication methods that several CRMs share."""

from base64 import b64encode

import pytest

from import_relay.connectors.shared.auth import (
    check_basic,
    check_query_secret,
    check_secret,
    text_keys,
)
from import_relay.domain.errors import SignatureError
from tests.support.webhooks import basic


def basic_refusal(header: str | None, *secrets: str) -> str:
    with pytest.raises(SignatureError) as caught:
        check_basic(header, secrets or ("user:pass",))
    return caught.value.code


@pytest.mark.parametrize(
    ("credentials", "secrets"),
    [
        ("user:pass", ["user:pass"]),
        ("user:pass:with:colons", ["user:pass:with:colons"]),
        ("user:", ["user:"]),
        (":pass", [":pass"]),
        ("käthe:grün\u2603", ["käthe:grün\u2603"]),
        ("user:new", ["user:old", "user:new"]),
    ],
)
def test_the_right_credentials_are_accepted(credentials: str, secrets: list[str]) -> None:
    check_basic(basic(credentials), secrets)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_name_of_the_scheme_may_be_in_any_case(scheme: str) -> None:
    check_basic(basic("user:pass").replace("Basic", scheme), ["user:pass"])


@pytest.mark.parametrize("header", [None, ""])
def test_credentials_are_needed(header: str | None) -> None:
    assert basic_refusal(header) == "signature.missing"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer dXNlcjpwYXNz",
        "Basic",
        "Basic ",
        "Basic user:pass",
        "Basic dXNlcjpwYXN",
        "Basic \u2603",
        "Basic \ud800",
        "Basic " + b64encode(b"user").decode(),
        "Basic " + b64encode(b"\xff:\xfe").decode(),
        "dXNlcjpwYXNz",
        "Basic dXNlcjpwYXNz, Basic dXNlcjpwYXNz",
    ],
)
def test_anything_but_basic_credentials_is_malformed(header: str) -> None:
    assert basic_refusal(header) == "signature.malformed"


@pytest.mark.parametrize(
    "credentials",
    [
        "user:Pass",
        "User:pass",
        "user:pass ",
        "user:pass:more",
        "user:",
        ":",
        "user:" + "p" * 100_000,
    ],
)
def test_other_credentials_are_refused(credentials: str) -> None:
    assert basic_refusal(basic(credentials)) == "signature.mismatch"


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_without_a_secret_nobody_gets_in(secrets: list[str]) -> None:
    with pytest.raises(SignatureError) as caught:
        check_secret("anything", secrets)
    assert caught.value.code == "signature.no_secret"
    with pytest.raises(SignatureError) as caught:
        check_basic(basic("user:pass"), secrets)
    assert caught.value.code == "signature.no_secret"


@pytest.mark.parametrize("secrets", [["s3cret"], ["old", "s3cret"], ["s3cret", "old"]])
def test_a_header_with_any_of_the_secrets_is_accepted(secrets: list[str]) -> None:
    check_secret("s3cret", secrets)


@pytest.mark.parametrize(
    "value",
    [
        "S3CRET",
        "s3cre",
        "s3crett",
        "s3cret, s3cret",
        " s3cret",
        "s3cret\x00",
        "\u2603",
        "\ud800",
        "s" * 1_000_000,
    ],
)
def test_another_value_in_the_header_is_refused(value: str) -> None:
    with pytest.raises(SignatureError) as caught:
        check_secret(value, ["s3cret"])
    assert caught.value.code == "signature.mismatch"


@pytest.mark.parametrize("value", [None, ""])
def test_the_header_is_needed(value: str | None) -> None:
    with pytest.raises(SignatureError) as caught:
        check_secret(value, ["s3cret", ""])
    assert caught.value.code == "signature.missing"


def test_errors_show_neither_what_was_given_nor_what_was_expected() -> None:
    with pytest.raises(SignatureError) as caught:
        check_basic(basic("ada:given-password"), ["ada:real-password"])
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("query", ["code=a+b%3D", "x=1&code=a%2Bb=", "code=a+b="])
def test_a_plus_of_a_key_in_an_address_may_be_escaped_or_not(query: str) -> None:
    check_query_secret(query, "code", ["a+b="])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("code=a%20b%3D", "signature.mismatch"),
        ("code=a+c=", "signature.mismatch"),
        ("code=a+b=&code=a+b=", "signature.malformed"),
        ("code=", "signature.missing"),
        ("", "signature.missing"),
    ],
)
def test_another_key_in_an_address_is_refused(query: str, code: str) -> None:
    with pytest.raises(SignatureError) as caught:
        check_query_secret(query, "code", ["a+b="])
    assert caught.value.code == code


def test_keys_are_the_bytes_of_the_secrets_that_can_be_used() -> None:
    assert text_keys([" käthe ", "", "\ud800"]) == ["käthe".encode(), b"\xed\xa0\x80"]
    with pytest.raises(SignatureError):
        text_keys(["", " "])
