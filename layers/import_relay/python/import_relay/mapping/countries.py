"""Which country a text names: an ISO 3166 code, or the name in English or German.

Called by `mapping` for the country of a record, which decides how its phone numbers are read.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

COUNTRY_NAMES = Path(__file__).with_name("country_names.txt")
"""A line for each country: its codes of two and three letters, and its names in English and German
in the Unicode CLDR, simplified. `make countries` writes it."""
_OTHER_NAMES = """\
AE|vae|uae
AT|a|republik osterreich|republik oesterreich|republic of austria
BA|bosnien|bosnia
BE|belgie|belgique
BR|brasil
BY|weissrussland
CD|democratic republic of the congo|demokratische republik kongo
CH|schweizerische eidgenossenschaft|swiss confederation|suisse|svizzera
CI|ivory coast|elfenbeinkuste|elfenbeinkueste
CN|vr china|volksrepublik china|peoples republic of china
CZ|czech republic|tschechische republik
DE|d|brd|bundesrepublik deutschland|bundesrepublik|federal republic of germany
DK|danmark
ES|espana
GB|uk|great britain|grossbritannien|england|scotland|schottland|wales|northern ireland|nordirland
HK|hong kong|hongkong
HR|hrvatska
IE|republic of ireland|republik irland
IT|italia
KR|republic of korea|republik korea
LI|fl|furstentum liechtenstein|fuerstentum liechtenstein
MD|moldau|moldawien|republic of moldova
MK|macedonia|mazedonien
MM|burma|birma
MO|macao|macau
NL|nederland|holland|the netherlands|die niederlande|koninkrijk der nederlanden
PL|polska
RU|russian federation|russische foderation|russische foederation
SE|sverige
SK|slovak republic|slowakische republik
SZ|swaziland|swasiland
TR|turkey
US|u s a|u s|united states of america|vereinigte staaten von amerika|america|amerika
VA|vatican|vatikan|holy see|heiliger stuhl
"""
"""Former and longer names, some countries' own, and letters on cars as in German addresses."""
_PARTS = re.compile(r"[()\[\]/|,;_-]")
"""What stands between two names of one country, or its name and its code."""
_SEPARATORS = re.compile(r"[\W_]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@lru_cache(maxsize=1_024)
def country_code(text: str) -> str | None:
    """The ISO 3166 code of the country that a text names; None if it names none that is known."""
    if (code := _named(text)) is not None:
        return code
    of_parts = {_named(part) for part in _PARTS.split(text) if part.strip()}
    return of_parts.pop() if len(of_parts) == 1 else None


def _named(text: str) -> str | None:
    name = simplified(text)
    code = name.upper()
    return code if code in codes() else _codes_by_name().get(name)


def simplified(name: str, *, umlauts: bool = False) -> str:
    """A name in small letters without accents; with `umlauts`, as `ae` where that is spelt out."""
    folded = unicodedata.normalize("NFC", name).casefold().replace("&", " and ")
    if umlauts:
        folded = folded.translate(_UMLAUTS)
    plain = "".join(
        one for one in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(one)
    )
    return _SEPARATORS.sub(" ", plain).strip()


@lru_cache(maxsize=1)
def codes() -> frozenset[str]:
    """Every code: those of the countries that have phone numbers."""
    return frozenset(line[:2] for line in _table().splitlines())


def _table() -> str:
    return COUNTRY_NAMES.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _codes_by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (_table() + _OTHER_NAMES).splitlines():
        code, *names = line.split("|")
        found |= dict.fromkeys(names, code)
    return found
