"""What people write into a phone field, taken apart into numbers that somebody could dial.

Called by `phones`, which knows countries; this module does not. A text that may mean several things
is no number: a wrong number reaches a stranger.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from import_relay.mapping.phone_words import BEFORE_DIGITS, BETWEEN, EXTENSIONS, LABELS

MAX_PHONE_TEXT = 250
"""Own limit: a longer text is no phone number, and is not searched for any."""
_MAX_DIGITS = 20
"""More than any number with an exit code, a carrier code and a bracketed zero."""


class Dialled(NamedTuple):
    """The digits of one number.

    `doubtful`: where a digit stands that may be no part of it, such as a bracketed `(0)`; else 0.
    """

    digits: str
    has_plus: bool
    doubtful: int = 0

    @property
    def spellings(self) -> tuple[str, ...]:
        """The digits with the doubtful one and without it."""
        if not self.doubtful:
            return (self.digits,)
        return self.digits, self.digits[: self.doubtful] + self.digits[self.doubtful + 1 :]


class Several(NamedTuple):
    """What stands between `/` or `,`: several numbers, or groups of digits of a single one."""

    parts: tuple[Dialled | None, ...]
    joined: Dialled | None


_EMPTY = Dialled("", has_plus=False)
_SIMPLE = re.compile(r"\+?\(?[0-9][0-9 ]*+(?:\) ?)?(?:-(?! *0$))?[0-9 ]*+(?<=[0-9])")
"""Such a text is digits of its number alone, and most texts are such."""
_WITHOUT_WORDS = re.compile(r"[0-9+().\[\] -]*")
"""Such a text is one number or none: what looks for words would find nothing in it."""
_WITH_SLASHES = re.compile(r"[0-9+().\[\] /-]*")
"""Such a text has no words either, and nothing but a slash may separate numbers in it."""
_LABELLED = re.compile(r"(?:([A-Za-z]+)\.?:? *)?(\+?[0-9][0-9 -]*[0-9])(?: *\(([A-Za-z]+)\))?")
"""The usual way to say what kind of number it is: `Tel.: 0151 …` and `0151 … (privat)`."""
_TWO = re.compile(r"(\+?[0-9][0-9 -]*[0-9]) +([A-Za-z]+) +(\+?[0-9][0-9 -]*[0-9])")
"""The usual way to write two numbers into one field: `0151 … oder +49 170 …`."""
_SIGNS = str.maketrans("", "", "+() .-\t")
_DECIMAL = re.compile(r"\+?[0-9][0-9 ()/-]*[.,]0+")
"""A number that a spreadsheet exported: its last zero is no digit of the phone number."""
_AROUND = " \t\r\n'\"`="
_NOT_AFTER_LETTER, _NOT_BEFORE_LETTER = r"(?<![^\W\d_])", r"(?![^\W\d_])"
_URI_PARAMETER = re.compile(r";(?:ext|isub)=[^;]*", re.IGNORECASE)
_SEPARATOR = re.compile(r"[;\n\r|&\u2028\u2029]")
_LONG_BETWEEN = "|".join(word for word in BETWEEN if len(word) > 1)
_SHORT_BETWEEN = "".join(BETWEEN - set(_LONG_BETWEEN.split("|")))
_WORD_BETWEEN = re.compile(
    rf"{_NOT_AFTER_LETTER}(?:{_LONG_BETWEEN}){_NOT_BEFORE_LETTER}\.?"
    rf"|(?<=\s)[{_SHORT_BETWEEN}](?=\s)",
    re.IGNORECASE,
)
"""A single letter stands alone: `1.5E10` is one number."""
_REMARK = re.compile(r"\([^()0-9]*\)")
_IN_REMARK = str.maketrans(",/;|&", "     ")
_GROUP_SEPARATOR = re.compile(r"[/,]")
_EXTENSION = re.compile(
    rf"[\s.(-]*(?:{_NOT_AFTER_LETTER}(?:{'|'.join(EXTENSIONS)}){_NOT_BEFORE_LETTER}|\#)"
    r"[\s.:-]*[0-9]{1,7}\s*\)?$",
    re.IGNORECASE,
)
_AFTER_EXTENSION_WORD = "0123456789.:-)" + "".join(filter(str.isspace, map(chr, range(0x3001))))
_SWITCHBOARD = re.compile(r"(?<=[0-9])\s*-\s*0$")
_WORD = re.compile(r"[^\W\d_]+")
_TO_DIGITS = re.compile(r"[\s.:(+]*[0-9]")
_DIGITS = re.compile("[0-9](?:.*[0-9])?")
_EMPTY_BRACKETS = re.compile(r"\([\s.:]*\)")
_BRACKETED_ZERO = re.compile(r"\(\s*0\s*\)")
_LAST_BRACKETS = re.compile(r"[0-9]\D*\(\W*[0-9](?:\W*[0-9]){0,3}\W*\)$")
_ONE_DIGIT_APART = re.compile(r"[0-9]\s+[0-9](?:[.:)]+\s*|\s+)(?:[^\W\d_]|$)")
"""`0664 1234567 2. Handy`: the digit may count what the word names, or be the number's last one."""
_COUNTED = re.compile(r"\s[0-9]{1,2}[^\W\d_]")
"""`24h` behind a number is none of its digits."""
_RANGE = re.compile(r"(?<=\s)([0-9]{1,3})\s*-\s*([0-9]{1,3})$")
"""`030 231250 68-70`: the last groups of the first and of the last of several numbers."""
_MAX_RANGE = 10
"""Numbers of a range; groups that are further apart are a number and its extension."""
_OF_WHATSAPP = re.compile(
    r"\+?([0-9]{7,15})(?::[0-9]{1,3})?@(?:c\.us|s\.whatsapp\.net)"
    r"|(?:(?:https?://)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?(?:[^#]*&)?phone=)"
    r"|whatsapp://send/?\?(?:[^#]*&)?phone=)(?:\+|%2B)?([0-9]{7,15})/?(?:[?&].*)?",
    re.IGNORECASE,
)
"""An id or a link of WhatsApp: its digits begin with the calling code."""
_OF_LINK = re.compile(
    r"(?:tel|callto|sms|smsto|facetime|facetime-audio|skype|sips?):(?://)?"
    r"(?:\+|%2B)([0-9][0-9().-]{5,}[0-9])(?:[;?&@].*)?",
    re.IGNORECASE,
)
"""A link that dials or writes to a number with its calling code."""
_DIALLED = re.compile(r"[( \t]*(\+?)[ \t(]*([0-9][0-9 \t().-]*)")


def numbers_in(text: str) -> tuple[Dialled | Several | None, ...]:
    """The numbers of a text, in its order; None stands for a part that is no number.

    Extensions are cut off, and words such as `Tel.:` or `(privat)`. A part with any other letter or
    sign is no number: letters are never read as the digits of a keypad. At least one entry.
    """
    if len(text) > MAX_PHONE_TEXT:
        return (None,)
    if _is_simple(text):
        return (_simple(text),)
    plain = (text if text.isascii() else _to_ascii(text)).strip(_AROUND)
    if _DECIMAL.fullmatch(plain):
        return (None,)
    if _WITHOUT_WORDS.fullmatch(plain):
        found = _range(plain) or _of_digits(plain, plain)
        return (None if found == _EMPTY else found,)
    if "(" not in plain and _WITH_SLASHES.fullmatch(plain):
        return _grouped(plain, [plain])
    return _with_words(plain)


def _is_simple(text: str) -> bool:
    return _SIMPLE.fullmatch(text) is not None and _range(text) is None


def _range(text: str) -> Several | None:
    """The numbers of a text that ends with a range of them, of which only the first is written."""
    last = _RANGE.search(text.rstrip()) if "-" in text else None
    if last is None or len(last[1]) != len(last[2]):
        return None
    if not 0 < int(last[2]) - int(last[1]) < _MAX_RANGE:
        return None
    return Several((_dialled(text[: last.end(1)]), None), _dialled(text))


def _with_words(plain: str) -> tuple[Dialled | Several | None, ...]:
    if (number := _labelled(plain)) is not None:
        return (number,)
    if two := _two(plain):
        return two
    if (number := _of_link(plain)) is not None:
        return (number,)
    if "(" in plain:
        plain = _REMARK.sub(lambda remark: remark[0].translate(_IN_REMARK), plain)
    return _grouped(plain, _separated(plain))


def _of_link(plain: str) -> Dialled | None:
    """The number to which a link leads; None: it is no link, or has no calling code."""
    if (one := _OF_WHATSAPP.fullmatch(plain)) is not None:
        return Dialled(one[1] or one[2], has_plus=True)
    if (one := _OF_LINK.fullmatch(plain)) is not None:
        return _bare(f"+{one[1]}")
    return None


def _grouped(plain: str, texts: list[str]) -> tuple[Dialled | Several | None, ...]:
    """The numbers of the texts between the separators of a text."""
    if "/" in plain:  # groups of digits stand between slashes, so commas separate numbers
        texts = [part for text in texts for part in text.split(",")]
    return tuple([part for part in map(_one_or_several, texts) if part != _EMPTY]) or (None,)


def _separated(text: str) -> list[str]:
    if ";" in text:
        text = _URI_PARAMETER.sub("", text)
    texts = _SEPARATOR.split(text)
    words = [word.casefold() for word in _WORD.findall(text)]
    if BETWEEN.isdisjoint(words):
        return texts
    return [part for one in texts for part in _WORD_BETWEEN.split(one)]


def _simple(text: str) -> Dialled | None:
    digits = text.translate(_SIGNS)
    return Dialled(digits, text[0] == "+") if len(digits) <= _MAX_DIGITS else None


def _labelled(text: str) -> Dialled | None:
    """The number of a text that is labelled in the usual way; None: it has to be taken apart."""
    match = _LABELLED.fullmatch(text)
    if match is None:
        return None
    before, number, behind = match.groups("tel")
    if not {before.lower(), behind.lower()} <= LABELS:
        return None
    return _simple(number) if _is_simple(number) else None


def _two(text: str) -> tuple[Dialled | None, Dialled | None] | None:
    """The two numbers of a text that has two in the usual way, else None."""
    match = _TWO.fullmatch(text)
    if match is None or match[2].lower() not in BETWEEN:
        return None
    first, second = match.group(1, 3)
    if not (_is_simple(first) and _is_simple(second)):
        return None
    return _simple(first), _simple(second)


def _to_ascii(text: str) -> str:
    """Digits, plus, brackets and dashes of any script as ASCII; marks that nobody sees go."""
    return "".join(map(_ascii, unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=4_096)
def _ascii(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    if category == "Zs":
        return " "
    if category == "Pd" or character in "\u2212\u30fc":
        return "-"
    wide = unicodedata.normalize("NFKC", character)
    return wide if wide.isascii() and not wide.isalnum() else character


def _one_or_several(text: str) -> Dialled | Several | None:
    texts = _GROUP_SEPARATOR.split(text)
    if len(texts) == 1:
        return _range(text) or _dialled(text)
    found = (None if _range(one) else _dialled(one) for one in texts)
    parts = tuple([part for part in found if part != _EMPTY])
    if len(parts) <= 1:
        return parts[0] if parts else _EMPTY
    joined = _dialled(_GROUP_SEPARATOR.sub(" ", text))
    return None if joined is None and None in parts else Several(parts, joined)


def _dialled(text: str) -> Dialled | None:
    """The one number of a text without separators; `_EMPTY` when nothing but labels is there."""
    text = text.strip()
    if _SIMPLE.fullmatch(text):
        return _simple(text)
    if not _WITHOUT_WORDS.fullmatch(text):
        unlabelled = _without_labels(_without_extension(text))
        if unlabelled is None or _COUNTED.search(text):
            return None
        return _of_digits(unlabelled, text) if unlabelled else _EMPTY
    return _of_digits(text, text) if text else _EMPTY


def _of_digits(bare: str, text: str) -> Dialled | None:
    """The number of a text that is `bare` without its labels."""
    if text is bare and text[-1:] not in (".", ")", "0"):
        return _bare(text)  # most texts, told fast: nothing below changes them
    found = _bare(_SWITCHBOARD.sub("", bare))
    if not found or not _ONE_DIGIT_APART.search(text):
        return found
    return None if found.doubtful else found._replace(doubtful=len(found.digits) - 1)


def _bare(text: str) -> Dialled | None:
    """The number of a text that has no words."""
    text = text.replace("[", "(").replace("]", ")").strip(" \t.-")
    match = _DIALLED.fullmatch(text)
    if match is None or (text[-1] == ")" and _LAST_BRACKETS.search(text)):
        return None if text else _EMPTY
    plus, written = match.groups()
    zero = _BRACKETED_ZERO.search(written) if "(" in written else None
    at = len(written[: zero.start()].translate(_SIGNS)) if zero else 0
    digits = written.translate(_SIGNS)
    return Dialled(digits, bool(plus), at) if len(digits) <= _MAX_DIGITS else None


def _without_extension(text: str) -> str:
    """The text without the extension at its end; most end otherwise, which is told fast."""
    before = text.rstrip(_AFTER_EXTENSION_WORD)
    is_possible = before[-1:].isalpha() or before[-1:] == "#"
    if is_possible and _DIGITS.search(text, len(before)):
        return _EXTENSION.sub("", text)
    return text


def _without_labels(text: str) -> str | None:
    """The text without what its writer calls the number; None where any other letter is left.

    Labels stand before the digits or after them: between digits they may separate two numbers.
    """
    digits = _DIGITS.search(text)
    if not all(map(_is_label, _WORD.finditer(text))):
        return None
    if digits is not None and _WORD.search(text, *digits.span()):
        return None
    bare = _WORD.sub("", text.replace("[", "(").replace("]", ")"))
    if "(" in bare:
        bare = _EMPTY_BRACKETS.sub("", bare)
    return bare.strip(" \t.:-")


def _is_label(word: re.Match[str]) -> bool:
    """Whether a word within a text says what its number is called."""
    name = word[0].lower()
    if name in BEFORE_DIGITS:
        return _TO_DIGITS.match(word.string, word.end()) is not None
    return name in LABELS
