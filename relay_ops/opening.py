"""Where a browser finds the execution that tracks an import."""

from __future__ import annotations

from relay_ops.exits import CommandError
from relay_ops.stack import Stack


def execution_page(stack: Stack, reference: str) -> str:
    """The page of the AWS console with the execution of an import.

    Raises:
        CommandError: the stack is on this machine, which has no console.
    """
    if stack.is_local:
        raise CommandError("The local stack has no console. `relay find` tells what became of it.")
    machine = stack.outputs["StateMachineArn"]
    execution = machine.replace(":stateMachine:", ":execution:") + f":{reference}"
    region = machine.split(":")[3]
    return (
        f"https://{region}.console.aws.amazon.com/states/home?region={region}"
        f"#/v2/executions/details/{execution}"
    )
