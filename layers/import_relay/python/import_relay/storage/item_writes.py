"""Conditional writes to DynamoDB: the one builder of their expressions. Pure.

A write says up to six things, and each is an argument:

    may it happen?                    `where`          ConditionExpression
    which attributes get a value?     `sets`           SET
    which get one if they have none?  `defaults`       SET, if_not_exists
    which attributes go?              `sets` to None   REMOVE
    which counters or sets grow?      `adds`           ADD
    which sets lose an element?       `deletes`        DELETE

Conditions are written as with boto3: `attribute("state").eq("sent") & attribute("posts").lt(3)`.
They are plain text with gaps: boto3's own builder takes ten times as long.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from import_relay.storage.attributes import Plain, to_attribute

_Path = TypeVar("_Path", bound=Sequence[str])
"""The name of an attribute, or the names on the way to one within maps."""
_NONE: Mapping[Any, Plain] = MappingProxyType({})


class WriteCondition(NamedTuple):
    """What has to hold. Each `{}` of the text is an attribute (a tuple of names) or a value."""

    text: str
    gaps: tuple[tuple[str, ...] | Plain, ...]

    def __and__(self, other: "WriteCondition") -> "WriteCondition":
        return WriteCondition(f"({self.text} AND {other.text})", self.gaps + other.gaps)

    def __or__(self, other: "WriteCondition") -> "WriteCondition":
        return WriteCondition(f"({self.text} OR {other.text})", self.gaps + other.gaps)

    def __invert__(self) -> "WriteCondition":
        return WriteCondition(f"(NOT {self.text})", self.gaps)


class Attribute(NamedTuple):
    """An attribute of which a condition speaks. Without a value only `not_exists` holds."""

    path: tuple[str, ...]

    def exists(self) -> WriteCondition:
        """It has a value."""
        return WriteCondition("attribute_exists({})", (self.path,))

    def not_exists(self) -> WriteCondition:
        """It has none."""
        return WriteCondition("attribute_not_exists({})", (self.path,))

    def eq(self, value: Plain) -> WriteCondition:
        """It has this value."""
        return WriteCondition("{} = {}", (self.path, value))

    def lt(self, value: Plain) -> WriteCondition:
        """It has a value, which is less."""
        return WriteCondition("{} < {}", (self.path, value))

    def lte(self, value: Plain) -> WriteCondition:
        """It has a value, which is not greater."""
        return WriteCondition("{} <= {}", (self.path, value))

    def contains(self, value: str) -> WriteCondition:
        """It is a set with this element."""
        return WriteCondition("contains({}, {})", (self.path, value))

    def size_lt(self, value: int) -> WriteCondition:
        """It is a set with fewer elements."""
        return WriteCondition("size({}) < {}", (self.path, value))

    def is_in(self, values: Sequence[Plain]) -> WriteCondition:
        """It has one of these values."""
        listed = ", ".join(["{}"] * len(values))
        return WriteCondition(f"{{}} IN ({listed})", (self.path, *values))


def attribute(*names: str) -> Attribute:
    """An attribute, or one within maps, of which a condition speaks; names may have any signs."""
    return Attribute(names)


IS_NEW = attribute("pk").not_exists()
"""There is no item under this key yet."""
IS_KNOWN = attribute("pk").exists()


def all_of(conditions: Sequence[WriteCondition]) -> WriteCondition:
    """All of them have to hold; at least one is given. Nested as little as can be."""
    middle = len(conditions) // 2
    if not middle:
        return conditions[0]
    return all_of(conditions[:middle]) & all_of(conditions[middle:])


def put_of(table: str, item: Mapping[str, Any], where: WriteCondition) -> dict[str, Any]:
    """The arguments of PutItem, or of a Put in a transaction."""
    placeholders = _Placeholders()
    return {"TableName": table, "Item": item, **placeholders.where(where), **placeholders.meaning()}


def update_of(
    table: str,
    key: Mapping[str, Any],
    where: WriteCondition | None = None,
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
    clauses = {"SET": [f"{name(one)} = {value(to)}" for one, to in sets.items() if to is not None]}
    for one, first in defaults.items():
        clauses["SET"].append(f"{name(one)} = if_not_exists({name(one)}, {value(first)})")
    clauses["REMOVE"] = [name(one) for one, to in sets.items() if to is None]
    clauses["ADD"] = [f"{name(one)} {element(more)}" for one, more in adds.items()]
    clauses["DELETE"] = [f"{name(one)} {element(less)}" for one, less in deletes.items()]
    said = [f"{verb} {', '.join(of_verb)}" for verb, of_verb in clauses.items() if of_verb]
    return {
        "TableName": table,
        "Key": key,
        "UpdateExpression": " ".join(said),
        **(placeholders.where(where) if where else {}),
        **placeholders.meaning(),
    }


class _Placeholders:
    """The placeholders of one write, and what they stand for."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Mapping[str, Any]] = {}

    def name(self, path: Sequence[str]) -> str:
        if isinstance(path, str):
            return self._added(self._names, "#a", path)
        return ".".join([self._added(self._names, "#a", part) for part in path])

    def value(self, value: Plain) -> str:
        return self._added(self._values, ":a", to_attribute(value))

    def element(self, value: Plain) -> str:
        """A number to add, or the set that has this one text."""
        is_text = isinstance(value, str)
        return self._added(self._values, ":a", {"SS": [value]} if is_text else to_attribute(value))

    def where(self, condition: WriteCondition) -> dict[str, str]:
        filled = [self.name(g) if isinstance(g, tuple) else self.value(g) for g in condition.gaps]
        return {"ConditionExpression": condition.text.format(*filled)}

    def meaning(self) -> dict[str, Any]:
        """What they stand for, as arguments; DynamoDB refuses empty ones."""
        names = {"ExpressionAttributeNames": self._names} if self._names else {}
        values = {"ExpressionAttributeValues": self._values} if self._values else {}
        return {**names, **values}

    @staticmethod
    def _added(known: dict[str, Any], prefix: str, meaning: Any) -> str:
        placeholder = f"{prefix}{len(known)}"
        known[placeholder] = meaning
        return placeholder
