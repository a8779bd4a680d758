"""Suggests what an invalid expression was probably meant to be. Called by `check_connections`."""

import re
from collections.abc import Callable, Iterator

from jmespath.exceptions import JMESPathError

from import_relay.mapping.expressions import compile_expression

_QUOTED = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)""")
_WORDS = re.compile(r"[\w$#@:/-]+(?: +[\w$#@:/-]+)*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+|@|[0-9:-]+")
_ONE_NAME = re.compile(r"[^\"'`|&\[\]{}()+*?=<>!,@$]+")
"""A text without the signs of expressions; its points may belong to it, as in `Kunden Nr.`"""
_TEMPLATE = re.compile(r"\{+!?\s*([\w.]+)\s*\}+")
_SUBSCRIPT = re.compile(r"""\[\s*(?:'(\w+)'|"(\w+)")\s*\]""")
TYPESET = str.maketrans(
    {**dict.fromkeys("\u201c\u201d\u201e", '"'), **dict.fromkeys("\u2018\u2019\u201a", "'")}
)
_INDEX = re.compile(r"\.(\d+)(?=\.|$)")
_LOGIC = {"and": "&&", "or": "||"}
_LOGIC_WORDS = re.compile(r"\b(and|or)\b", re.IGNORECASE)
_EQUALS = re.compile(r"(?<![=<>!])=(?!=)")
_COMPARES = re.compile(r"[=!]=\s*$")
_TRUTH = re.compile(r"[=!]=\s*(true|false)\b(?!\s*\.)")
_NEED_QUOTES = "names with spaces, hyphens, umlauts or other signs need double quotes: "


def quoting_hint(expression: str) -> str:
    """`; names with other signs need double quotes: '"Straße"'`, if that makes it an expression.

    Or how else it was meant: in other languages paths and comparisons have other signs.
    """
    if expression.startswith("$"):
        return "; it begins at the record: leave out '$.'"
    if _is_valid(expression):
        return ""
    for words, meant in _readings(expression):
        if _is_valid(meant):
            return f"; {words}{_in_toml(meant)}"
    return ""


def _is_valid(expression: str) -> bool:
    try:
        compile_expression(expression)
    except JMESPathError:
        return False
    return True


def _readings(expression: str) -> Iterator[tuple[str, str]]:
    """What is to be said, and the expression that was meant."""
    if found := _TEMPLATE.fullmatch(expression.strip()):
        yield "a path stands without braces: ", found[1]
    yield "a path has points: ", _SUBSCRIPT.sub(lambda one: f".{one[1] or one[2]}", expression)
    yield "quotation marks are plain ones: ", expression.translate(TYPESET)
    yield "equality is ==: ", _outside_quotes(expression, lambda part: _EQUALS.sub("==", part))
    yield "a number in brackets chooses from a list: ", _INDEX.sub(r"[\1]", expression)
    yield "and is &&, or is ||: ", _outside_quotes(expression, _with_logic)
    yield _NEED_QUOTES, _outside_quotes(expression, lambda part: _WORDS.sub(_quoted, part))
    if expression.strip() and _ONE_NAME.fullmatch(expression):
        yield _NEED_QUOTES, f'"{expression.strip()}"'


def _with_logic(part: str) -> str:
    return _LOGIC_WORDS.sub(lambda word: _LOGIC[word[0].lower()], _EQUALS.sub("==", part))


def _outside_quotes(expression: str, change: Callable[[str], str]) -> str:
    parts = _QUOTED.split(expression)
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def name_for_value(expression: str) -> str:
    """What a valid expression says that compares with a name where a value was probably meant."""
    parts = _QUOTED.split(expression)
    if found := _TRUTH.search("".join(parts[::2])):
        return f"compares with the field {found[1]!r}: the value stands in backticks, `{found[1]}`"
    for before, quoted in zip(parts[::2], parts[1::2], strict=False):
        if quoted[0] == '"' and _COMPARES.search(before):
            return f"compares with the field {quoted}: a text stands in single quotes"
    return ""


def _quoted(found: re.Match[str]) -> str:
    words = found.group()
    return words if _PLAIN.fullmatch(words) else f'"{words}"'


def _in_toml(text: str) -> str:
    """The text as it stands in a TOML file, without a sign that would have to be escaped."""
    if "'" not in text:
        return f"'{text}'"
    return f"'''{text}'''"
