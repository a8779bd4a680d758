"""Changes of the body and the headers of an authentic request; called by `targets`."""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from tests.fuzz.choices import Choices

MAX_MUTATIONS = 5


class Raw(str):
    """A text that is written into JSON as it is."""

    __slots__ = ()


class Pairs(list[Any]):
    """The members of a JSON object: unlike a dict, it may hold a key twice."""


VALUES = tuple(
    Raw(text)
    for text in (
        *("null", "true", "false", "0", "-1", "1.5", "-0.0", "NaN", "Infinity", "[]", "{}"),
        *("9007199254740993", "18446744073709551616", "1e999999", "-1e400", "1E-999999"),
        *("1795253400", "1795253400000", "1795253400000000", "253402300800000", "[null]"),
        *('""', '" "', '"\\u0000"', '"\\ud800"', '"\\uffff"', '"äöü€😀"', '"\\u0661"', '"+49"'),
        *('"true"', '"null"', '"1795253400"', '"deleted"', '"test"', '"*"', '"a,b"', '"../x"'),
        *('"2026-11-21T09:30:00Z"', '"9999-12-31T23:59:59-14:00"', '"0001-01-01T00:00:00+14:00"'),
        *('"0000-00-00"', '"2026-11-21"', '"25:61"', '"NaN"', '"1e999999"', '"001*"', '{"":{}}'),
        *('"/Date(1506409448000-0700)/"', '"/Date(-99999999999999999999)/"', '"/Date()/"'),
        *('[[["a"]]]', '[{"id":1},{"id":1}]', '{"a":1,"a":2}', '"https://example.com/1"'),
        f'"{"9" * 5_000}"',
        "9" * 4_000,
        "9" * 5_000,
        f'"{"x" * 1_000}"',
        "[" * 60 + "]" * 60,
        '{"a":' * 120 + "1" + "}" * 120,
        "[" * 10_000 + "]" * 10_000,
    )
)
TOKENS: tuple[bytes, ...] = (
    *(b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'"'),
    *(b"\\", b",", b":", b"&", b"=", b"<", b">", b"%", b"%00", b"%ff", b"+", b"\r\n", b"-"),
    *(b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"&#x110000;", b"]]>", b"<!--", b"<?a?>"),
)
TEXTS = (
    *("", " ", ",", "\x00", "a", "ä", "\u2603", "\ud800", "=", "==", "0", "-1", "1795253400"),
    *("1e9", "NaN", "\u0661", "9" * 30, "true", "Basic", "Basic ", "Basic Og==", "Bearer ", "t="),
    *("t=1795253400,v1=", "v1=,t=", "t=1,t=2,v1=a,v1=b", "v1,", "v1a,", "v1,A v1a,B", "sha256="),
    *("application/json", "application/cloudevents-batch+json", "text/xml", "gzip", "identity"),
    *("%00", "%ff", '"\\', "x" * 5_000, "A" * 44, "0" * 64, "=?utf-8?b?ww==?="),
)
XML_PARTS = (
    *(
        "<!DOCTYPE a [<!ENTITY b 'c'>]>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a'>",
        "&b;",
        "&lt;",
    ),
    *("&#0;", "&#x110000;", "&nope;", "<!-- a -->", "<![CDATA[a<b]]>", "<?a b?>", "<a>", "</a>"),
    *("<a xmlns='urn:b'/>", "<b:a/>", '<a xsi:nil="true"/>', "\x00", "\uffff", "ä", "", "0", "1e9"),
    *("<a>" * 10_000, "<a>" * 500 + "</a>" * 500, "x" * 10_000, "<Id></Id>", "<Notification/>"),
)
FORM_KEYS = (
    "",
    "type",
    "contact[id]",
    "contact[",
    "contact]",
    "contact[fields][a][b]",
    "[]",
    "\x00",
)


def changed_body(body: bytes, choices: Choices) -> bytes:
    """The body after up to `MAX_MUTATIONS` changes of its structure, and maybe of its bytes."""
    change = _changer(body)
    for _ in range(choices.below(MAX_MUTATIONS + 1)):
        body = change(body, choices)
    how = choices.below(16)
    if how > 11:
        body = changed_bytes(body, choices)
    elif how == 11:
        body = choices.pick(
            (b"", b"\xef\xbb\xbf" + body, body.decode("utf-8", "replace").encode("utf-16"), b" ")
        )
    elif how == 10:
        body = gzip.compress(body, mtime=0)
    return body


def _changer(body: bytes) -> Callable[[bytes, Choices], bytes]:
    start = body.lstrip()[:1]
    if start in (b"{", b"["):
        return _changed_json
    return _changed_xml if start == b"<" else _changed_form


def changed_item(text: str, choices: Choices) -> object:
    """A JSON value as it may come out of the queue, after changes."""
    for _ in range(choices.below(MAX_MUTATIONS + 1)):
        text = _changed_json(text.encode(), choices).decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _changed_json(body: bytes, choices: Choices) -> bytes:
    try:
        value = json.loads(body, object_pairs_hook=Pairs, parse_float=Raw, parse_int=Raw)
    except (ValueError, RecursionError):
        return changed_bytes(body, choices)
    root = [value]
    places = list(_places(root))
    container, index = choices.pick(places)
    _change_value(container, index, choices, places)
    try:
        return _written(root[0] if root else Raw("")).encode()
    except RecursionError:
        return body


def _places(root: list[Any]) -> list[tuple[list[Any], int]]:
    """Every value as (list that holds it, index); members of objects become lists [key, value]."""
    found: list[tuple[list[Any], int]] = []
    waiting = [root]
    while waiting:
        container = waiting.pop()
        for index, value in enumerate(container):
            found.append((container, index))
            if isinstance(value, list):
                waiting.append(value)
            elif isinstance(value, tuple):
                container[index] = member = list(value)
                waiting.append(member)
    return found


def _change_value(
    container: list[Any], index: int, choices: Choices, places: list[tuple[list[Any], int]]
) -> None:
    """Replace, remove, repeat, wrap or move a value, or a member of an object."""
    value = container[index]
    how = choices.below(9)
    if how <= 2:
        container[index] = choices.pick(VALUES)
    elif how == 3:
        del container[index]
    elif how == 4:
        container.insert(index, value)
    elif how == 5:
        container[index] = [value]
    elif how == 6:
        container[index] = Pairs([[choices.pick(("id", "value", "", "data")), value]])
    elif how == 7:
        other, place = choices.pick(places)
        if place < len(other) and not isinstance(other[place], list):
            container[index] = other[place]
    elif isinstance(value, Pairs):
        value.insert(0, [choices.pick(("id", "", "type", "\x00", "event")), choices.pick(VALUES)])
    elif isinstance(value, str):
        container[index] = value[: choices.below(len(value) + 1)]


def _written(value: object) -> str:
    if isinstance(value, Raw):
        return value
    if isinstance(value, Pairs):
        return f"{{{','.join(_member(pair) for pair in value)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    return json.dumps(value)


def _member(pair: object) -> str:
    """A member of an object; one that is no pair any more is written all the same."""
    if isinstance(pair, list) and not isinstance(pair, Pairs) and len(pair) == 2:
        return f"{_written(pair[0])}:{_written(pair[1])}"
    return f'"a":{_written(pair)}'


def _changed_xml(body: bytes, choices: Choices) -> bytes:
    parts = re.findall(r"<[^>]*>|[^<]+", body.decode("utf-8", "replace"))
    if not parts:
        return body
    at = choices.below(len(parts))
    how = choices.below(5)
    if how == 0:
        parts[at] = choices.pick(XML_PARTS)
    elif how == 1:
        parts.insert(at, choices.pick(XML_PARTS))
    elif how == 2:
        del parts[at]
    elif how == 3:
        other = choices.below(len(parts))
        parts[at], parts[other] = parts[other], parts[at]
    else:
        end = at + choices.below(12)
        parts[at:at] = parts[at:end] * (1 + choices.below(3))
    return "".join(parts).encode("utf-8", "replace")


def _changed_form(body: bytes, choices: Choices) -> bytes:
    pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    at = choices.below(len(pairs) + 1)
    how = choices.below(5)
    if how == 0 or not pairs or at == len(pairs):
        pairs.insert(at, (choices.pick(FORM_KEYS), choices.pick(TEXTS)))
    elif how == 1:
        pairs[at] = (pairs[at][0], choices.pick(TEXTS))
    elif how == 2:
        pairs[at] = (choices.pick(FORM_KEYS), pairs[at][1])
    elif how == 3:
        del pairs[at]
    else:
        pairs.insert(0, pairs[at])
    return "&".join(f"{_escaped(key)}={_escaped(value)}" for key, value in pairs).encode()


def _escaped(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


def changed_bytes(body: bytes, choices: Choices) -> bytes:
    """The body with one byte flipped, a token put in, a part repeated, or cut off."""
    at = choices.below(len(body) + 1)
    how = choices.below(4)
    if how == 0:
        return body[:at] + choices.pick(TOKENS) + body[at:]
    if how == 1 and at < len(body):
        return body[:at] + bytes([body[at] ^ (1 << choices.below(8))]) + body[at + 1 :]
    if how == 2:
        return body[:at]
    end = at + choices.below(40)
    return body[:end] + body[at:end] + body[end:]


def changed_headers(headers: Mapping[str, str], choices: Choices) -> dict[str, str]:
    """The headers after up to three of them were changed, left out, repeated or cut off."""
    changed = dict(headers)
    for _ in range(choices.below(4)):
        name = choices.pick([*sorted(headers), "content-encoding", "content-type"])
        value = changed.get(name, "")
        how = choices.below(6)
        if how == 0:
            changed.pop(name, None)
        elif how == 1:
            changed[name] = choices.pick(TEXTS)
        elif how == 2:
            changed[name] = f"{value},{value}"
        elif how == 3:
            changed[name] = value[: choices.below(len(value) + 1)]
        elif how == 4:
            changed[name] = value.swapcase()
        else:
            changed[name] = value + choices.pick(TEXTS)
    return changed
