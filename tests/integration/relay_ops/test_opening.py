"""`relay open` finds the execution of an import."""

from dataclasses import replace

import pytest

from relay_ops.exits import CommandError
from relay_ops.opening import execution_page
from relay_ops.stack import Stack

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:track"


def test_an_import_is_opened_in_the_console_of_its_region(stack: Stack) -> None:
    output = {"OutputKey": "StateMachineArn", "OutputValue": MACHINE}
    deployed = replace(stack, described={"Outputs": [output]})

    address = execution_page(deployed, "20261121T120000-contact-1")

    assert address.startswith("https://eu-central-1.console.aws.amazon.com/states/")
    assert address.endswith(":execution:track:20261121T120000-contact-1")
    with pytest.raises(CommandError, match="no console"):
        execution_page(replace(stack, is_local=True), "20261121T120000-contact-1")
