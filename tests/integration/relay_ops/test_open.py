"""`relay open` knows where the daily page and an import's execution are."""

from dataclasses import replace

import pytest

from relay_ops.exits import CommandError
from relay_ops.opening import daily_page, execution_page
from relay_ops.stack import Stack
from tests.support.aws import BUCKET

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:track"


def test_the_newest_daily_page_is_opened_or_that_of_a_day(stack: Stack) -> None:
    for day in ("2026-11-20", "2026-11-21"):
        key = f"daily/date={day}/index.html"
        stack.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"<html>")

    assert "date%3D2026-11-21/index.html" in daily_page(stack)
    assert "date%3D2026-11-20/index.html" in daily_page(stack, "2026-11-20")


def test_without_a_page_that_is_said(stack: Stack) -> None:
    with pytest.raises(CommandError, match="no daily page of 2026-11-19"):
        daily_page(stack, "2026-11-19")


def test_an_import_is_opened_in_the_console_of_its_region(stack: Stack) -> None:
    output = {"OutputKey": "StateMachineArn", "OutputValue": MACHINE}
    deployed = replace(stack, described={"Outputs": [output]})

    address = execution_page(deployed, "20261121T120000-contact-1")

    assert address.startswith("https://eu-central-1.console.aws.amazon.com/states/")
    assert address.endswith(":execution:track:20261121T120000-contact-1")
    with pytest.raises(CommandError, match="no console"):
        execution_page(replace(stack, is_local=True), "20261121T120000-contact-1")
