"""Where a browser finds the daily page, or the execution that tracks an import."""

from __future__ import annotations

from relay_ops.bucket import Bucket
from relay_ops.exits import CommandError
from relay_ops.stack import Stack

LINK_S = 3_600
"""For so long a link to a page works, for whoever has it."""
PAGE = "index.html"


def daily_page(stack: Stack, day: str = "") -> str:
    """A link to the daily page of a day (YYYY-MM-DD), or to the newest one.

    Raises:
        CommandError: there is no such page.
    """
    pages = [
        one.key
        for one in Bucket(stack).keys(f"daily/date={day}" if day else "daily/")
        if one.key.endswith(f"/{PAGE}")
    ]
    if not pages:
        raise CommandError(f"There is no daily page{f' of {day}' if day else ' yet'}.")
    where = {"Bucket": stack.bucket, "Key": max(pages)}
    link: str = stack.client("s3").generate_presigned_url(
        "get_object", Params=where, ExpiresIn=LINK_S
    )
    return link


def execution_page(stack: Stack, reference: str) -> str:
    """The page of the AWS console with the execution of an import.

    Raises:
        CommandError: the stack is on this machine, which has no console.
    """
    if stack.is_local:
        raise CommandError("The local stack has no console. `relay find` tells what became of it.")
    machine = stack.outputs["StateMachineArn"]
    execution = machine.replace(":stateMachine:", ":execution:") + f":{reference}"
    region = machine.split(":")[3]
    return (
        f"https://{region}.console.aws.amazon.com/states/home?region={region}"
        f"#/v2/executions/details/{execution}"
    )
