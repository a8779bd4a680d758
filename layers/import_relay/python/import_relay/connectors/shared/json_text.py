"""Reads JSON bodies without changing them: records stay the texts that they were received as.

Called by `split` of connectors that receive JSON. Numbers beyond 2^53, duplicate keys and escapes
survive, because nothing is serialised again. What passes here can be parsed by submission: the same
parser has seen it, and its depth is bounded.

One mistake is mended, since its meaning is certain: control characters in a string, as templates
in automation tools put them there (a line feed in a note), become escapes.
"""

import json
import re
from collections.abc import Callable
from typing import NoReturn

from import_relay.connectors.contract import Request
from import_relay.connectors.shared.charsets import decoded
from import_relay.domain.errors import UnreadableDelivery

MAX_JSON_DEPTH = 100
"""Levels that an item may nest. Python's parser gives up somewhere between 1,000 and 10,000."""
MAX_JSON_VALUES = 1_000_000
"""Commas and brackets of a body: six megabytes of `[],` are 240 MB once they are parsed."""
MAX_ITEMS = 100_000
"""Items of one delivery: a thousand messages, which are stored well within the ten seconds."""

Parsed = tuple[object, str]
"""A value, and the text that it was parsed from."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).raw_decode
_space = re.compile(r"[ \t\n\r]*").match
_line_end = re.compile(r"[ \t\r]*\n[ \t\r\n]*").match
_string = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""A string; one that does not end reaches to the end of the text, so that nothing is read twice."""
_escape_or_control = re.compile(r"\\.|[\x01-\x1f]", re.DOTALL)
_string_or_bracket = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')


def body_text(request: Request) -> str:
    """The body as text; a byte order mark is dropped.

    Raises:
        UnreadableDelivery: it is compressed, or neither UTF-8 nor what it says that it is.
    """
    if request.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise UnreadableDelivery("delivery.compressed")
    try:
        return decoded(request.body, request.headers.get("content-type", ""))
    except UnicodeDecodeError as error:
        raise UnreadableDelivery("delivery.not_utf8") from error


def single(text: str) -> Parsed:
    """The one value that the text holds.

    Raises:
        UnreadableDelivery: it is not JSON, or nested too deeply.
    """
    return _guarded(_single, text)[0]


def records(text: str) -> list[Parsed]:
    """The elements of an array, or of the list `records` of an object; else the one value.

    Several objects, each on lines of its own (NDJSON), are several records.

    Raises:
        UnreadableDelivery: it is not JSON, nested too deeply, or has too many elements.
    """
    return _guarded(_records, text)


def elements(text: str) -> list[Parsed]:
    """The elements of an array.

    Raises:
        UnreadableDelivery: it is not JSON, no array, nested too deeply, or has too many elements.
    """
    return _guarded(_array, text)


def _guarded(read: Callable[[str], list[Parsed]], text: str) -> list[Parsed]:
    """What `read` makes of the text, mended if need be.

    A number of over 4,300 digits is a ValueError of `int`.
    """
    if text.count(",") + text.count("[") + text.count("{") > MAX_JSON_VALUES:
        raise UnreadableDelivery("delivery.too_many_values")
    try:
        try:
            found = read(text)
        except ValueError:
            mended = _string.sub(_escaped, text)
            if mended == text:
                raise
            found = read(mended)
    except RecursionError as error:
        raise UnreadableDelivery("delivery.too_deep") from error
    except ValueError as error:
        raise UnreadableDelivery("delivery.not_json", _place(error)) from error
    if any(_nests_deeply(raw) for _, raw in found):
        raise UnreadableDelivery("delivery.too_deep")
    return found


def _escaped(string: re.Match[str]) -> str:
    """A string whose control characters are escapes; one after a backslash stays wrong."""
    return _escape_or_control.sub(
        lambda sign: sign[0] if sign[0][0] == "\\" else f"\\u{ord(sign[0]):04x}", string[0]
    )


def _place(error: ValueError) -> str:
    """What is wrong and where, without any text of the body."""
    if isinstance(error, json.JSONDecodeError):
        what = "Invalid escape" if "escape" in error.msg else error.msg  # it may quote the body
        return f"{what}, line {error.lineno}, column {error.colno}"
    return str(error)


def _single(text: str) -> list[Parsed]:
    start = _after_space(text, 0)
    value, end = _decode(text, start)
    _require_end(text, end)
    return [(value, text[start:end])]


def _array(text: str) -> list[Parsed]:
    start = _after_space(text, 0)
    if not text.startswith("[", start):
        _single(text)
        raise UnreadableDelivery("delivery.wrong_shape", "not a JSON array")
    found, end = _elements(text, start)
    _require_end(text, end)
    return found


def _records(text: str) -> list[Parsed]:
    start = _after_space(text, 0)
    found: list[Parsed] | None = None
    end = 0
    if text.startswith("[", start):
        found, end = _elements(text, start)
    elif text.startswith("{", start) and '"records"' in text:
        found, end = _elements_of_records(text, start)
    if found is None:
        return _lines(text)
    _require_end(text, end)
    return found


def _lines(text: str) -> list[Parsed]:
    """The one value, or several objects with a line end between each two of them."""
    found: list[Parsed] = []
    at = _after_space(text, 0)
    while True:
        value, end = _decode(text, at)
        found.append((value, text[at:end]))
        if _after_space(text, end) == len(text):
            return found
        next_line = _line_end(text, end)
        if next_line is None or not isinstance(value, dict) or text[next_line.end()] != "{":
            raise json.JSONDecodeError("Something follows the JSON value", text, end)
        if len(found) == MAX_ITEMS:
            raise UnreadableDelivery("delivery.too_many_items")
        at = next_line.end()


def _elements(text: str, start: int) -> tuple[list[Parsed], int]:
    """The elements of the array that begins at `start`, and where it ends."""
    found: list[Parsed] = []
    at = _after_space(text, start + 1)
    if text.startswith("]", at):
        return found, at + 1
    while True:
        value, end = _decode(text, at)
        found.append((value, text[at:end]))
        if len(found) > MAX_ITEMS:
            raise UnreadableDelivery("delivery.too_many_items")
        at = _after_space(text, end)
        if text.startswith("]", at):
            return found, at + 1
        at = _after(",", text, at)


def _elements_of_records(text: str, start: int) -> tuple[list[Parsed] | None, int]:
    """The elements of `records` of the object that begins at `start`, and where the object ends.

    None if it is no list. The object is not empty. The last of several equal keys counts, as with
    every JSON parser.
    """
    found: list[Parsed] | None = None
    at = _after_space(text, start + 1)
    while True:
        key, end = _decode(text, at)
        if not isinstance(key, str):
            raise ValueError("a key must be a text")
        at = _after(":", text, _after_space(text, end))
        if key == "records" and text.startswith("[", at):
            found, at = _elements(text, at)
        else:
            found = None if key == "records" else found
            at = _decode(text, at)[1]
        at = _after_space(text, at)
        if text.startswith("}", at):
            return found, at + 1
        at = _after(",", text, at)


def _after_space(text: str, at: int) -> int:
    match = _space(text, at)
    return match.end() if match else at


def _after(sign: str, text: str, at: int) -> int:
    if not text.startswith(sign, at):
        raise ValueError(f"{sign} is missing")
    return _after_space(text, at + 1)


def _require_end(text: str, at: int) -> None:
    if _after_space(text, at) != len(text):
        raise ValueError("something follows the JSON value")


def _nests_deeply(raw: str) -> bool:
    """Whether a valid JSON text has more than `MAX_JSON_DEPTH` levels; few brackets decide it at
    once.
    """
    if raw.count("{") + raw.count("[") <= MAX_JSON_DEPTH:
        return False
    depth = 0
    for match in _string_or_bracket.finditer(raw):
        sign = raw[match.start()]
        if sign in "[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                return True
        elif sign in "]}":
            depth -= 1
    return False
