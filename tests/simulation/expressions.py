"""DynamoDB's expressions, as far as the relay uses them: conditions and updates, compiled once.

Grammar: "Condition expressions", "Update expressions" in the DynamoDB developer guide. What is not
known here is a ValueError, so that a new kind of expression cannot pass unnoticed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

Item = Mapping[str, Any]
Names = Mapping[str, str]
Values = Mapping[str, Any]
Condition = Callable[[Item, Names, Values], bool]
Update = Callable[[dict[str, Any], Names, Values], None]
_Operand = Callable[[Item, Names, Values], Any]

_TOKEN = re.compile(r"\s*(<=|>=|<>|[<>=(),]|[#:]?\w+(?:\.#?\w+)*)")


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"not understood: {text[place:]!r}")
        found.append(match.group(1))
        place = match.end()
    return found


def number(attribute: Mapping[str, Any]) -> float | int:
    """The value of a number attribute."""
    return _value(attribute["N"])


@lru_cache(maxsize=4096)
def _value(text: str) -> float | int:
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def text_of(value: float) -> str:
    """A number as DynamoDB writes it."""
    return str(int(value)) if value == int(value) else repr(value)


def _path(token: str) -> tuple[str, ...]:
    return tuple(token.split("."))


def _get(item: Item, path: tuple[str, ...], names: Names) -> Any:
    value: Any = item
    for n, part in enumerate(path):
        name = names[part] if part[0] == "#" else part
        if n:
            value = value.get("M") if isinstance(value, dict) else None
            if value is None:
                return None
        value = value.get(name)
        if value is None:
            return None
    return value


def _operand(token: str) -> _Operand:
    if token[0] == ":":
        return lambda item, names, values: values[token]
    path = _path(token)
    if len(path) == 1:
        if token[0] == "#":
            return lambda item, names, values: item.get(names[token])
        return lambda item, names, values: item.get(token)
    return lambda item, names, values: _get(item, path, names)


def _order(left: Mapping[str, Any], right: Mapping[str, Any]) -> int | None:
    """-1, 0 or 1; None for values of two types, which compare as false."""
    if "S" in left and "S" in right:
        text, other_text = str(left["S"]), str(right["S"])
        return (text > other_text) - (text < other_text)
    if "N" in left and "N" in right:
        one, other = number(left), number(right)
        return (one > other) - (one < other)
    if left.keys() != right.keys():
        return None
    return 0 if left == right else None


_COMPARE: Mapping[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _joined(parts: Sequence[Condition], *, stops_at: bool) -> Condition:
    """Conditions joined by OR, which stops at the first that holds, or by AND."""
    if len(parts) == 1:
        return parts[0]

    def joined(item: Item, names: Names, values: Values) -> bool:
        for part in parts:
            if part(item, names, values) is stops_at:
                return stops_at
        return not stops_at

    return joined


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token.upper() != wanted):
            raise ValueError(f"expected {wanted or 'more'}, found {token!r}")
        self.place += 1
        return token

    def accept(self, wanted: str) -> bool:
        if self.peek().upper() == wanted:
            self.place += 1
            return True
        return False

    def condition(self) -> Condition:
        parts = [self.conjunction()]
        while self.accept("OR"):
            parts.append(self.conjunction())
        return _joined(parts, stops_at=True)

    def conjunction(self) -> Condition:
        parts = [self.term()]
        while self.accept("AND"):
            parts.append(self.term())
        return _joined(parts, stops_at=False)

    def term(self) -> Condition:
        if self.accept("NOT"):
            inner = self.term()
            return lambda item, names, values: not inner(item, names, values)
        if self.accept("("):
            inner = self.condition()
            self.take(")")
            return inner
        token = self.take()
        if token == "contains":
            return self.contains()
        if token == "size":
            self.take("(")
            measured = _operand(self.take())
            self.take(")")
            return self.comparison(_size_of(measured))
        if token in ("attribute_exists", "attribute_not_exists"):
            self.take("(")
            operand = _operand(self.take())
            self.take(")")
            wanted = token == "attribute_exists"
            return lambda item, names, values: (operand(item, names, values) is not None) is wanted
        return self.comparison(_operand(token))

    def contains(self) -> Condition:
        self.take("(")
        listed = _operand(self.take())
        self.take(",")
        wanted = _operand(self.take())
        self.take(")")

        def contains(item: Item, names: Names, values: Values) -> bool:
            found = listed(item, names, values)
            return found is not None and wanted(item, names, values)["S"] in found["SS"]

        return contains

    def comparison(self, left: _Operand) -> Condition:
        operator = self.take().upper()
        if operator == "IN":
            self.take("(")
            listed = [_operand(self.take())]
            while self.accept(","):
                listed.append(_operand(self.take()))
            self.take(")")

            def among(item: Item, names: Names, values: Values) -> bool:
                value = left(item, names, values)
                return value is not None and any(
                    _order(value, one(item, names, values)) == 0 for one in listed
                )

            return among
        compare, right = _COMPARE[operator], _operand(self.take())

        def holds(item: Item, names: Names, values: Values) -> bool:
            one, other = left(item, names, values), right(item, names, values)
            order = None if one is None or other is None else _order(one, other)
            return order is not None and compare(order)

        return holds

    def update(self) -> Update:
        actions: list[Update] = []
        while self.peek():
            clause = self.take().upper()
            actions.append(_CLAUSES[clause](self))
            while self.accept(","):
                actions.append(_CLAUSES[clause](self))

        def all_of_them(item: dict[str, Any], names: Names, values: Values) -> None:
            for action in actions:
                action(item, names, values)

        return all_of_them

    def set_(self) -> Update:
        path = _path(self.take())
        self.take("=")
        value = self.value()
        return lambda item, names, values: _put(item, path, names, value(item, names, values))

    def value(self) -> _Operand:
        token = self.take()
        if token != "if_not_exists":
            return _operand(token)
        self.take("(")
        known = _operand(self.take())
        self.take(",")
        otherwise = _operand(self.take())
        self.take(")")

        def value(item: Item, names: Names, values: Values) -> Any:
            present = known(item, names, values)
            return otherwise(item, names, values) if present is None else present

        return value

    def remove(self) -> Update:
        token = self.take()

        def take_away(item: dict[str, Any], names: Names, values: Values) -> None:
            item.pop(names[token] if token[0] == "#" else token, None)

        return take_away

    def add(self) -> Update:
        path, added = _path(self.take()), _operand(self.take())

        def add(item: dict[str, Any], names: Names, values: Values) -> None:
            before, more = _get(item, path, names), added(item, names, values)
            if "SS" in more:
                known = before["SS"] if before else []
                _put(item, path, names, {"SS": sorted({*known, *more["SS"]})})
                return
            total = (number(before) if before else 0) + number(more)
            _put(item, path, names, {"N": text_of(total)})

        return add

    def delete(self) -> Update:
        """Takes elements out of a set, which is gone with its last one."""
        token, removed = self.take(), _operand(self.take())

        def delete(item: dict[str, Any], names: Names, values: Values) -> None:
            name = names[token] if token[0] == "#" else token
            if name in item:
                left = set(item[name]["SS"]) - set(removed(item, names, values)["SS"])
                item[name] = {"SS": sorted(left)}
                if not left:
                    del item[name]

        return delete


def _size_of(operand: _Operand) -> _Operand:
    def size(item: Item, names: Names, values: Values) -> Any:
        found = operand(item, names, values)
        return None if found is None else {"N": str(len(next(iter(found.values()))))}

    return size


_CLAUSES: Mapping[str, Callable[[_Parser], Update]] = {
    "SET": _Parser.set_,
    "REMOVE": _Parser.remove,
    "ADD": _Parser.add,
    "DELETE": _Parser.delete,
}


def _put(item: dict[str, Any], path: tuple[str, ...], names: Names, value: Any) -> None:
    """Set a value; the maps on the way are copied, since reads may still hold them."""
    target = item
    for n, part in enumerate(path):
        name = names[part] if part[0] == "#" else part
        if n == len(path) - 1:
            target[name] = value
            return
        copied = dict(target[name]["M"])
        target[name] = {"M": copied}
        target = copied


@lru_cache(maxsize=1024)
def condition(text: str) -> Condition:
    """Compile a condition expression.

    Raises:
        ValueError: it has something that is not known here.
    """
    parser = _Parser(text)
    compiled = parser.condition()
    if parser.peek():
        raise ValueError(f"not understood: {parser.peek()!r}")
    return compiled


@lru_cache(maxsize=1024)
def update(text: str) -> Update:
    """Compile an update expression; it changes a dictionary that is its own.

    Raises:
        ValueError: it has something that is not known here.
    """
    return _Parser(text).update()
