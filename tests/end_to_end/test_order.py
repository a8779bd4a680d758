"""The newest change of a record wins, and what has to wait for another record waits."""

from tests.support.senders import customer, deal, person
from tests.support.stack import Trial


def test_an_older_change_after_a_newer_one_is_superseded(trial: Trial) -> None:
    trial.bring_customers(customer(1, "Newest", minute=2))
    trial.drain()

    trial.bring_customers(customer(1, "Older", minute=1))
    trial.drain()

    trial.expect(customer(1, "Newest"))
    assert len(trial.imports()) == 1
    trial.check(imported=1, superseded=1)


def test_a_newer_change_waits_while_an_import_of_the_record_is_open(trial: Trial) -> None:
    trial.stack.mateo("PUT", "behaviour", {"stalled": True})
    trial.bring_customers(customer(1, "First", minute=1), customer(2))
    trial.stack.wait_until(trial.imports, "the import")

    trial.bring_customers(customer(1, "Second", minute=2), customer(3))
    trial.bring_customers(customer(1, "Never", minute=0))
    trial.wait_until_quiet()

    rows = [one["row_count"] for one in trial.imports()]
    assert rows == [2, 1], "only the record with an open import waits"
    assert sum(event["requeued"] for event in trial.events("batch.submitted")) == 1
    trial.stack.mateo("PUT", "behaviour", {"stalled": False})
    trial.drain()
    trial.expect(customer(1, "Second"))
    assert len(trial.imports()) == 3
    trial.check(imported=4, superseded=1)


def test_a_deal_that_comes_before_its_contact_is_retried(trial: Trial) -> None:
    trial.expected.add("pipedrive", "deals", "700")
    trial.expected.add("pipedrive", "contacts", "9000")
    trial.bring("pipedrive", deal(700, person=9_000))
    trial.stack.wait_until(lambda: trial.events("import.sent"), "the import", 60)
    trial.let_pass(60)
    trial.stack.wait_until(lambda: trial.events("import.finished"), "its report", 60)
    (first,) = trial.summaries()
    assert first["failures"]["codes"] == {"23503": 1}
    assert first["items"]["retried"] == 1

    trial.bring("pipedrive", person(9_000))
    trial.drain()

    trial.check(imported=2)
