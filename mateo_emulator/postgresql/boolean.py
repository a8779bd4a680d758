"""Reads a boolean as PostgreSQL 15's ``boolin`` does."""

from __future__ import annotations

from mateo_emulator.postgresql.white_space import stripped

_WORDS = {"true": True, "false": False, "yes": True, "no": False}
"""A word counts from its first letter on: ``t``, ``tr``, ``tru``, ``true``."""
_WHOLE = {"on": True, "off": False, "of": False, "1": True, "0": False}


def read_boolean(text: str) -> bool | None:
    """True or False for one of PostgreSQL's words, in any case and between white space; else None.

    The words are ``true``, ``yes``, ``on``, ``1`` and ``false``, ``no``, ``off``, ``0``, and what
    they begin with, as long as it is no beginning of both sides.
    """
    word = stripped(text)
    if not word or not word.isascii():
        return None
    word = word.lower()
    if word in _WHOLE:
        return _WHOLE[word]
    return next((value for whole, value in _WORDS.items() if whole.startswith(word)), None)
