"""The one builder of updates: what DynamoDB is told, with each placeholder read out."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from import_relay.storage.item_writes import (
    IS_KNOWN,
    IS_NEW,
    all_of,
    attribute,
    put_of,
    update_of,
)
from tests.simulation import expressions

KEY = {"pk": {"S": "k"}}


def read_out(arguments: Mapping[str, Any], expression: str) -> str:
    """An expression with what its placeholders stand for."""
    names = arguments.get("ExpressionAttributeNames", {})
    values = arguments.get("ExpressionAttributeValues", {})

    def meaning(found: re.Match[str]) -> str:
        placeholder = found[0]
        if placeholder[0] == "#":
            return str(names[placeholder])
        ((_, value),) = values[placeholder].items()
        return repr(value)

    return re.sub(r"[#:]\w+", meaning, str(arguments.get(expression, "")))


def placeholders(arguments: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Those that are used, and those that are explained: DynamoDB refuses any difference."""
    texts = [arguments.get(f"{which}Expression", "") for which in ("Update", "Condition")]
    explained = [arguments.get(f"ExpressionAttribute{which}", {}) for which in ("Names", "Values")]
    return set(re.findall(r"[#:]\w+", " ".join(texts))), {name for one in explained for name in one}


def test_each_argument_is_a_clause() -> None:
    arguments = update_of(
        "t",
        KEY,
        attribute("state").is_in(["a", "b"]) & attribute("n").lt(3),
        sets={"x": "1", "gone": None, "y": True},
        defaults={"expires_at": 7},
        adds={"rows": 2, "names": "f1"},
        deletes={"others": "f2"},
    )

    assert (arguments["TableName"], arguments["Key"]) == ("t", KEY)
    assert read_out(arguments, "UpdateExpression") == (
        "SET x = '1', y = True, expires_at = if_not_exists(expires_at, '7') REMOVE gone "
        "ADD rows '2', names ['f1'] DELETE others ['f2']"
    )
    assert read_out(arguments, "ConditionExpression") == "(state IN ('a', 'b') AND n < '3')"


@pytest.mark.parametrize(
    "arguments",
    [
        update_of("t", KEY, sets={"x": None}),
        update_of("t", KEY, IS_KNOWN, adds={"a.b#c": 1}),
        update_of("t", KEY, attribute("x").eq("1"), sets={"x": "2", ("m", "x"): 1}),
        put_of("t", KEY, IS_NEW | attribute("until").lte(1.5)),
        put_of("t", KEY, IS_NEW),
    ],
)
def test_each_placeholder_is_explained_and_no_other(arguments: Mapping[str, Any]) -> None:
    used, explained = placeholders(arguments)

    assert used == explained
    assert {} not in arguments.values()


@pytest.mark.parametrize("name", ["plain", "value.bad_date#birthday", "a[0].b", "größe", "a-b c"])
def test_a_name_may_have_any_characters(name: str) -> None:
    arguments = update_of(
        "t",
        KEY,
        attribute("claims", name, "reference").eq("r"),
        sets={("claims", name, "failed"): True, name: 1},
    )
    names, values = arguments["ExpressionAttributeNames"], arguments["ExpressionAttributeValues"]
    item: dict[str, Any] = {"claims": {"M": {name: {"M": {"reference": {"S": "r"}}}}}}

    assert expressions.condition(arguments["ConditionExpression"])(item, names, values)
    expressions.update(arguments["UpdateExpression"])(item, names, values)
    assert item["claims"]["M"][name]["M"] == {"reference": {"S": "r"}, "failed": {"BOOL": True}}
    assert item[name] == {"N": "1"}


@pytest.mark.parametrize("many", [1, 2, 3, 100])
def test_all_of_many_conditions_have_to_hold(many: int) -> None:
    conditions = [attribute(f"n{n}").not_exists() for n in range(many)]
    arguments = put_of("t", KEY, all_of(conditions))
    holds = expressions.condition(arguments["ConditionExpression"])
    names = arguments["ExpressionAttributeNames"]

    assert holds({}, names, {})
    assert [n for n in range(many) if holds({f"n{n}": {"S": ""}}, names, {})] == []


def test_the_outcomes_of_a_whole_message_fit_into_an_expression() -> None:
    conditions = [attribute(f"n{n}").not_exists() for n in range(10_000, 10_100)]
    sets = {f"n{n}": "superseded" for n in range(10_000, 10_100)}
    arguments = update_of("t", KEY, all_of(conditions), sets=sets)

    assert len(arguments["ConditionExpression"]) < 4_096  # DynamoDB's limit
    assert len(arguments["UpdateExpression"]) < 4_096
