"""JSON and texts for files that people open: standard JSON, and nothing that a viewer obeys.

Called by whatever writes to the bucket. JSON has no infinity, but a sender may write `1e999`. An
editor or a terminal obeys control characters and characters that reverse the direction of writing:
in reports they are visible escapes.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping

MAX_DEPTH = 200
"""Own limit where numbers are replaced; the relay's own items nest 100 levels at most."""
_OBEYED = re.compile(
    "[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""DEL and the C1 controls, marks and overrides of direction, invisible signs, line separators."""
_UNSEEN = re.compile(f"{_OBEYED.pattern}|[\ud800-\udfff]")
"""The same, and halves of surrogate pairs, which no file can hold."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def json_text(value: object, *, indent: int | None = None) -> str:
    """The JSON of a value for a file that people open; a number beyond all bounds is a text.

    Characters that a viewer obeys are JSON escapes: a parser gets the same texts.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    except ValueError:
        text = json.dumps(finite(value), ensure_ascii=False, allow_nan=False, indent=indent)
    return _OBEYED.sub(_escaped, text)


def json_content(value: object) -> bytes:
    """The content of a JSON file that people open."""
    return (json_text(value, indent=2) + "\n").encode("utf-8", "backslashreplace")


def ndjson_content(lines: Iterable[object]) -> bytes:
    """The content of a file with the JSON of each line."""
    text = "".join(json_text(line) + "\n" for line in lines)
    return text.encode("utf-8", "backslashreplace")


def defused(text: str) -> str:
    r"""A text for a cell: what a viewer would obey stands there as an escape such as `\u202e`.

    Tabs and line breaks stay; they are the format's own matter.
    """
    return _CONTROLS.sub(_escaped, _OBEYED.sub(_escaped, text))


def without_signs(text: str) -> str:
    """A text for a cell that people correct: without what a viewer would obey, and nobody sees.

    Tabs and line breaks stay.
    """
    return _CONTROLS.sub("", _UNSEEN.sub("", text))


def finite(value: object, *, levels: int = MAX_DEPTH) -> object:
    """The same value with texts for the numbers that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if isinstance(value, Mapping):
        return (
            {name: finite(one, levels=levels - 1) for name, one in value.items()}
            if levels
            else "nested too deeply"
        )
    if isinstance(value, list | tuple):
        return [finite(one, levels=levels - 1) for one in value] if levels else "nested too deeply"
    return value


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
