"""Reads a parameter of the query from left to right and says where it stopped making sense.

`fields`, `filters`, `select` and `order` read with it; what they cannot read becomes the
400 ``PGRST100`` of PostgREST, with the place in the message and what was expected in the hint.
"""

from __future__ import annotations

import re

from mateo_emulator.errors import ApiError

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SPACE = re.compile(r"[ \t]*")


class Scanner:
    """A text and how far it has been read."""

    def __init__(self, what: str, text: str, shown: str | None = None) -> None:
        """``what`` and ``shown`` (default: the text) name the parameter in an error."""
        self.text = text
        self.at = 0
        self._what = what
        self._shown = text if shown is None else shown

    def take(self, token: str) -> bool:
        """Read the token if it comes next."""
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what the pattern matches here, if it does."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def need(self, token: str, expected: str | None = None) -> None:
        """Read the token, or raise 400 ``PGRST100``."""
        if not self.take(token):
            raise self.error(expected or f'"{token}"')

    def need_end(self, expected: str = "end of input") -> None:
        """Raise 400 ``PGRST100`` unless everything has been read."""
        if self.at != len(self.text):
            raise self.error(expected)

    def skip_space(self) -> None:
        """Read spaces and tabs."""
        self.match(_SPACE)

    def quoted(self, before: str = "") -> str | None:
        r"""Read ``"…"`` with its escapes ``\"`` and ``\\``.

        Where ``before`` names characters, one of them or the end must follow; otherwise the
        quotation mark is taken for an ordinary character, nothing is read, and it is None.
        """
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            return None
        following = self.text[found.end() : found.end() + 1]
        if before and following and following not in before:
            return None
        self.at = found.end()
        return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL)

    def error(self, expected: str) -> ApiError:
        """400 ``PGRST100`` at this place."""
        found = f'"{self.text[self.at]}"' if self.at < len(self.text) else "end of input"
        return self.refusal(f"unexpected {found} expecting {expected}")

    def refusal(self, reason: str) -> ApiError:
        """400 ``PGRST100`` at this place, with a reason in the hint."""
        return ApiError(
            400,
            "PGRST100",
            f'"failed to parse {self._what} ({self._shown})" (line 1, column {self.at + 1})',
            hint=reason,
        )
