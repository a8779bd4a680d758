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

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from import_relay.storage.attributes import Plain, to_attribute

_Path = TypeVar("_Path", bound=Sequence[str])
"""The name of an attribute, or the names on the way to one within maps."""
_NONE: Mapping[Any, Plain] = MappingProxyType({})


class WriteCondition(NamedTuple):
    """What has to hold. Each `#` of the text stands for an attribute, and each `:` for a value."""

    text: str
    paths: tuple[tuple[str, ...], ...]
    values: tuple[Plain, ...] = ()

    def __and__(self, other: "WriteCondition") -> "WriteCondition":
        return self._joined("AND", other)

    def __or__(self, other: "WriteCondition") -> "WriteCondition":
        return self._joined("OR", other)

    def __invert__(self) -> "WriteCondition":
        return WriteCondition(f"(NOT {self.text})", self.paths, self.values)

    def _joined(self, word: str, other: "WriteCondition") -> "WriteCondition":
        text = f"({self.text} {word} {other.text})"
        return WriteCondition(text, self.paths + other.paths, self.values + other.values)


class Attribute(NamedTuple):
    """An attribute of which a condition speaks. Without a value only `not_exists` holds."""

    path: tuple[str, ...]

    def exists(self) -> WriteCondition:
        """It has a value."""
        return WriteCondition("attribute_exists(#)", (self.path,))

    def not_exists(self) -> WriteCondition:
        """It has none."""
        return WriteCondition("attribute_not_exists(#)", (self.path,))

    def eq(self, value: Plain) -> WriteCondition:
        """It has this value."""
        return WriteCondition("# = :", (self.path,), (value,))

    def lt(self, value: Plain) -> WriteCondition:
        """It has a value, which is less."""
        return WriteCondition("# < :", (self.path,), (value,))

    def lte(self, value: Plain) -> WriteCondition:
        """It has a value, which is not greater."""
        return WriteCondition("# <= :", (self.path,), (value,))

    def contains(self, value: str) -> WriteCondition:
        """It is a set with this element."""
        return WriteCondition("contains(#, :)", (self.path,), (value,))

    def size_lt(self, value: int) -> WriteCondition:
        """It is a set with fewer elements."""
        return WriteCondition("size(#) < :", (self.path,), (value,))

    def is_in(self, values: Sequence[Plain]) -> WriteCondition:
        """It has one of these values."""
        listed = ", ".join(":" * len(values))
        return WriteCondition(f"# IN ({listed})", (self.path,), tuple(values))


def attribute(*names: str) -> Attribute:
    """An attribute, or one within maps, of which a condition speaks; names may have any signs."""
    return Attribute(names)


IS_NEW = attribute("pk").not_exists()
"""There is no item under this key yet."""
IS_KNOWN = attribute("pk").exists()
_ALWAYS = WriteCondition("", ())


def all_of(conditions: Sequence[WriteCondition]) -> WriteCondition:
    """All of them have to hold; at least one is given. Nested as little as can be."""
    middle = len(conditions) // 2
    if not middle:
        return conditions[0]
    return all_of(conditions[:middle]) & all_of(conditions[middle:])


def put_of(table: str, item: Mapping[str, Any], where: WriteCondition) -> dict[str, Any]:
    """The arguments of PutItem, or of a Put in a transaction."""
    texts = _texts(_Shape(where.text, where.paths))
    values = [to_attribute(value) for value in where.values]
    return {"TableName": table, "Item": item, **texts, **_meaning(values)}


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
    where = where or _ALWAYS
    kept = {one: to for one, to in sets.items() if to is not None}
    gone = () if len(kept) == len(sets) else tuple([one for one in sets if one not in kept])
    shape = _Shape(
        where.text, where.paths, tuple(kept), gone, tuple(defaults), tuple(adds), tuple(deletes)
    )
    values = [to_attribute(to) for to in (*kept.values(), *defaults.values())]
    values += [_element(one) for one in (*adds.values(), *deletes.values())]
    values += [to_attribute(value) for value in where.values]
    return {"TableName": table, "Key": key, **_texts(shape), **_meaning(values)}


def _element(value: Plain) -> dict[str, object]:
    """A number to add, or the set that has this one text."""
    return {"SS": [value]} if isinstance(value, str) else to_attribute(value)


def _meaning(values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the placeholders of values stand for; DynamoDB refuses an empty argument."""
    if not values:
        return {}
    return {"ExpressionAttributeValues": dict(zip(_placeholders(len(values)), values, strict=True))}


@cache
def _placeholders(many: int) -> Sequence[str]:
    return [f":a{n}" for n in range(many)]


class _Shape(NamedTuple):
    """A write without its values."""

    condition: str
    paths: Sequence[Sequence[str]]
    kept: Sequence[Sequence[str]] = ()
    gone: Sequence[Sequence[str]] = ()
    defaults: Sequence[str] = ()
    adds: Sequence[str] = ()
    deletes: Sequence[str] = ()


@lru_cache(maxsize=512)
def _texts(write: _Shape) -> dict[str, Any]:
    """The expressions of a write and their names: most writes differ by their values alone."""
    names: dict[str, str] = {}
    numbers = count()

    def name(path: Sequence[str]) -> str:
        parts = (path,) if isinstance(path, str) else path
        placeholders = [f"#a{n}" for n in range(len(names), len(names) + len(parts))]
        names.update(zip(placeholders, parts, strict=True))
        return ".".join(placeholders)

    def value() -> str:
        return f":a{next(numbers)}"

    clauses = {
        "SET": [f"{name(one)} = {value()}" for one in write.kept]
        + [f"{name(one)} = if_not_exists({name(one)}, {value()})" for one in write.defaults],
        "REMOVE": [name(one) for one in write.gone],
        "ADD": [f"{name(one)} {value()}" for one in write.adds],
        "DELETE": [f"{name(one)} {value()}" for one in write.deletes],
    }
    left = iter(write.paths)
    asked = re.sub(
        "[#:]", lambda gap: name(next(left)) if gap[0] == "#" else value(), write.condition
    )
    texts = {
        "UpdateExpression": " ".join(
            f"{verb} {', '.join(of)}" for verb, of in clauses.items() if of
        ),
        "ConditionExpression": asked,
        "ExpressionAttributeNames": names,
    }
    return {argument: text for argument, text in texts.items() if text}
