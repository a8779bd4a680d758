"""Random valid phone numbers of twelve countries, spelt as people and exports spell them.

The numbers come from libphonenumber's patterns and are checked with its own functions, not with
ours. Used by the benchmark of phones and by its small sibling among the unit tests.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType
from phonenumbers.phonemetadata import PhoneMetadata

from import_relay.mapping.phones import Home, PhoneRules, PhoneStatus, choose

COUNTRIES = ("DE", "AT", "CH", "IT", "FR", "GB", "ES", "NL", "PL", "US", "IN", "BR")
LISTS = {
    "DE": (("DE", "AT", "CH"), ("FR", "DE", "NL"), ("US", "PL", "DE")),
    "AT": (("DE", "AT", "CH"), ("IT", "AT", "DE"), ("AT", "US", "GB")),
    "CH": (("DE", "AT", "CH"), ("FR", "CH", "IT"), ("CH", "IN", "ES")),
    "IT": (("IT", "FR", "ES"), ("IT", "AT", "CH"), ("US", "IT", "BR")),
    "FR": (("FR", "DE", "NL"), ("FR", "CH", "IT"), ("GB", "FR", "ES")),
    "GB": (("GB", "FR", "ES"), ("GB", "US", "IN"), ("DE", "GB", "PL")),
    "ES": (("ES", "FR", "IT"), ("ES", "BR", "US"), ("PL", "ES", "DE")),
    "NL": (("NL", "DE", "FR"), ("NL", "GB", "PL"), ("NL", "IT", "IN")),
    "PL": (("PL", "DE", "AT"), ("PL", "ES", "GB"), ("PL", "IN", "US")),
    "US": (("US", "DE", "GB"), ("US", "IN", "BR"), ("US", "ES", "PL")),
    "IN": (("IN", "US", "GB"), ("IN", "BR", "PL"), ("IN", "IT", "DE")),
    "BR": (("BR", "ES", "US"), ("BR", "IT", "IN"), ("BR", "DE", "FR")),
}
"""Three lists of three countries that hold each of the twelve."""

SPELLINGS = ("national", "digits", "00", "+", "+CC (0)")
WITHOUT_PLUS_IN_ITALY = ("IT", "digits")
"""Italian digits that begin with 39 are a mobile number of Italy as well."""
_TYPES = {
    "mobile": {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE},
    "fixed_line": {PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE},
}


@dataclass
class Totals:
    """How numbers came out: right, left out or wrong, and some of the wrong ones."""

    right: int = 0
    ambiguous: int = 0
    unusable: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        """Numbers that were not sent."""
        return self.ambiguous + self.unusable

    @property
    def total(self) -> int:
        """All numbers."""
        return self.right + self.left_out + len(self.wrong)

    def count(self, text: str, meant: str, rules: PhoneRules, home: Home) -> None:
        """Have one number read."""
        number, results = choose([text], rules, home)
        if number == meant:
            self.right += 1
        elif number is not None:
            self.wrong.append(f"{text} in {rules.countries} of {home.countries}: {number}")
        elif results[-1].status is PhoneStatus.AMBIGUOUS:
            self.ambiguous += 1
        else:
            self.unusable += 1


def random_numbers(region: str, kind: str, count: int, seed: int) -> list[PhoneNumber]:
    """Valid numbers of a kind (`mobile`, `fixed_line`), drawn from all of a country's numbers."""
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    description = getattr(metadata, kind)
    pattern = re.compile(description.national_number_pattern)
    general = metadata.general_desc
    lengths = description.possible_length or (general.possible_length if general else ())
    chance = random.Random(f"{region}{kind}{seed}")  # noqa: S311  # a sample, no secret
    found: list[PhoneNumber] = []
    while len(found) < count:
        length = chance.choice(lengths)
        digits = f"{chance.randrange(10**length):0{length}}"
        if not pattern.fullmatch(digits):
            continue
        number = phonenumbers.parse(f"+{metadata.country_code}{digits}")
        text = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if phonenumbers.number_type(number) in _TYPES[kind] and len(text) <= len("+") + 15:
            found.append(number)
    return found


def e164(number: PhoneNumber) -> str:
    """The number that was meant."""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def spelt(number: PhoneNumber, spelling: str) -> str:
    """The number in one of `SPELLINGS`."""
    if spelling == "national":
        return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    if spelling == "digits":
        return e164(number)[1:]
    if spelling == "00":
        return f"00{e164(number)[1:]}"
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return international if spelling == "+" else international.replace(" ", " (0) ", 1)


def spellings_of(region: str) -> tuple[str, ...]:
    """How numbers of a country are spelt: Italy keeps its zero abroad, so nobody brackets it."""
    return SPELLINGS[:-1] if region == "IT" else SPELLINGS


def contexts(region: str) -> Iterator[tuple[str, PhoneRules, Home]]:
    """What a connection and a record may say: the country alone, lists, the record's own one."""
    yield "alone", PhoneRules((region,)), Home()
    for three in LISTS[region]:
        for order in permutations(three):
            yield "list", PhoneRules(order), Home()
        yield "own", PhoneRules(three), Home((region,))
    yield "own", PhoneRules(), Home((region,))
    elsewhere = next(one for one in COUNTRIES if one != region)
    yield "own", PhoneRules((elsewhere,)), Home((region,))


def counts(
    choice: str, per_kind: int, seed: int, regions: Sequence[str] = COUNTRIES
) -> dict[tuple[str, str, str], Totals]:
    """(context, region, spelling) → how `per_kind` mobiles and as many landlines came out."""
    found: dict[tuple[str, str, str], Totals] = {}
    for region in regions:
        numbers = [
            number for kind in _TYPES for number in random_numbers(region, kind, per_kind, seed)
        ]
        for spelling in spellings_of(region):
            texts = [(spelt(number, spelling), e164(number)) for number in numbers]
            for context, given, home in contexts(region):
                rules = PhoneRules(given.countries, choice)  # type: ignore[arg-type]  # a literal
                totals = found.setdefault((context, region, spelling), Totals())
                for text, meant in texts:
                    totals.count(text, meant, rules, home)
    return found


def merged(some: dict[tuple[str, str, str], Totals], context: str, but: object = None) -> Totals:
    """All counts of a context, except for one (region, spelling)."""
    whole = Totals()
    for (of, region, spelling), totals in some.items():
        if of == context and (region, spelling) != but:
            whole.right += totals.right
            whole.ambiguous += totals.ambiguous
            whole.unusable += totals.unusable
            whole.wrong += totals.wrong
    return whole
