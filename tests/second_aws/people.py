"""People with a policy of the stack and nothing else, who run `relay`."""

import io
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import PropertyMock, patch

from local.stack.services import MATEO_TOKEN
from relay_ops.app import run
from relay_ops.stack import Stack
from tests.built.artifact import ROOT
from tests.second_aws.deployment import STACK
from tests.second_aws.relay import Relay
from tests.support.ministack import REGION

LOOKS: Sequence[Sequence[str]] = (
    ["status", "--no-wait"],
    ["find", "C-5001"],
    ["failures"],
    ["daily"],
    ["open", "--no-browser"],
)
"""What a reader may run."""


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def content(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


def changes(begin: str, file: Path) -> Mapping[str, tuple[Sequence[str], str]]:
    """What only an operator may run: name → arguments, and what is typed.

    `begin`: from when on received items are replayed. `file`: a file of rows to import.
    """
    replayed = ["--connection", "json", "--from", begin, "--reason", "tried", "--no-wait"]
    return {
        "pause": (["--hours", "1", "--yes"], ""),
        "resume": (["--yes"], ""),
        "token": (["--yes"], MATEO_TOKEN),
        "secret": (["json", "--yes"], "another-secret-of-the-erp-4711"),
        "find": (["C-5001", "--in-mateo"], ""),
        "check": ([str(ROOT / "layers/connections/connections.toml"), "--account"], ""),
        "replay": ([*replayed, "--yes"], ""),
        "import": ([str(file), "--connection", "json", "--no-wait", "--yes"], ""),
        "try": (["json", str(ROOT / "events/json.batch.json"), "--send", "--no-wait", "--yes"], ""),
        "redrive": (["--yes"], ""),
        "erase": (["C-5000", "--yes"], ""),
    }


class Person:
    """A user of IAM to whom one policy is attached, by the output that names it."""

    def __init__(self, relay: Relay, output: str) -> None:
        iam, name = relay.client("iam"), output.lower()
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=relay.outputs[output])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self._webhooks = f"{relay.aws.url}/_aws/execute-api/{relay.api}/$default/webhooks"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            # An address: a host name that begins with the name of a bucket would not be known.
            "AWS_ENDPOINT_URL": relay.aws.url.replace("localhost", "127.0.0.1"),
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def runs(self, *arguments: str, typed: str = "") -> Ran:
        """Run a command of `relay` on the stack, with the address of the API on this machine."""
        out, err = io.StringIO(), io.StringIO()
        webhooks = patch.object(Stack, "webhooks", PropertyMock(return_value=self._webhooks))
        environment = patch.dict(os.environ, self._environment, clear=True)
        given = patch("sys.stdin", io.StringIO(f"{typed}\n"))
        with webhooks, environment, given, redirect_stdout(out), redirect_stderr(err):
            code = run([*arguments, "--stack", STACK, "--region", REGION])
        return Ran(code, out.getvalue(), err.getvalue())
