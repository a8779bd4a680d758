"""What Mateo's documents leave open, as switches of the emulator; `__main__` tries them.

A switch has one or more positions other than the emulator's default. A combination sets some of
the switches, each to one of its positions.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tests.support.stack import ENTITIES_PER_DAY

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Position:
    """One position of a switch.

    Args:
        behaviour: settings of the emulator's behaviour.
        limits: settings of its limits.
        limited: whether Mateo takes less on a day than the relay's own limits allow.
        unnamed: whether it stays unknown which row failed.
        uncounted: whether Mateo never says that an import has ended.
    """

    behaviour: Settings = field(default_factory=dict)
    limits: Settings = field(default_factory=dict)
    limited: bool = False
    unnamed: bool = False
    uncounted: bool = False


_BY_LINK = {"failed_inline_max": 0, "failed_url_always": True}
_LESS = {"entities_per_day": ENTITIES_PER_DAY - 10}
"""Another program imports as well: less is left of Mateo's day than the relay thinks."""
OTHER_HOST = "http://localhost"
"""Another name of this machine, whose address the API has. The emulator's port is added to it."""

SWITCHES: Mapping[str, Mapping[str, Position]] = MappingProxyType(
    {
        "reference-id": {
            "refused": Position({"reference_id": "refuse"}),
            "ignored": Position({"reference_id": "ignore"}),
            "accepted": Position({"reference_id": "accept"}),
        },
        "failures": {
            "by-link": Position(_BY_LINK),
            "late": Position({"failed_list_delay_s": 60}),
            "twice": Position({"failed_entries": "twice"}),
            "by-number": Position({"failed_entries": "number"}),
        },
        "failed-file": {
            "ndjson": Position({**_BY_LINK, "failed_file": "ndjson"}),
            "csv": Position({**_BY_LINK, "failed_file": "csv"}),
            "other-host": Position({**_BY_LINK, "files_host": OTHER_HOST}),
            "no-host": Position({**_BY_LINK, "files_host": "http://127.0.0.1:9"}, unnamed=True),
        },
        "payload": {
            "normalised": Position({"payload": "normalised"}),
            "by-link": Position({"payload_inline_max": 0}),
        },
        "rate-limit-headers": {
            "all": Position(limits=_LESS, limited=True),
            "no-retry-after": Position(
                {"rate_limit_headers": "no_retry_after"}, _LESS, limited=True
            ),
            "none": Position({"rate_limit_headers": "none"}, _LESS, limited=True),
        },
        "day": {
            "berlin": Position(limits={"time_zone": "Europe/Berlin"}, limited=True),
            "new-york": Position(limits={"time_zone": "America/New_York"}, limited=True),
        },
        "over-quota": {"cut": Position({"over_quota": "cut"}, _LESS, limited=True)},
        "counts": {
            "late": Position({"counts": "late", "counts_delay_s": 300}),
            "growing": Position({"counts": "growing", "counts_delay_s": 300}),
            "never": Position({"counts": "never"}, uncounted=True),
        },
        "failed-count": {
            "null-for-none": Position({"failed_count": "null_for_none"}),
            "null": Position({"failed_count": "null"}),
        },
        "status": {
            "200": Position({"created_status": 200}),
            "204": Position({"created_status": 204}),
        },
        "empty-answer": {
            "empty": Position({"obeys_select": False, "empty_answer": "empty"}),
            "object": Position({"obeys_select": False}),
        },
    }
)

UNREADABLE: Mapping[str, str] = MappingProxyType({"payload": "by-link", "failed-file": "no-host"})
"""Together: payloads are on a host that cannot be reached."""


@dataclass(frozen=True)
class Combination:
    """Switches with their positions; without any, the emulator is as by default."""

    positions: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        chosen = [f"{name}={position}" for name, position in sorted(self.positions.items())]
        return " ".join(chosen) or "as it is"

    @property
    def behaviour(self) -> dict[str, Any]:
        """The behaviour of the emulator."""
        return {name: value for one in self._chosen for name, value in one.behaviour.items()}

    @property
    def limits(self) -> dict[str, Any]:
        """The limits of the emulator."""
        return {name: value for one in self._chosen for name, value in one.limits.items()}

    @property
    def limited(self) -> bool:
        """Whether Mateo takes less on a day than the relay's own limits allow."""
        return any(one.limited for one in self._chosen)

    @property
    def unnamed(self) -> bool:
        """Whether it stays unknown which row failed."""
        return any(one.unnamed for one in self._chosen)

    @property
    def uncounted(self) -> bool:
        """Whether Mateo never says that an import has ended."""
        return any(one.uncounted for one in self._chosen)

    @property
    def unknowable(self) -> bool:
        """Whether nothing tells if an import whose answer was lost exists: a person is asked."""
        by_reference = self.positions.get("reference-id") == "accepted"
        return UNREADABLE.items() <= self.positions.items() and not by_reference

    @property
    def is_slow(self) -> bool:
        """Whether imports may stay open until they are given up."""
        never_fails = self.positions.get("failed-count") == "null"
        return self.unknowable or self.uncounted or never_fails

    @property
    def _chosen(self) -> list[Position]:
        return [SWITCHES[name][position] for name, position in self.positions.items()]


def alone() -> list[Combination]:
    """The emulator as by default, then each position of each switch alone."""
    return [Combination()] + [
        Combination({name: position}) for name, of_one in SWITCHES.items() for position in of_one
    ]


def drawn(seed: int, number: int) -> list[Combination]:
    """Random combinations of at least two switches; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - only draws what is tried
    found = []
    for _ in range(number):
        names = chance.sample(sorted(SWITCHES), chance.randint(2, len(SWITCHES)))
        chosen = {name: chance.choice(sorted(SWITCHES[name])) for name in names}
        found.append(Combination(chosen))
    return found


def parse(text: str) -> Combination:
    """The combination that a text names, as `str` writes it, e.g. `failures=late status=204`.

    Raises:
        ValueError: there is no such switch or position.
    """
    positions = dict(part.split("=", 1) for part in text.split() if "=" in part)
    for name, position in positions.items():
        if position not in SWITCHES.get(name, {}):
            raise ValueError(f"there is no {name}={position}")
    return Combination(positions)
