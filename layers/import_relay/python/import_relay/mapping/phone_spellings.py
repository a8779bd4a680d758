"""Every number that a text may mean: for comparing, where a guess does no harm.

Called by `submit.erasing`.
"""

from collections.abc import Iterator, Sequence

from import_relay.mapping.phones import Home, PhoneRules, results_of


def numbers_meant(text: str, countries: Sequence[str]) -> Iterator[str]:
    """The numbers in E.164 that a text means in any of these countries (ISO 3166 alpha-2)."""
    for result in results_of(text, PhoneRules(tuple(countries)), Home()):
        if result.number is not None:
            yield result.number
        yield from (reading.number for reading in result.readings)
