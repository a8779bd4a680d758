"""Mails which connections have high rates, each rate once a day. Called by the watchdog.

CloudWatch mails when its alarm changes. A second connection with a high rate changes nothing about
an alarm that is on already, so nobody would be told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from import_relay.storage.named_rates import NamedRates
from import_relay.storage.notifications import Notifications
from import_relay.watch.connection_rates import HighRate

_WHAT = {
    "rejected": "were rejected",
    "failed": "failed in Mateo",
    "ignored": "were ignored",
    "left_out": "lost the value of",
}


@dataclass(frozen=True, slots=True)
class RateMails:
    """The mails; names and counts only. `stack`: its name."""

    named: NamedRates
    notifications: Notifications
    stack: str

    def send(self, found: Sequence[tuple[str, HighRate]]) -> int:
        """Mail those that were not mailed on their day; returns how many. `found`: with their days.

        Raises:
            ClientError, BotoCoreError: AWS failed it; a retry within minutes mails them.
        """
        new = [
            (day, rate)
            for day in sorted({day for day, _ in found})
            for rate in self._new(day, [one for of_day, one in found if of_day == day])
        ]
        if new:
            connections = ", ".join(dict.fromkeys(rate.connection for _, rate in new))
            self.notifications.send(
                f"{self.stack}: many bad records of {connections}", self._text(new)
            )
        return len(new)

    def _new(self, day: str, rates: Sequence[HighRate]) -> Sequence[HighRate]:
        by_name = {f"{one.rate}:{one.connection}:{one.field}": one for one in rates}
        new = self.named.new(day, by_name)
        return [one for name, one in by_name.items() if name in new]

    def _text(self, new: Sequence[tuple[str, HighRate]]) -> str:
        lines = [_line(day, rate) for day, rate in new]
        todo = f"`relay failures --stack {self.stack} --since 1d` lists them."
        return (
            "\n".join([*lines, "", todo, "What to do: docs/runbook.md, connection-rate-high."])
            + "\n"
        )


def _line(day: str, rate: HighRate) -> str:
    what = f"{_WHAT[rate.rate]} {rate.field}".rstrip()
    span = f"{day}" if rate.days == 1 else f"the {rate.days} days up to {day}"
    return (
        f"{rate.connection}: {rate.count} of {rate.of} records of {span} {what} ({rate.percent} %)"
    )
