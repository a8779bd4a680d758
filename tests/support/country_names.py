"""Writes the relay's table of country names from the Unicode CLDR: `make countries`.

The names are data of `babel`, which is too large to be shipped with the functions.
"""

from collections import defaultdict
from pathlib import Path

from babel import Locale
from babel.core import get_global
from phonenumbers import SUPPORTED_REGIONS

from import_relay.mapping import country_names
from import_relay.mapping.countries import simplified

PATH = Path(country_names.__file__)
LANGUAGES = ("en", "de")


def table() -> str:
    """The module: a line for each country, its ISO codes of two and three letters and its names."""
    lines = "\n".join("|".join([code, *sorted(names)]) for code, names in sorted(_names().items()))
    return (
        '"""Names of countries in English and German, simplified; written by `make countries`."""\n'
        f'\nCOUNTRY_TABLE = """\\\n{lines}\n"""\n'
        '"""ISO 3166 code, then the code of three letters and the names in the Unicode CLDR."""\n'
    )


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
    PATH.write_text(table(), encoding="utf-8")
    print(f"{PATH.name}: {len(table())} characters")
