"""Whether a value of a record is what a person looks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from relay_ops.exits import UsageMistake

MIN_PART = 3
"""Letters of a part of a name that are looked for inside a value."""
MIN_DELIVERY = 15
"""Characters of the beginning of a delivery's id: date and time to the second."""
MIN_DIGITS = 7
"""Digits from which on a text may be a phone number."""
_PHONE = re.compile(r"[+(]?[\d\s()./-]+")
_PLAIN = re.compile(r"[a-z0-9@._+ -]+")
_ID_KEYS = ("id", "ids", "key", "number", "name")
"""How the names of fields end in which a number names a record; elsewhere it counts something."""
NOT_DIGITS = bytes(code for code in range(256) if not 48 <= code <= 57)


@dataclass(frozen=True, slots=True)
class Needle:
    """What is looked for: an id, an e-mail, a phone number, a part of a name, or a delivery.

    `digits`: those of a phone number without what comes before its national part. `given`: the text
    as a person wrote it. `takes_parts`: whether a part of a longer text is a match.
    """

    text: str
    digits: str = ""
    given: str = ""
    takes_parts: bool = True

    @property
    def exact(self) -> Needle:
        """The same for whole values alone: K-4711 is not in K-47110."""
        return replace(self, takes_parts=False)

    def is_item(self, delivery: str, item_id: str) -> bool:
        """Whether it is this item, its delivery, or what it begins with."""
        if len(self.text) >= MIN_DELIVERY and delivery.casefold().startswith(self.text):
            return True
        return self.text in (delivery.casefold(), item_id.casefold())

    def may_be_in(self, content: bytes) -> bool:
        """A fast check of a whole object: False only if the text is certainly not in it."""
        runs = _PLAIN.findall(self.text.replace("ss", "\n"))  # it may be a ß there
        run = max(runs, key=len, default="")
        if run.encode() in content.lower():
            return True
        return bool(self.digits) and self.digits.encode() in content.translate(None, NOT_DIGITS)

    def is_value(self, value: object) -> bool:
        """Whether it is this value, a part of this name, or this phone number written otherwise."""
        if isinstance(value, bool) or not isinstance(value, str | int):
            return False
        text = _folded(str(value))
        if text == self.text or text.endswith((f"-{self.text}", f":{self.text}")):
            return True
        has_parts = self.takes_parts and len(self.text) >= MIN_PART and not self.text.isdecimal()
        if has_parts and self.text in text:
            return True
        is_phone = bool(self.digits) and isinstance(value, str) and _is_phone(text)
        return is_phone and _digits(text).endswith(self.digits)

    def is_in(self, value: object) -> bool:
        """Whether it is any value inside of this one, however deep.

        A number is looked for only where ids and phone numbers are.
        """
        return any(
            self.is_value(one)
            for name, one in _leaves(value)
            if isinstance(one, str) or name.casefold().endswith(_ID_KEYS)
        )


def needle(text: str) -> Needle:
    """What a person looks for.

    Raises:
        UsageMistake: nothing can be found by it.
    """
    folded = _folded(text)
    if not folded:
        raise UsageMistake("Say what to look for: an id, e-mail, phone, part of a name, delivery.")
    is_phone = _is_phone(folded) and len(_digits(folded)) >= MIN_DIGITS
    return Needle(folded, _digits(folded).lstrip("0") if is_phone else "", text.strip())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None


def _digits(text: str) -> str:
    return "".join(one for one in text if one in "0123456789")


def _leaves(value: object) -> Iterator[tuple[str, object]]:
    """Each value that holds no others, with the name of the field that it is in."""
    waiting = [("", value)]
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, dict):
            waiting += [(str(key), inner) for key, inner in one.items()]
        elif isinstance(one, list):
            waiting += [(name, inner) for inner in one]
        else:
            yield name, one
