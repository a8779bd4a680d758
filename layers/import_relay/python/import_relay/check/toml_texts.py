"""Closes texts of several lines whose closing quotes are missing. Used by `toml_repairs`.

To a parser such a text goes on over all keys and tables behind it, to the next such quotes or to
the end.
"""

from import_relay.check.toml_lines import KEY, TABLE_HEADER

_QUOTES = ("'''", '"""')


def close_texts(lines: list[str]) -> list[int]:
    """Close each text that goes on over a table, or over a text of another key, in `lines` itself.

    It is closed before the first key or table behind it.

    Returns:
        the lines in which they begin, from 1.
    """
    found = []
    begun, quotes = 0, ""
    for number, line in enumerate(list(lines), start=1):
        if begun and _begins_anew(line, quotes):
            found.append(_closed(lines, begun, quotes))
            begun = 0
        if begun:
            begun = 0 if quotes in line else begun
        elif quotes := _opened(line):
            begun = number
    return [*found, _closed(lines, begun, quotes)] if begun else found


def _closed(lines: list[str], begun: int, quotes: str) -> int:
    """Close the text that begins in this line."""
    behind = range(begun, len(lines))
    end = next((at for at in behind if _is_header(lines[at]) or _value(lines[at])), len(lines))
    last = next(at for at in range(end - 1, -1, -1) if at < begun or lines[at].strip())
    lines[last] += quotes
    return begun


def _begins_anew(line: str, quotes: str) -> bool:
    return _is_header(line) or _value(line).startswith(quotes)


def _opened(line: str) -> str:
    """The quotes of a text that begins in this line and does not end there."""
    value = _value(line)
    quotes = value[:3]
    return quotes if quotes in _QUOTES and quotes not in value[3:] else ""


def _is_header(line: str) -> bool:
    header = TABLE_HEADER.match(line)
    return header is not None and line[header.end() :].lstrip("]").strip()[:1] in ("", "#")


def _value(line: str) -> str:
    """What is behind a key; a comparison in an expression is none."""
    key = KEY.match(line)
    value = line[key.end() :] if key else ""
    return "" if value.startswith("=") else value.strip()
