"""The scenarios: small traffic that together reaches every step of the functions.

A scenario sends, says what Mateo must hold in the end, and lets time pass in between; `run` drains
what is still under way at its end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.crash.driver import Driver
from tests.support.senders import customer, deal, erp, erp_text, person

NOBODY = {"name": "Nobody"}
"""A record without anything by which Mateo could identify it."""
LARGE_B = 250_000
"""More than a queue message holds."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`outcomes`: each of them is that of at least one item, whatever happens."""

    name: str
    play: Callable[[Driver], None]
    outcomes: frozenset[str]


def changes(driver: Driver) -> None:
    """A newer version while the first one is open; a duplicate; a rejected row; a failed row."""
    driver.behave(processing_delay_s=0.0, custom_fields={"contact": {"loyalty_level": "number"}})
    driver.trial.expect(customer(1))
    driver.send("json", erp([customer(1), customer(2, loyalty_level="gold"), NOBODY]))
    driver.send("json", erp([customer(1)]))
    driver.deliver()
    driver.send_customers(customer(1, "Newer", minute=2), customer(4))
    driver.deliver()


def limits(driver: Driver) -> None:
    """More than a day allows; a row that Mateo refuses; a large item; an unreadable delivery."""
    driver.behave(processing_delay_s=0.0)
    driver.fail_once(kind="refuse_row", column="external_id", value="C-3")
    large = customer(4, notes="x" * LARGE_B)
    driver.trial.expect(customer(1), large)
    driver.send("json", erp([customer(1), customer(3), large]))
    driver.send_unreadable("json", erp_text("{not JSON"))
    driver.deliver()
    driver.send_customers(*(customer(number) for number in range(5, 13)))
    driver.deliver()
    driver.send_customers(customer(13))
    driver.next_day()


def unanswered(driver: Driver) -> None:
    """Imports whose answer is lost: created, not created, refused later; a deal that must wait."""
    driver.behave(processing_delay_s=0.0)
    driver.fail_once(kind="refuse_row", column="external_id", value="C-2")
    driver.fail_once(kind="answer_lost_after_create", method="POST")
    driver.send_customers(customer(1))
    driver.deliver()
    driver.pass_time(61)
    driver.fail_once(kind="status", status=500, method="POST")
    driver.send("json", erp([customer(2)]))
    driver.deliver()
    driver.next_day()
    driver.drain(until=lambda: len(driver.trial.requests(method="POST", status=400)) > 1)
    driver.pass_time(900)
    driver.send_customers(customer(3))  # in one batch with the refused row: it proves the refusal
    driver.drain()
    driver.trial.expected.add("pipedrive", "deals", "700")
    driver.trial.expected.add("pipedrive", "contacts", "9000")
    driver.send("pipedrive", deal(700, person=9_000))
    driver.drain(until=lambda: any(one["items"]["retried"] for one in driver.trial.summaries()))
    driver.send("pipedrive", person(9_000))


def files(driver: Driver) -> None:
    """A file of more rows than a day's share, one of them rejected; a live change of one record."""
    driver.behave(processing_delay_s=0.0)
    rows = [customer(number) for number in range(1, 10)]
    driver.trial.expect(*rows)
    driver.upload("json", [*rows, NOBODY])
    driver.deliver()
    driver.send_customers(customer(9, "Newer", minute=2))
    driver.deliver()
    driver.next_day()


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        one.name: one
        for one in (
            Scenario("changes", changes, frozenset({"imported", "failed", "rejected"})),
            Scenario("limits", limits, frozenset({"imported", "rejected"})),
            Scenario("unanswered", unanswered, frozenset({"imported", "rejected"})),
            Scenario("files", files, frozenset({"imported", "rejected"})),
        )
    }
)
