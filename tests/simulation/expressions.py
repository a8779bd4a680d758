"""DynamoDB's expressions, as far as the relay uses them: conditions and updates.

Each is translated to Python once, as a simulated world evaluates hundreds.

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

_TOKEN = re.compile(r"\s*(<=|>=|<>|[<>=(),]|[#:]?\w+(?:\.#?\w+)*)")


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"not understood: {text[position:]!r}")
        found.append(match.group(1))
        position = match.end()
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


def _operand(token: str) -> str:
    if token[0] == ":":
        return f"values[{token!r}]"
    path = _path(token)
    if len(path) > 1:
        return f"_get(item, {path!r}, names)"
    return f"item.get({_name(token)})"


def _name(token: str) -> str:
    return f"names[{token!r}]" if token[0] == "#" else repr(token)


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


def _holds(compare: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    def holds(one: Any, other: Any) -> bool:
        order = None if one is None or other is None else _order(one, other)
        return order is not None and compare(order)

    return holds


def _among(value: Any, listed: Sequence[Any]) -> bool:
    return value is not None and any(_order(value, one) == 0 for one in listed)


def _contains(listed: Any, wanted: Any) -> bool:
    return listed is not None and wanted["S"] in listed["SS"]


def _size(found: Any) -> Any:
    return None if found is None else {"N": str(len(next(iter(found.values()))))}


def _present(known: Any, otherwise: Any) -> Any:
    return otherwise if known is None else known


def _add(item: dict[str, Any], path: tuple[str, ...], names: Names, more: Any) -> None:
    before = _get(item, path, names)
    if "SS" in more:
        known = before["SS"] if before else []
        _put(item, path, names, {"SS": sorted({*known, *more["SS"]})})
        return
    total = (number(before) if before else 0) + number(more)
    _put(item, path, names, {"N": text_of(total)})


def _delete(item: dict[str, Any], name: str, removed: Any) -> None:
    """Take elements out of a set; without its last element the attribute is gone."""
    if name in item:
        left = set(item[name]["SS"]) - set(removed["SS"])
        item[name] = {"SS": sorted(left)}
        if not left:
            del item[name]


_COMPARE: Mapping[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
_EXISTS = {"attribute_exists": "is not", "attribute_not_exists": "is"}
_COMPARISONS = {sign: f"_holds_{n}" for n, sign in enumerate(_COMPARE)}
"""Sign → its function's name in compiled expressions."""


class _Parser:
    """Translates an expression to Python: calls of the functions above, which `_KNOWN` names."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token.upper() != wanted):
            raise ValueError(f"expected {wanted or 'more'}, found {token!r}")
        self.position += 1
        return token

    def accept(self, wanted: str) -> bool:
        if self.peek().upper() == wanted:
            self.position += 1
            return True
        return False

    def condition(self) -> str:
        parts = [self.conjunction()]
        while self.accept("OR"):
            parts.append(self.conjunction())
        return f"({' or '.join(parts)})"

    def conjunction(self) -> str:
        parts = [self.term()]
        while self.accept("AND"):
            parts.append(self.term())
        return f"({' and '.join(parts)})"

    def term(self) -> str:
        if self.accept("NOT"):
            return f"(not {self.term()})"
        if self.accept("("):
            inner = self.condition()
            self.take(")")
            return inner
        token = self.take()
        if token == "contains":
            return f"_contains{self.two_operands()}"
        if token == "size":
            return self.comparison(f"_size({self.one_operand()})")
        if token in _EXISTS:
            return f"({self.one_operand()} {_EXISTS[token]} None)"
        return self.comparison(_operand(token))

    def one_operand(self) -> str:
        self.take("(")
        operand = _operand(self.take())
        self.take(")")
        return operand

    def two_operands(self) -> str:
        self.take("(")
        first = _operand(self.take())
        self.take(",")
        second = _operand(self.take())
        self.take(")")
        return f"({first}, {second})"

    def comparison(self, left: str) -> str:
        operator = self.take().upper()
        if operator == "IN":
            self.take("(")
            listed = [_operand(self.take())]
            while self.accept(","):
                listed.append(_operand(self.take()))
            self.take(")")
            return f"_among({left}, [{', '.join(listed)}])"
        return f"{_COMPARISONS[operator]}({left}, {_operand(self.take())})"

    def update(self) -> Sequence[str]:
        actions: list[str] = []
        while self.peek():
            clause = self.take().upper()
            actions.append(_CLAUSES[clause](self))
            while self.accept(","):
                actions.append(_CLAUSES[clause](self))
        return actions

    def set_(self) -> str:
        token = self.take()
        self.take("=")
        path, value = _path(token), self.value()
        if len(path) > 1:
            return f"_put(item, {path!r}, names, {value})"
        return f"item[{_name(token)}] = {value}"

    def value(self) -> str:
        token = self.take()
        return f"_present{self.two_operands()}" if token == "if_not_exists" else _operand(token)

    def remove(self) -> str:
        return f"item.pop({_name(self.take())}, None)"

    def add(self) -> str:
        path = _path(self.take())
        return f"_add(item, {path!r}, names, {_operand(self.take())})"

    def delete(self) -> str:
        name = _name(self.take())
        return f"_delete(item, {name}, {_operand(self.take())})"


_CLAUSES: Mapping[str, Callable[[_Parser], str]] = {
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


_KNOWN = {
    one.__name__: one for one in (_get, _put, _among, _contains, _size, _present, _add, _delete)
} | {name: _holds(_COMPARE[sign]) for sign, name in _COMPARISONS.items()}


@lru_cache(maxsize=1024)
def condition(text: str) -> Condition:
    """Compile a condition expression.

    Raises:
        ValueError: a part of it is not known here.
    """
    parser = _Parser(text)
    body = parser.condition()
    if parser.peek():
        raise ValueError(f"not understood: {parser.peek()!r}")
    compiled: Condition = eval(f"lambda item, names, values: {body}", _KNOWN.copy())  # noqa: S307
    return compiled


@lru_cache(maxsize=1024)
def update(text: str) -> Update:
    """Compile an update expression; the result changes the item that it is given.

    Raises:
        ValueError: a part of it is not known here.
    """
    known: dict[str, Any] = _KNOWN.copy()
    body = "\n    ".join(_Parser(text).update())
    exec(f"def compiled(item, names, values):\n    {body}", known)  # noqa: S102
    compiled: Update = known["compiled"]
    return compiled
