"""`sam deploy --guided`, with answers in a file that git ignores, for `make deploy`.

SAM CLI takes any name for the stack. AWS refuses a long one only when it makes the functions,
minutes later. Here SAM asks again at once. The processor that it offers is the one that was built
for. `python deploy.py architecture` prints the one that was answered last time.
"""

import os
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

DEFAULTS = Path("samconfig.toml")
ANSWERS = Path("samconfig.local.toml")
STACK_NAME = re.compile(r"[a-z][a-z0-9-]*")
"""CloudFormation takes capitals as well, but refuses them in the name of Athena's database, which
is made of the stack's: `must not contain uppercase characters`."""
MAX_STACK_NAME = 42
"""Lambda takes 64 characters for a function's name; the longest that follows the stack's name is
`-receive-change-events`."""
NOT_IN_FRONT = ("amzn-s3-demo-", "sthree-", "xn--")
"""The bucket's name begins with the stack's, and S3 keeps these for itself."""


def refusal(stack_name: str) -> str:
    """Why AWS would refuse a stack of this name, and what to do; empty if it would not."""
    if not STACK_NAME.fullmatch(stack_name):
        return "A stack's name begins with a small letter and has only these, digits and hyphens."
    if len(stack_name) > MAX_STACK_NAME:
        return (
            f"The name has {len(stack_name)} characters. Take at most {MAX_STACK_NAME}: "
            "AWS would refuse the functions' names, which begin with it."
        )
    if stack_name.startswith(NOT_IN_FRONT):
        return (
            f"Take a name that does not begin with {', '.join(NOT_IN_FRONT)}: "
            "AWS would refuse the bucket's name, which begins with it."
        )
    return ""


def answered_architecture(answers: Path) -> str:
    """The processor that was answered last time; arm64 if nothing was answered yet."""
    if not answers.exists():
        return "arm64"
    deploy = tomllib.loads(answers.read_text(encoding="utf-8")).get("default", {}).get("deploy", {})
    given = re.search(
        r'Architecture="?(\w+)', str(deploy.get("parameters", {}).get("parameter_overrides", ""))
    )
    return given[1] if given else "arm64"


def deploy(architecture: str) -> None:
    """Ask, remember the answers and deploy what was built for this processor; ends the process."""
    import click
    from samcli.cli.main import cli
    from samcli.commands.deploy import guided_context

    if not ANSWERS.exists():
        shutil.copy(DEFAULTS, ANSWERS)

    def accepted(name: str) -> str:
        if why := refusal(name):
            raise click.UsageError(why)
        return name

    def prompt(text: str, **options: Any) -> Any:
        if "Stack Name" in text:
            options["value_proc"] = accepted
        if "Parameter Architecture" in text:
            options |= {"default": architecture, "type": click.Choice([architecture])}
        return click.prompt(text, **options)

    guided_context.prompt = prompt
    cli(["deploy", "--guided", "--config-file", str(ANSWERS.resolve())])


if __name__ == "__main__":
    if sys.argv[1:] == ["architecture"]:
        print(answered_architecture(ANSWERS))
    else:
        deploy(os.environ.get("ARCHITECTURE", "arm64"))
