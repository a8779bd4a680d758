"""What `status` says of the running stack: every item is somewhere, or it is reported as lost."""

import json

import pytest

from local.__main__ import main
from local.stack.stack import RunningStack
from tests.support.senders import customer
from tests.support.stack import Trial, port_of


@pytest.mark.usefixtures("counted_from_now")
def test_status_balances_and_reports_an_item_that_is_missing(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    status = ["status", "--webhooks-port", str(port_of(trial.stack.webhooks_url))]
    trial.bring_customers(*(customer(number) for number in range(1, 6)))
    trial.bring_customers(customer(6))
    trial.drain()

    code = main([*status, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (code, found["balances"]) == (0, True)
    assert (found["received"], found["imported"], found["waiting"]) == (6, 6, 0)
    assert (found["entities"]["used"], found["submission"]["running"]) == (6, True)

    (day,) = days_of_the_outcome_counts(trial.stack)
    trial.stack.client("dynamodb").update_item(
        TableName=trial.stack.outputs["LedgerTableName"],
        Key={"pk": {"S": day}},
        UpdateExpression="ADD imported :less",
        ExpressionAttributeValues={":less": {"N": "-1"}},
    )
    code = main(status)

    text = capsys.readouterr().out
    assert code == 1
    assert "LOST: at least 1 item." in text
    assert text.splitlines()[-1] == "DOES NOT BALANCE: 6 received, but 5 ended + 0 waiting"


def days_of_the_outcome_counts(stack: RunningStack) -> list[str]:
    """The keys of the outcome counts, one per day."""
    items = stack.client("dynamodb").scan(TableName=stack.outputs["LedgerTableName"])["Items"]
    return [item["pk"]["S"] for item in items if item["pk"]["S"].startswith("counts#")]
