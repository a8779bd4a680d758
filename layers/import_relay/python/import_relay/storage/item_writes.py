"""Conditional writes to DynamoDB: the one builder of their expressions. Pure.

A write says up to six things, and each is an argument:

    may it happen?                    `where`          ConditionExpression
    which attributes get a value?     `sets`           SET
    which get one if they have none?  `defaults`       SET, if_not_exists
    which attributes go?              `sets` to None   REMOVE
    which counters or sets grow?      `adds`           ADD
    which sets lose an element?       `deletes`        DELETE

Conditions are those of boto3: `attribute("state").eq("sent") & attribute("posts").lt(3)`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.conditions import Attr, ConditionExpressionBuilder

from import_relay.storage.attributes import Plain, to_attribute

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase

_Path = TypeVar("_Path", bound=Sequence[str])
"""The name of an attribute, or the names on the way to one within maps."""
_NONE: Mapping[Any, Plain] = MappingProxyType({})
_ESCAPES = str.maketrans(".[]", "\ue000\ue001\ue002")
_UNESCAPES = str.maketrans("\ue000\ue001\ue002", ".[]")


def attribute(*names: str) -> Attr:
    """An attribute, or one within maps, of which a condition speaks; names may have any signs."""
    return Attr(".".join(name.translate(_ESCAPES) for name in names))


IS_NEW = attribute("pk").not_exists()
"""There is no item under this key yet."""
IS_KNOWN = attribute("pk").exists()


def all_of(conditions: "Sequence[ConditionBase]") -> "ConditionBase":
    """All of them have to hold; at least one is given. Nested as little as can be."""
    middle = len(conditions) // 2
    if not middle:
        return conditions[0]
    return all_of(conditions[:middle]) & all_of(conditions[middle:])


def put_of(table: str, item: Mapping[str, Any], where: "ConditionBase") -> dict[str, Any]:
    """The arguments of PutItem, or of a Put in a transaction."""
    placeholders = _Placeholders()
    return {"TableName": table, "Item": item, **placeholders.where(where), **placeholders.meaning()}


def update_of(
    table: str,
    key: Mapping[str, Any],
    where: "ConditionBase | None" = None,
    *,
    sets: Mapping[_Path, Plain | None] = _NONE,
    defaults: Mapping[str, Plain] = _NONE,
    adds: Mapping[str, Plain] = _NONE,
    deletes: Mapping[str, Plain] = _NONE,
) -> dict[str, Any]:
    """The arguments of UpdateItem, or of an Update in a transaction.

    Numbers in `adds` are added; a text there or in `deletes` is an element of a set.
    """
    placeholders = _Placeholders()
    name, value, element = placeholders.name, placeholders.value, placeholders.element
    clauses = {
        "SET": [f"{name(one)} = {value(to)}" for one, to in sets.items() if to is not None],
        "REMOVE": [name(one) for one, to in sets.items() if to is None],
        "ADD": [f"{name(one)} {element(more)}" for one, more in adds.items()],
        "DELETE": [f"{name(one)} {element(less)}" for one, less in deletes.items()],
    }
    for one, first in defaults.items():
        clauses["SET"].append(f"{name(one)} = if_not_exists({name(one)}, {value(first)})")
    said = {verb: ", ".join(of_verb) for verb, of_verb in clauses.items() if of_verb}
    return {
        "TableName": table,
        "Key": key,
        "UpdateExpression": " ".join(f"{verb} {text}" for verb, text in said.items()),
        **(placeholders.where(where) if where else {}),
        **placeholders.meaning(),
    }


class _Placeholders:
    """The placeholders of one write, and what they stand for."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Mapping[str, Any]] = {}

    def name(self, path: Sequence[str]) -> str:
        parts = (path,) if isinstance(path, str) else path
        return ".".join(self._added(self._names, "#a", part) for part in parts)

    def value(self, value: Plain) -> str:
        return self._added(self._values, ":a", to_attribute(value))

    def element(self, value: Plain) -> str:
        """A number to add, or the set that has this one text."""
        is_text = isinstance(value, str)
        return self._added(self._values, ":a", {"SS": [value]} if is_text else to_attribute(value))

    def where(self, condition: "ConditionBase") -> dict[str, str]:
        built = ConditionExpressionBuilder().build_expression(condition)
        for placeholder, name in built.attribute_name_placeholders.items():
            self._names[placeholder] = name.translate(_UNESCAPES)
        for placeholder, value in built.attribute_value_placeholders.items():
            self._values[placeholder] = to_attribute(value)
        return {"ConditionExpression": built.condition_expression}

    def meaning(self) -> dict[str, Any]:
        """What they stand for, as arguments; DynamoDB refuses empty ones."""
        found = {
            "ExpressionAttributeNames": self._names,
            "ExpressionAttributeValues": self._values,
        }
        return {argument: known for argument, known in found.items() if known}

    @staticmethod
    def _added(known: dict[str, Any], prefix: str, meaning: Any) -> str:
        placeholder = f"{prefix}{len(known)}"
        known[placeholder] = meaning
        return placeholder
