"""The scenarios: small traffic that together reaches every step of the functions.

A scenario sends, says what Mateo must hold in the end, and lets time pass in between; what is still
under way at its end is drained by `rehearsal`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.crash.course import Course
from tests.support.senders import customer, deal, erp, erp_text, person

NOBODY = {"name": "Nobody"}
"""Has nothing by which Mateo could know it."""
LARGE_B = 250_000
"""More than a queue message holds."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`ends`: how at least one item has to end, whatever happens."""

    name: str
    play: Callable[[Course], None]
    ends: frozenset[str]


def changes(course: Course) -> None:
    """A newer version while the first is open; a duplicate; one rejected, one that fails."""
    course.behave(processing_delay_s=0.0, custom_fields={"contact": {"loyalty_level": "number"}})
    course.trial.expect(customer(1))
    course.send("json", erp([customer(1), customer(2, loyalty_level="gold"), NOBODY]))
    course.send("json", erp([customer(1)]))
    course.deliver()
    course.send_customers(customer(1, "Newer", minute=2), customer(4))
    course.deliver()


def limits(course: Course) -> None:
    """More than a day holds; a row that Mateo refuses; a large item and an unreadable delivery."""
    course.behave(processing_delay_s=0.0)
    course.fail_once(kind="refuse_row", column="external_id", value="C-3")
    large = customer(4, notes="x" * LARGE_B)
    course.trial.expect(customer(1), large)
    course.send("json", erp([customer(1), customer(3), large]))
    course.send("json", erp_text("{not JSON"))
    course.deliver()
    course.send_customers(*(customer(number) for number in range(5, 13)))
    course.deliver()
    course.send_customers(customer(13))
    course.next_day()


def unanswered(course: Course) -> None:
    """Imports whose answer is lost: created, not created, refused later; a deal that must wait."""
    course.behave(processing_delay_s=0.0)
    course.fail_once(kind="refuse_row", column="external_id", value="C-2")
    course.fail_once(kind="answer_lost_after_create", method="POST")
    course.send_customers(customer(1))
    course.deliver()
    course.pass_time(61)
    course.fail_once(kind="status", status=500, method="POST")
    course.send("json", erp([customer(2)]))
    course.deliver()
    course.next_day()
    course.drain()
    course.trial.expected.deals.add("700")
    course.trial.expected.contacts.add("9000")
    course.send("pipedrive", deal(700, person=9_000))
    course.drain(until=lambda: any(one["items"]["retried"] for one in course.trial.summaries()))
    course.send("pipedrive", person(9_000))


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        one.name: one
        for one in (
            Scenario("changes", changes, frozenset({"imported", "failed", "rejected"})),
            Scenario("limits", limits, frozenset({"imported", "rejected"})),
            Scenario("unanswered", unanswered, frozenset({"imported", "rejected"})),
        )
    }
)
