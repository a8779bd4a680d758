"""Records that Mateo refuses, and imports that it never finishes, stop nobody else."""

from tests.support.senders import customer, erp
from tests.support.stack import Trial

HALF_AN_HOUR_S = 1_800
"""Between two answers of Mateo at most so much counts towards the tracking time."""


def test_a_row_that_mateo_refuses_is_rejected_and_the_others_get_in(trial: Trial) -> None:
    trial.stack.mateo(
        "POST",
        "faults",
        {"kind": "refuse_row", "column": "external_id", "value": "C-3", "message": "not this one"},
    )
    others = [customer(number) for number in (1, 2, 4)]
    trial.expect(*others)

    trial.bring("json", erp([*others, customer(3)]))
    trial.drain()

    (line,) = trial.lines("rejected/")
    assert line["code"] == "row.refused_by_mateo"
    assert line["item"]["customer_no"] == "C-3"
    assert "not this one" in line["what"]
    assert line["what_to_do"]
    trial.check(imported=3, rejected=1)


def test_rows_that_mateo_fails_are_in_the_report_with_their_webhook(trial: Trial) -> None:
    trial.stack.mateo(
        "PUT", "behaviour", {"custom_fields": {"contact": {"loyalty_level": "number"}}}
    )
    trial.bring_customers(customer(1, loyalty_level=3))
    trial.bring("json", erp([customer(2, loyalty_level="gold")]))
    trial.drain()

    (failure,) = trial.lines("reports/")
    assert failure["external_id"] == "C-2"
    assert not failure["will_retry"]
    assert failure["items"][0]["item_id"].partition("/")[0] in trial.accepted
    assert failure["items"][0]["connection"] == "json"
    trial.check(imported=1, failed=1)


def test_a_stalled_import_times_out_and_others_go_on(trial: Trial) -> None:
    trial.stack.mateo("PUT", "behaviour", {"stalled": True})
    trial.bring_customers(customer(1, "First"), customer(2))
    trial.stack.wait_until(lambda: trial.events("import.sent"), "the import", 60)
    for _ in range(24):
        trial.let_pass(HALF_AN_HOUR_S)
    trial.bring_customers(customer(3))
    trial.bring_customers(customer(1, "Second", minute=1))
    trial.stack.wait_until(lambda: len(trial.imports()) == 2, "another import", 60)
    assert not trial.summaries()

    for _ in range(30):
        if not trial.events("import.timed_out"):
            trial.let_pass(HALF_AN_HOUR_S)
    trial.stack.wait_until(lambda: trial.events("import.timed_out"), "the end of the import", 60)

    (summary,) = trial.summaries()
    assert summary["state"] == "unfinished"
    assert summary["rows"] == {"total": 2, "imported": 0, "failed": 0, "unaccounted": 2}
    assert [remark["code"] for remark in summary["remarks"]] == ["import.unfinished"]
    assert [one["status"] for one in trial.executions() if one["name"] == summary["reference"]] == [
        "FAILED"
    ]
    assert len(trial.events("import.timed_out")) == 1

    trial.stack.mateo("PUT", "behaviour", {"stalled": False})
    trial.drain()

    # Mateo applies the import after it timed out; it is never reported as imported.
    trial.check(wrong=["Mateo applied 4 rows, the reports say 2"], imported=2, unaccounted=2)
    assert sorted(one["status"] for one in trial.executions()) == [
        "FAILED",
        "SUCCEEDED",
        "SUCCEEDED",
    ]
