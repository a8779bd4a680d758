"""Finds the line of a key in a TOML text; tomllib does not tell. Used by `check_connections`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)"""
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
TABLE_HEADER = re.compile(rf"\s*\[\[?\s*({_PATH})\s*\]")
KEY = re.compile(rf"\s*({_PATH})\s*=")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')
_IN_ERROR = re.compile(r"\(at line (\d+),")


@dataclass(slots=True)
class _Value:
    """The value that is being read: which quotes are open, and how many brackets."""

    quotes: str = ""
    depth: int = 0

    @property
    def is_open(self) -> bool:
        return bool(self.quotes) or self.depth > 0

    def read(self, text: str) -> None:
        """Go through the rest of a line."""
        position = 0
        while position < len(text):
            if self.quotes:
                end = text.find(self.quotes, position)
                if end < 0:
                    return
                position, self.quotes = end + 3, ""
                continue
            found = _TOKEN.search(text, position)
            if found is None:
                return
            position, token = found.end(), found.group()
            if token in ('"""', "'''"):
                self.quotes = token
            elif token in ("[", "{"):
                self.depth += 1
            elif token in ("]", "}"):
                self.depth -= 1


def key_lines(text: str) -> dict[str, int]:
    """Dotted path of each table and key → its line, from 1; the first if there are several."""
    found: dict[str, int] = {}
    table = ""
    value = _Value()
    for number, line in enumerate(text.split("\n"), start=1):
        if value.is_open:
            value.read(line)
        elif header := TABLE_HEADER.match(line):
            table = _plain(header.group(1))
            found.setdefault(table, number)
        elif key := KEY.match(line):
            found.setdefault(f"{table}.{_plain(key.group(1))}".lstrip("."), number)
            value.read(line[key.end() :])
            value.depth = max(value.depth, 0)
    return found


def line_of(lines: Mapping[str, int], path: str, what: str = "") -> int:
    """The line of a path, else of the nearest table around it; `what` may name one itself."""
    if line := line_in_error(what):
        return line
    while path:
        within = [line for known, line in lines.items() if known.startswith(f"{path}.")]
        if path in lines or within:
            return lines.get(path, min(within, default=1))
        path = path.rpartition(".")[0]
    return 1


def line_in_error(what: str) -> int:
    """The line that an error of Python's parser names; 0 if it names none."""
    named = _IN_ERROR.search(what)
    return int(named.group(1)) if named else 0


def _plain(path: str) -> str:
    """The path without quotes and spaces around its names."""
    names = re.findall(_NAME, path)
    return ".".join(name[1:-1] if name[0] in "\"'" else name for name in names)
