"""Which country a text names: codes, and names in English and German."""

from collections import Counter

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS

from import_relay.mapping.countries import _OTHER_NAMES, COUNTRY_NAMES, codes, country_code
from tests.support.country_names import table


def test_the_table_is_what_the_command_writes() -> None:
    assert COUNTRY_NAMES.read_text(encoding="utf-8") == table()


def test_the_codes_are_those_of_the_countries_that_have_phone_numbers() -> None:
    assert codes() == SUPPORTED_REGIONS


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_country_with_phone_numbers_is_known_by_its_name(language: str) -> None:
    names = Locale(language).territories

    assert {country_code(names[code]) for code in SUPPORTED_REGIONS} == SUPPORTED_REGIONS


def test_no_name_stands_for_two_countries() -> None:
    names = Counter(
        name for line in (table() + _OTHER_NAMES).splitlines() for name in line.split("|")[1:]
    )

    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("AT", "AT"),
        ("at", "AT"),
        (" At ", "AT"),
        ("AUT", "AT"),
        ("Austria", "AT"),
        ("Österreich", "AT"),
        ("ÖSTERREICH", "AT"),
        ("O\u0308sterreich", "AT"),
        ("Oesterreich", "AT"),
        ("DEUTSCHLAND", "DE"),
        ("Germany", "DE"),
        ("D", "DE"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("Großbritannien", "GB"),
        ("UK", "GB"),
        ("The Netherlands", "NL"),
        ("Czech Republic", "CZ"),
        ("Tschechien", "CZ"),
        ("Bosnia and Herzegovina", "BA"),
        ("Bosnia & Herzegovina", "BA"),
        ("Côte d'Ivoire", "CI"),
        ("Liechtenstein", "LI"),
        ("Weißrussland", "BY"),
        ("Italia", "IT"),
        ("DE\u200b", "DE"),
        ("Deutschland (DE)", "DE"),
        ("DE - Deutschland", "DE"),
        ("Germany/Deutschland", "DE"),
        ("de-DE", "DE"),
    ],
)
def test_a_code_or_a_name_names_its_country(text: str, code: str) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    "text", ["", " ", "XX", "ZZ", "Musterland", "D-18055", "49", "Bayern", "de-AT", "A/CH", "en-DE"]
)
def test_another_text_names_no_country(text: str) -> None:
    assert country_code(text) is None


@given(st.text())
def test_no_text_raises_an_error(text: str) -> None:
    code = country_code(text)

    assert code is None or code in SUPPORTED_REGIONS
