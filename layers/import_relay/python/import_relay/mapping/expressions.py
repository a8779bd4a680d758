"""The expressions of connections.toml: what they evaluate to, and which paths they name.

Called by `mapping`. Expressions are JMESPath with the functions of `functions`. Plain paths such as
`properties.email`, which most are, are walked directly: the interpreter takes ten times as long.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import Options, TreeInterpreter

from import_relay.mapping.functions import RelayFunctions, function_mistakes

Expression = Callable[[object], object]
Path = tuple[str, ...]
EVALUATION_ERRORS = (ValueError, TypeError, ArithmeticError)
"""JMESPathError is a ValueError; functions such as `ceil` also raise what Python's own do."""
_FUNCTIONS = RelayFunctions()
_INTERPRETER = TreeInterpreter(Options(custom_functions=_FUNCTIONS))
"""One for all expressions: it keeps no state, and `search` would make a new one for each record."""
_NULL: Path = ("null",)
"""`null` without backticks is a field of that name; people write it for the value that it gives."""


def compile_expression(text: str) -> Expression:
    """A function that evaluates a JMESPath expression on a record.

    Raises:
        jmespath.exceptions.JMESPathError: the text is no expression.
    """
    return _compiled(jmespath.compile(text).parsed)


def _compiled(parsed: Any) -> Expression:
    path = _plain_path(parsed)
    if path is None:
        return _call(parsed) or (lambda record: _INTERPRETER.visit(parsed, record))
    if len(path) == 1:
        (only,) = path
        return lambda record: record.get(only) if type(record) is dict else None
    return lambda record: _walk(record, path)


def _call(parsed: Mapping[str, Any]) -> Expression | None:
    """A function on arguments, a list of expressions or a literal; None for anything else."""
    kind, value = parsed["type"], parsed.get("value")
    if kind == "literal":
        return lambda _: value
    if kind not in ("function_expression", "multi_select_list"):
        return None
    parts = [_compiled(child) for child in parsed["children"]]
    if kind == "multi_select_list":
        return lambda record: None if record is None else [part(record) for part in parts]
    name = str(value)
    if name == "join" and len(parts) == 2:
        return _join(*parts)
    return lambda record: _FUNCTIONS.call_function(name, [part(record) for part in parts])


def _join(separator: Expression, texts: Expression) -> Expression:
    """`join` of texts; JMESPath refuses whatever else there is to join."""

    def join(record: object) -> object:
        between, found = separator(record), texts(record)
        if isinstance(between, str) and isinstance(found, list) and set(map(type, found)) == {str}:
            return between.join(found)
        return _FUNCTIONS.call_function("join", [between, found])

    return join


def expression_mistake(text: str) -> str:
    """What is wrong with an expression: its syntax, or how it calls functions; "" if nothing."""
    try:
        parsed = jmespath.compile(text).parsed
    except JMESPathError as error:
        return str(error).splitlines()[0].rstrip(":")
    return "; ".join(function_mistakes(parsed))


def named_paths(text: str) -> frozenset[Path]:
    """The paths from the record's top that an expression depends on.

    `join(' ', [a.b, c])` gives `a.b` and `c`; `a[?b].c` gives `a`, and `a | b` gives `a.b`. The
    empty path is the record as a whole (`@`).

    Raises:
        jmespath.exceptions.JMESPathError: the text is no expression.
    """
    return frozenset(_named(jmespath.compile(text).parsed, ())) - {_NULL}


def is_known(record: object, path: Path) -> bool:
    """Whether a partial record says what is at the path, even if it is null.

    Never of an object, nor of the record itself: other parts of it may be missing.
    """
    value = _at(record, path)
    return value is not _UNSAID and type(value) is not dict


def is_touched(record: object, path: Path) -> bool:
    """Whether a partial record says anything about the path."""
    return _at(record, path) is not _UNSAID


_UNSAID = object()
"""Stands for what a partial record does not mention; null is something that it says."""


def _at(record: object, path: Path) -> object:
    for name in path:
        if record is None:
            return None
        if type(record) is not dict or name not in record:
            return _UNSAID
        record = record[name]
    return record


def _plain_path(node: Mapping[str, Any]) -> Path | None:
    """The names of `a.b.c` or `a | b.c`, or None when the expression is anything else."""
    if node["type"] == "field":
        return (str(node["value"]),)
    if node["type"] not in ("subexpression", "pipe"):
        return None
    paths = [_plain_path(child) for child in node["children"]]
    if any(path is None for path in paths):
        return None
    return tuple(name for path in paths for name in path or ())


def _walk(record: object, path: Sequence[str]) -> object:
    for name in path:
        if type(record) is not dict:
            return None
        record = record.get(name)
    return record


_OF_ITS_OWN = frozenset({"literal", "expref"})
"""Nodes that name nothing of the record; a reference to an expression is applied to elements."""
_OF_THE_FIRST = frozenset(
    {"pipe", "index_expression", "projection", "filter_projection", "value_projection", "flatten"}
)
"""Nodes whose further parts are applied to what the first one gives."""


def _named(node: Mapping[str, Any], at: Path) -> Iterator[Path]:
    """The paths that a node names; `at` is the path of what it is applied to."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        yield (*at, str(node["value"]))
    elif kind in ("current", "identity"):
        yield at
    elif kind == "subexpression":
        yield from _named_in_steps(children, at)
    elif kind == "pipe" and (path := _plain_path(children[0])) is not None:
        yield from _named(children[1], (*at, *path))
    elif kind in _OF_THE_FIRST:
        yield from _named(children[0], at)
    elif kind not in _OF_ITS_OWN:
        for child in children:
            yield from _named(child, at)


def _named_in_steps(steps: Sequence[Mapping[str, Any]], at: Path) -> Iterator[Path]:
    """Of `a.b.<step>`: plain names lead on, anything else is the last that counts."""
    for number, step in enumerate(steps, start=1):
        path = at if step["type"] == "current" else _plain_path(step)
        if path is None or number == len(steps):
            yield from _named(step, at)
            return
        at = at if step["type"] == "current" else (*at, *path)
