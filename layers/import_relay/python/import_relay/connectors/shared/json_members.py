"""Takes JSON objects apart and puts them together without changing what they hold.

Called by `split` of connectors whose items are parts of a body that `json_text` has parsed.
"""

import json
import re
from collections.abc import Mapping

from import_relay.connectors.shared.json_text import Parsed

_decode = json.JSONDecoder().raw_decode
_sign = re.compile(r"[ \t\n\r]*[{,:]?[ \t\n\r]*")


def members(text: str) -> dict[str, Parsed]:
    """The members of an object: key → value and the text that it was parsed from.

    Of several equal keys the last counts, as with every JSON parser. `text` is an object that was
    parsed before: nothing is checked again.
    """
    found: dict[str, Parsed] = {}
    at = _after_sign(text, 0)
    while not text.startswith("}", at):
        key, end = _decode(text, at)
        start = _after_sign(text, end)
        value, end = _decode(text, start)
        found[key] = (value, text[start:end])
        at = _after_sign(text, end)
    return found


def text_or_none(value: object) -> str | None:
    """A text; None for any other value, which a table of texts might not take as a key."""
    return value if isinstance(value, str) else None


def object_text(texts: Mapping[str, str]) -> str:
    """The JSON object with these members, each given as JSON text."""
    return "{" + ",".join(f"{json.dumps(key)}:{text}" for key, text in texts.items()) + "}"


def _after_sign(text: str, at: int) -> int:
    match = _sign.match(text, at)
    return match.end() if match else at
