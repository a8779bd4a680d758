"""A row that Mateo refuses alone is tried once more, whatever comes beside it."""

from import_relay.domain.models import ItemOutcome, Outcome, Row
from import_relay.submit.refusals import Refusals
from tests.support.builders import change

DAY_S = 86_400.0


def test_a_copy_without_a_mark_does_not_put_off_the_last_try() -> None:
    """A person put the record back: its copy is as new, and waits with the row."""
    marked, copy = change(number=0), change(number=1)
    superseded = ItemOutcome(copy.occurrence, Outcome.SUPERSEDED)
    row = Row(marked.key, marked.text, marked.options, (marked,), {}, (superseded,))
    since = {marked.occurrence.item_id: 0.0}

    assert not Refusals({}, dict(since), DAY_S).arrange([[row]], DAY_S - 1).last
    (attempt,) = Refusals({}, dict(since), DAY_S).arrange([[row]], DAY_S).last

    assert attempt.rows == [row]
