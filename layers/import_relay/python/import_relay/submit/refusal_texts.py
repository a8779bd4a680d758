"""What may be shown in a log of Mateo's codes and messages, which may hold values of records."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, pairwise

MAX_MESSAGE_LENGTH = 200
MAX_NAME_WORDS = 4
"""A value of at most so many words may be a name, a company, a city or an address."""
MIN_STEM = 4
"""Letters that a word has at least if it is recognised with an ending, as in "Müllers"."""
_CODE = re.compile(r"[A-Za-z0-9_]{1,20}")
_OF_SCHEMA = ("PGRST", "42")
"""Codes of PostgREST and of PostgreSQL's class 42: their messages name tables and columns."""
_QUOTED = r"""\"[^"]*(?:"|$)|'[^']*(?:'|$)"""
_BRACKETED = r"\([^)]*(?:\)|$)|\[[^\]]*(?:\]|$)|\{.*"
_WORD = re.compile(r"[^\W\d_]+")
_WORDS_OF_MATEO = frozenset(
    _WORD.findall(
        """
        a an and any are as at be been but by can cannot could did do does for from has have in into
        is it its more must no not of on one only or should than that the there this to too was were
        with

        address appointment birthday blocked city code column company contact country custom date
        deal email entity external facebook field first full handle id import instagram key last
        line list name number organisation phone postal reference row salutation sms status type
        value whatsapp zipcode

        allowed already array boolean cache character constraint database different duplicate empty
        enum exceeded exist expected failed find format found given greater input integer invalid
        json least length less limit long maximum minimum missing most null object out payload range
        refused relation required schema string syntax table text time timestamp unexpected unique
        unknown uuid valid violate wrong
        """
    )
)
"""Words of Mateo's own messages, its fields among them. They stay, even if a row holds them."""
_VALUES = re.compile(rf"{_QUOTED}|{_BRACKETED}|\S*[@\d]\S*")


def shown_code(code: str) -> str:
    """Mateo's code, or nothing if it is none."""
    return code if _CODE.fullmatch(code) else ""


def shown_message(code: str, message: str, rows: Iterable[bytes]) -> str:
    """Mateo's message without what may be a value, unless it is about the schema.

    `rows`: as in `without_values`.
    """
    line = " ".join(message.split())
    if not code.startswith(_OF_SCHEMA):
        line = _VALUES.sub("…", without_values(code, line, rows))
    return line[:MAX_MESSAGE_LENGTH]


def shown_answer(status: int, code: str, message: str, rows: Iterable[bytes]) -> str:
    """What Mateo answered, in one line, without what may be a value (as `shown_message`)."""
    code = f" {shown_code(code)}".rstrip()
    return f"Mateo answered {status}{code}: {shown_message(code.strip(), message, rows)}"


def without_values(code: str, message: str, rows: Iterable[bytes]) -> str:
    """Mateo's message without the values of these rows, unless it is about the schema.

    Mateo need not quote a name: so each word of a short value is left out, with any ending. Words
    of a longer value, such as a note, are left out where two of them stand together. Words that
    Mateo's own messages consist of stay, so that the text still says why.

    `rows`: the JSON of each row that the message may be about.
    """
    if code.startswith(_OF_SCHEMA):
        return message
    message = unicodedata.normalize("NFC", message)
    left_out = _left_out(_folded(message), rows)
    numbers = count()
    return _WORD.sub(lambda found: "…" if next(numbers) in left_out else found[0], message)


def _left_out(words: Sequence[str], rows: Iterable[bytes]) -> set[int]:
    """The numbers of those words of a message that are values of these rows."""
    stems = [_stems(word) for word in words]
    all_stems, all_pairs = set().union(*stems), set(pairwise(words))
    names: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for value in (value for row in rows for value in _texts(json.loads(row))):
        held = _folded(value)
        if len(held) <= MAX_NAME_WORDS:
            names |= all_stems.intersection(held)
        else:
            pairs |= all_pairs.intersection(pairwise(held))
    found = {n for n, own in enumerate(stems) if not names.isdisjoint(own)}
    found.update(
        n + side for n, pair in enumerate(pairwise(words)) if pair in pairs for side in (0, 1)
    )
    return {n for n in found if _WORDS_OF_MATEO.isdisjoint((words[n], words[n].removesuffix("s")))}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _folded(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(unicodedata.normalize("NFC", text))]


def _stems(word: str) -> set[str]:
    return {word, *(word[:length] for length in range(MIN_STEM, len(word)))}
