"""What AWS answered, by its code."""

import pytest
from botocore.exceptions import ClientError

from import_relay.storage.aws_errors import code_of, is_no_object
from tests.support.clients import client_error


def test_the_code_is_awss_own_or_nothing() -> None:
    assert code_of(client_error("ThrottlingException")) == "ThrottlingException"
    assert code_of(ClientError({}, "GetItem")) == ""


@pytest.mark.parametrize(
    ("code", "missing"),
    [("NoSuchKey", True), ("404", True), ("NoSuchBucket", False), ("403", False)],
)
def test_an_object_that_is_not_there_is_told_from_a_refusal(code: str, *, missing: bool) -> None:
    assert is_no_object(client_error(code)) is missing
