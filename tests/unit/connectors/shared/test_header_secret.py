"""A secret in a header whose name the connection chooses."""

import pytest

from import_relay.connectors.shared.header_secret import (
    DEFAULT_HEADER,
    check_header_secret,
    header_mistakes,
)
from import_relay.domain.errors import SignatureError
from tests.support.webhooks import request


@pytest.mark.parametrize("options", [{}, {"header": "X-Shop-Key"}])
def test_only_the_named_header_carries_the_secret(options: dict[str, str]) -> None:
    name = options.get("header", DEFAULT_HEADER).lower()

    check_header_secret(request("{}", {name: "new"}), ["old", "new"], options)
    for headers in ({}, {name: "wrong"}, {"x-other": "new"}):
        with pytest.raises(SignatureError):
            check_header_secret(request("{}", headers), ["old", "new"], options)


def test_without_a_secret_nobody_gets_in() -> None:
    with pytest.raises(SignatureError):
        check_header_secret(request("{}", {DEFAULT_HEADER.lower(): ""}), [], {})


@pytest.mark.parametrize("header", ["", "X Key", "X:Key", "Schlüssel", "a\nb"])
def test_a_text_that_cannot_be_the_name_of_a_header_is_a_mistake(header: str) -> None:
    assert [key for key, _ in header_mistakes({"header": header})] == ["header"]
    assert not list(header_mistakes({"header": "X-Shop_Key.1"}))
