"""Stores Mateo's token and a connection's secrets. Texts are read unseen and never shown."""

from __future__ import annotations

import getpass
import json
import sys
from typing import Any

from relay_ops.exits import CommandError, NotConfirmed, UsageMistake
from relay_ops.stack import Stack

USED_WITHIN_S = 30


def ask(what: str) -> str:
    """A secret from the terminal, unseen, or the first line of stdin.

    Raises:
        UsageMistake: it is empty, or no plain text.
        NotConfirmed: the terminal has ended.
    """
    try:
        text = _typed(what) if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError as error:
        raise NotConfirmed("Nothing was changed.") from error
    text = text.strip()
    if not text or not text.isprintable():
        raise UsageMistake(f"{what}: nothing usable was given. Paste it, or pipe it in.")
    return text


def _typed(what: str) -> str:
    return getpass.getpass(f"{what} (is not shown): ")


def store_token(stack: Stack, token: str) -> None:
    """Replace Mateo's token.

    Raises:
        CommandError: what is stored afterwards is not this token.
    """
    _put(stack, stack.outputs["MateoTokenArn"], token)


def secrets_of(stack: Stack, output: str) -> dict[str, Any]:
    """The object of lists in a secret, by the output that names the secret.

    Raises:
        CommandError: it is none; it has to be corrected by hand.
    """
    text = _get(stack, stack.outputs[output])
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CommandError(
            f"The secret {output} is no JSON object. Correct it in Secrets Manager first."
        )
    return found


def store_secrets(stack: Stack, output: str, secrets: dict[str, Any]) -> None:
    """Replace the object.

    Raises:
        CommandError: what is stored afterwards is something else.
    """
    _put(stack, stack.outputs[output], json.dumps(secrets))


def _put(stack: Stack, arn: str, text: str) -> None:
    stack.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)
    if _get(stack, arn) != text:
        raise CommandError("Secrets Manager holds another text now: somebody else changed it.")


def _get(stack: Stack, arn: str) -> str:
    return str(stack.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
