"""Writes the relay's table of country names from the Unicode CLDR: `make countries`.

The names are data of `babel`, which is too large to be shipped with the functions.
"""

from collections import defaultdict

from babel import Locale
from babel.core import get_global
from phonenumbers import SUPPORTED_REGIONS

from import_relay.mapping.countries import COUNTRY_NAMES, simplified

LANGUAGES = ("en", "de")


def table() -> str:
    """A line for each country: its ISO codes of two and three letters, and its names."""
    lines = ("|".join([code, *sorted(names)]) for code, names in sorted(_names().items()))
    return "".join(f"{line}\n" for line in lines)


def _names() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for alias, codes in get_global("territory_aliases").items():
        if len(alias) == len("DEU") and alias.isalpha() and len(codes) == 1:
            found[codes[0]].add(alias.lower())
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            found[code] |= {simplified(name), simplified(name, umlauts=True)}
    return {code: names for code, names in found.items() if code in SUPPORTED_REGIONS}


if __name__ == "__main__":
    COUNTRY_NAMES.write_text(table(), encoding="utf-8")
    print(f"{COUNTRY_NAMES.name}: {len(table())} characters")
