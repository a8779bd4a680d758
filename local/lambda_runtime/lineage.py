"""Counts how often a chain of messages invokes a function: Lambda's recursive loop detection.

The count travels in the trace header: the Runtime API hands it to the function, botocore sends it
with each call, `queues` keeps it with the message, and `poller` reads it from there. `functions`
refuses the seventeenth invocation (Lambda developer guide, "Use Lambda recursive loop detection").
Which lineage a batch of several messages has is not documented: here it has the longest of all.
Chains through Step Functions are not counted, as that page names SQS, SNS and S3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote
from zlib import crc32

MAX_INVOCATIONS = 16
_PART = re.compile(r"1:([0-9a-f]{8}):([0-9]+)")

Lineage = Mapping[str, int]
"""Mark of a function → how often the chain has invoked it."""


class LoopDetected(Exception):
    """The function is not invoked: the chain has invoked it as often as Lambda allows."""


def mark(function_arn: str) -> str:
    """What stands for a function in the header."""
    return f"{crc32(function_arn.encode()):08x}"


def parsed(header: str) -> dict[str, int]:
    """The lineage in a trace header; none without one."""
    _, _, text = unquote(header).partition("Lineage=")
    return {name: int(count) for name, count in _PART.findall(text.partition(";")[0])}


def longest(headers: Iterable[str]) -> dict[str, int]:
    """The lineage of a batch of messages with these trace headers."""
    found: dict[str, int] = {}
    for header in headers:
        for name, count in parsed(header).items():
            found[name] = max(count, found.get(name, 0))
    return found


def extended(lineage: Lineage, function_arn: str, *, may_loop: bool) -> dict[str, int]:
    """The lineage with one more invocation of a function.

    Raises:
        LoopDetected: it would be one too many, and the function may not loop.
    """
    own = mark(function_arn)
    count = lineage.get(own, 0) + 1
    if count > MAX_INVOCATIONS and not may_loop:
        raise LoopDetected(function_arn)
    return {**lineage, own: count}


def header(root: str, lineage: Lineage) -> str:
    """A trace header with a lineage."""
    parts = "|".join(f"1:{name}:{count}" for name, count in sorted(lineage.items()))
    return f"{root};Lineage={parts}" if parts else root
