"""`relay daily` and `relay open`: a page is written when asked for, and shown in a browser."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config

import relay_ops.stack
from relay_ops.app import run
from relay_ops.daily_pages import page_address, page_key, write_daily
from relay_ops.exits import CommandError, ExitCode
from relay_ops.stack import Stack, own_config
from tests.support.aws import BUCKET, Aws

PAGE = "daily/date=2026-11-21/index.html"


class FakeLambda:
    """Answers one invocation."""

    def __init__(self, content: Mapping[str, Any], error: str = "") -> None:
        self._content = content
        self._error = error
        self.asked: list[dict[str, Any]] = []

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(self._content).encode())}
        return answer | ({"FunctionError": self._error} if self._error else {})


def with_lambda(stack: Stack, fake: FakeLambda, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack with this Lambda, which commands open."""
    made = replace(stack, _clients={"lambda": fake})
    made.__dict__["resources"] = {"WriteDailyReport": "the-function"}
    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: made)
    return made


def put_page(aws: Aws, key: str = PAGE) -> None:
    aws.s3.put_object(Bucket=BUCKET, Key=key, Body=b"<html>", ContentType="text/html")


def test_a_page_is_written_for_the_day_that_is_asked_for(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeLambda({"date": "2026-11-21", "key": PAGE, "is_new": True})
    with_lambda(stack, fake, monkeypatch)

    assert run(["daily", "--date", "2026-11-21"]) == ExitCode.DONE

    assert fake.asked == [{"FunctionName": "the-function", "Payload": b'{"date": "2026-11-21"}'}]
    assert capsys.readouterr().out.strip() == f"s3://{BUCKET}/{PAGE}"


def test_a_day_may_be_written_without_hyphens(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeLambda({"key": PAGE})
    with_lambda(stack, fake, monkeypatch)

    assert run(["daily", "--date", "20261121"]) == ExitCode.DONE
    assert fake.asked[0]["Payload"] == b'{"date": "2026-11-21"}'


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026-11-31", "2999-01-01"])
def test_what_is_no_day_of_the_past_is_refused_before_anything_is_asked(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], day: str
) -> None:
    fake = FakeLambda({})
    with_lambda(stack, fake, monkeypatch)

    assert run(["daily", "--date", day]) == ExitCode.USAGE
    assert day in capsys.readouterr().err
    assert fake.asked == []


def test_a_function_that_fails_is_named(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = FakeLambda({"errorType": "StoreUnavailable", "errorMessage": "x"}, "Unhandled")

    with pytest.raises(CommandError, match="StoreUnavailable"):
        write_daily(with_lambda(stack, failed, monkeypatch), "")


def test_the_newest_page_is_opened_or_that_of_a_day(
    aws: Aws, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_lambda(stack, FakeLambda({}), monkeypatch)
    for day in ("2026-11-19", "2026-11-21", "2026-11-20"):
        put_page(aws, f"daily/date={day}/index.html")
        put_page(aws, f"daily/date={day}/summary.json")
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)

    assert page_key(stack) == PAGE
    assert run(["open"]) == ExitCode.DONE
    assert run(["open", "--date", "2026-11-19"]) == ExitCode.DONE
    assert ["date%3D2026-11-21" in opened[0], "date%3D2026-11-19" in opened[1]] == [True, True]


def test_where_there_is_no_page_the_command_that_writes_one_is_named(stack: Stack) -> None:
    for day in ("", "2026-11-21"):
        with pytest.raises(CommandError, match="`relay daily` writes one"):
            page_key(stack, day)


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1", "me-central-1"])
def test_the_address_of_a_page_is_signed_for_the_buckets_region(stack: Stack, region: str) -> None:
    session = boto3.session.Session(
        aws_access_key_id="a", aws_secret_access_key="b", region_name=region
    )
    s3 = session.client("s3", config=Config(retries={"mode": "standard"}).merge(own_config("s3")))

    address = urlsplit(page_address(replace(stack, _clients={"s3": s3}), PAGE))

    query = parse_qs(address.query)
    assert query["X-Amz-Expires"] == ["3600"]
    assert f"/{region}/s3/" in query["X-Amz-Credential"][0]
    regional = "" if region == "us-east-1" else f".{region}"
    assert address.netloc == f"{BUCKET}.s3{regional}.amazonaws.com"
