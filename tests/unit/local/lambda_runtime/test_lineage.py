"""A chain of messages invokes a function sixteen times, and no more unless it may loop."""

from urllib.parse import quote

import pytest

from local.lambda_runtime.lineage import LoopDetected, extended, header, longest, mark, parsed

ARN = "arn:aws:lambda:us-east-1:123456789012:function:submit"
OTHER = "arn:aws:lambda:us-east-1:123456789012:function:receive"
ROOT = "Root=1-00000000-0000;Sampled=0"


def test_a_lineage_survives_the_header_also_as_botocore_quotes_it() -> None:
    lineage = {mark(ARN): 15, mark(OTHER): 1}
    sent = quote(header(ROOT, lineage), safe="-=;:+&[]{}\"',")

    assert parsed(sent) == parsed(header(ROOT, lineage)) == lineage


@pytest.mark.parametrize("text", ["", ROOT, f"{ROOT};Lineage=", "Lineage=1:xyz:3", "nonsense"])
def test_a_header_without_lineage_begins_a_chain(text: str) -> None:
    assert parsed(text) == {}


def test_no_lineage_leaves_the_header_as_it_is() -> None:
    assert header(ROOT, {}) == ROOT


def test_each_function_is_counted_for_itself() -> None:
    lineage = extended(extended({}, OTHER, may_loop=False), ARN, may_loop=False)

    assert lineage == {mark(OTHER): 1, mark(ARN): 1}
    assert longest([header(ROOT, lineage), header(ROOT, {mark(ARN): 7})]) == {
        mark(OTHER): 1,
        mark(ARN): 7,
    }


def test_the_seventeenth_invocation_is_refused_unless_the_function_may_loop() -> None:
    lineage: dict[str, int] = {}
    for _ in range(16):
        lineage = extended(lineage, ARN, may_loop=False)

    with pytest.raises(LoopDetected):
        extended(lineage, ARN, may_loop=False)
    assert extended(lineage, ARN, may_loop=True) == {mark(ARN): 17}
    assert extended(lineage, OTHER, may_loop=False)[mark(OTHER)] == 1
