"""Each high rate is mailed once a day, whatever else is high already."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from import_relay.storage.named_rates import NEW_AGAIN_S
from import_relay.watch.connection_rates import HighRate
from import_relay.watch.rate_mails import RateMails

DAY = "2026-11-21"
ERP = HighRate("erp", "rejected", 20, 20)
CRM = HighRate("crm", "left_out", 6, 100, "phone")
SHOP = HighRate("shop", "failed", 3, 3, days=7)


@dataclass
class Named:
    """Remembers names."""

    known: set[tuple[str, str]] = field(default_factory=set)

    def new(self, day: str, names: Any) -> set[str]:
        new = {name for name in names if (day, name) not in self.known}
        self.known |= {(day, name) for name in new}
        return new


@dataclass
class Mailbox:
    """Keeps what is sent."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, subject: str, text: str) -> bool:
        self.sent.append((subject, text))
        return True


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mails(mailbox: Mailbox) -> RateMails:
    named: Any = Named()
    notifications: Any = mailbox
    return RateMails(named, notifications, "relay")


def test_a_second_connection_is_mailed_while_the_first_is_still_high(
    mails: RateMails, mailbox: Mailbox
) -> None:
    assert mails.send([(DAY, ERP)]) == 1
    assert mails.send([(DAY, ERP)]) == 0
    assert mails.send([(DAY, ERP), (DAY, CRM)]) == 1

    assert [subject for subject, _ in mailbox.sent] == [
        "relay: many bad records of erp",
        "relay: many bad records of crm",
    ]


def test_the_mail_names_rates_and_what_to_do(mails: RateMails, mailbox: Mailbox) -> None:
    mails.send([(DAY, ERP), (DAY, CRM), (DAY, SHOP)])

    ((subject, text),) = mailbox.sent
    assert subject == "relay: many bad records of erp, crm, shop"
    assert text.splitlines()[:3] == [
        "erp: 20 of 20 records of 2026-11-21 were rejected (100.0 %)",
        "crm: 6 of 100 records of 2026-11-21 lost the value of phone (6.0 %)",
        "shop: 3 of 3 records of the 7 days up to 2026-11-21 failed in Mateo (100.0 %)",
    ]
    assert "relay failures --stack relay --since 1d" in text


def test_the_same_rate_is_mailed_again_on_another_day(mails: RateMails, mailbox: Mailbox) -> None:
    mails.send([(DAY, ERP)])
    mails.send([("2026-11-22", ERP)])

    assert len(mailbox.sent) == 2


def test_without_high_rates_nothing_is_mailed(mails: RateMails, mailbox: Mailbox) -> None:
    assert mails.send([]) == 0
    assert mailbox.sent == []


def test_a_retry_comes_within_the_time_in_which_names_are_new_again() -> None:
    """Lambda retries a failed event after one minute and after two more; the next run is later."""
    assert 180 < NEW_AGAIN_S < 900
