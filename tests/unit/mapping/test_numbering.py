"""Numbering plans give the same answers as two ports of libphonenumber."""

import random
from collections.abc import Iterator
from types import ModuleType

import phonenumbers
import pytest
import rphonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from import_relay.mapping.numbering import MAX_DIGITS, NumberKind, country, international

SAMPLES = 4_000
MEXICO = 52
_KINDS = {
    phonenumbers.PhoneNumberType.MOBILE: NumberKind.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.EITHER,
    phonenumbers.PhoneNumberType.FIXED_LINE: NumberKind.LANDLINE,
}
PORTS = [phonenumbers, rphonenumbers]
MAX_DIFFERENT = {"phonenumbers": 0, "rphonenumbers": 0.002}
"""A port may be a release behind: each release opens or closes a few ranges of numbers."""


def digits_after_plus(seed: int) -> Iterator[str]:
    """Numbers of all calling codes: true ones, near misses and ones with a trunk prefix."""
    chance = random.Random(seed)  # noqa: S311  # a sample, no secret
    codes = [code for code in COUNTRY_CODE_TO_REGION_CODE if code != MEXICO]
    for _ in range(SAMPLES):
        code = chance.choice(codes)
        region = chance.choice(COUNTRY_CODE_TO_REGION_CODE[code])
        example = phonenumbers.example_number_for_type(region, chance.choice([0, 1]))
        known = phonenumbers.national_significant_number(example) if example else ""
        kept = known[: chance.randrange(len(known) + 1)]
        missing = len(known) - len(kept) if known else chance.randrange(3, 12)
        rest = "".join(chance.choices("0123456789", k=missing))
        yield f"{code}{chance.choice(['', '', '0', '1', '8', '06'])}{kept}{rest}"


def read_by(port: ModuleType, digits: str) -> tuple[str, NumberKind] | None:
    try:
        number = port.parse(f"+{digits}")
    except port.NumberParseException:
        return None
    text = port.format_number(number, port.PhoneNumberFormat.E164)
    if not port.is_valid_number(number) or len(text) > len("+") + MAX_DIGITS:
        return None
    return text, _KINDS.get(port.number_type(number), NumberKind.OTHER)


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_an_international_number_is_what_libphonenumber_says(port: ModuleType) -> None:
    samples = list(digits_after_plus(seed=1))

    found = [(one, international(one), read_by(port, one)) for one in samples]
    differing = [(one, ours, theirs) for one, ours, theirs in found if ours != theirs]
    assert len(differing) <= MAX_DIFFERENT[port.__name__] * SAMPLES, differing
    assert sum(ours is not None for _, ours, _ in found) > SAMPLES / 4


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
@pytest.mark.parametrize("region", ["DE", "AT", "CH", "FR", "GB", "NL", "IT", "ES", "US", "BR"])
def test_a_national_number_is_what_libphonenumber_says(region: str, port: ModuleType) -> None:
    here = country(region)
    assert here is not None
    trunk = {"IT": "", "ES": "", "US": "1"}.get(region, "0")
    chance = random.Random(region)  # noqa: S311  # a sample, no secret
    agreed = 0
    for _ in range(SAMPLES // 10):
        digits = trunk + "".join(chance.choices("123456789", k=chance.randrange(6, 12)))
        ours = {number for number, _ in here.national(digits)}
        theirs = port.parse(digits, region)
        text = port.format_number(theirs, port.PhoneNumberFormat.E164)
        after = digits.removeprefix(trunk) if here.calling_code == trunk else digits
        has_code = after.startswith(here.calling_code)
        if port.is_valid_number(theirs) and not has_code:
            assert text in ours
            agreed += 1
        assert len(ours) <= 1 or text in ours
    assert agreed > 0


def test_the_former_one_of_mexico_is_no_part_of_the_number() -> None:
    assert international("5215512345678") == ("+525512345678", NumberKind.EITHER)


@pytest.mark.parametrize("digits", ["", "0", "07", "999123456789", "4", "49"])
def test_digits_without_a_number_behind_a_calling_code_are_none(digits: str) -> None:
    assert international(digits) is None


def test_a_region_without_phone_numbers_is_no_country() -> None:
    assert country("XX") is None
    assert country("001") is None


def test_the_number_of_a_satellite_phone_is_a_number_although_it_has_no_country() -> None:
    example = phonenumbers.example_number_for_non_geo_entity(881)
    assert example is not None
    digits = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:]

    assert international(digits) is not None
