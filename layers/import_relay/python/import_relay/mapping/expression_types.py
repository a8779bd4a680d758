"""Which JSON types an expression can give, as far as its text alone says. Used by the check."""

from collections.abc import Mapping
from typing import Any

import jmespath

_OF_FUNCTIONS: Mapping[str, str] = {
    **dict.fromkeys(("abs", "avg", "ceil", "floor", "length", "sum", "to_number"), "number"),
    **dict.fromkeys(("to_date", "to_datetime", "from_epoch", "in_zone", "first_name"), "string"),
    **dict.fromkeys(("lower", "upper", "trim", "replace"), "string"),
    "to_decimal": "number",
    "split": "list",
    **dict.fromkeys(("contains", "ends_with", "starts_with"), "boolean"),
    **dict.fromkeys(("join", "to_string", "type"), "string"),
    **dict.fromkeys(("keys", "map", "sort", "sort_by", "to_array", "values"), "list"),
}
_OF_NODES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("comparator", "not_expression"), frozenset({"boolean"})),
    **dict.fromkeys(("multi_select_list", "projection", "filter_projection"), frozenset({"list"})),
    **dict.fromkeys(("value_projection", "flatten"), frozenset({"list"})),
}


def possible_types(text: str) -> frozenset[str] | None:
    """Of string, number, boolean, list and object, those that the value may have beside null.

    None: it depends on the record.

    Raises:
        jmespath.exceptions.JMESPathError: the text is no expression.
    """
    return _types(jmespath.compile(text).parsed)


def _types(node: Mapping[str, Any]) -> frozenset[str] | None:
    kind, children = node["type"], node["children"]
    if kind in ("and_expression", "pipe"):  # of "and" the left side is what stops it
        return _types(children[1])
    if kind == "or_expression":
        left, right = map(_types, children)
        return None if left is None or right is None else left | right
    if kind == "function_expression":
        known = _OF_FUNCTIONS.get(node["value"])
        return None if known is None else frozenset({known})
    if kind == "literal":
        return _of_value(node["value"])
    is_null = kind == "field" and node["value"] == "null"
    return frozenset() if is_null else _OF_NODES.get(kind)


def _of_value(value: object) -> frozenset[str]:
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "list"}
    if value is None:
        return frozenset()
    return frozenset({names.get(type(value), "object")})
