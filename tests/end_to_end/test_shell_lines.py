"""The documents' lines for the AWS CLI and for logs, as they are printed, on the running stack.

`test_runbook` carries out those of `relay`.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.docs.documents import document
from tests.support.senders import customer, erp_text
from tests.support.stack import Trial

RUNBOOK = document("docs/runbook.md")
PAGES = (RUNBOOK, document("docs/desk.md"), document("docs/files.md"))
DEPLOYED, LOCAL = (2, 3)
"""Blocks of the runbook's set-up, beginning with 1: what a deployed stack needs, and this one."""
ENDPOINT, LOGS = "http://127.0.0.1:4566", ".local/logs"
NOT_SERVED = ("aws logs tail", "aws lambda get-account-settings")
"""What the local stack does not have."""
SAYS: Mapping[str, str] = {
    "aws cloudwatch describe-alarms": "-dead-letter-queue-not-empty",
    "aws sqs get-queue-attributes": '"ApproximateNumberOfMessagesDelayed"',
    "/request.json.gz": '"payload"',
    "grep error.json": "inbox/erp/contacts.csv.error.json",
    ".error.json": "file.unknown_connection",
    "contacts.csv": "upload: ",
    '/quarantine/" --recursive': ".json",
    "/quarantine/date=": "{not json",
    "aws stepfunctions list-executions": "",
    "aws scheduler get-schedule": "ENABLED",
    "aws dynamodb get-item": '"contact_details#external_id:C-71"',
    "Policy`": "OperatorPolicyArn",
    "aws iam attach-user-policy": "",
    "logs receive-webhook webhook.quarantined": '"delivery.not_json"',
    "logs import-files file.refused": '"file.unknown_connection"',
    "logs submit-imports import.sent": '"rows":1',
    "logs ": "",
}
"""A part of a line → what it prints on this stack; of several the first counts."""


def blocks_of(title: str) -> list[str]:
    return [one.text for one in RUNBOOK.section(title).blocks if one.language == "sh"]


def lines() -> list[str]:
    """Each line of the AWS CLI and of `logs`, once, without those of the set-up."""
    set_up = blocks_of("Set up a shell")
    texts = [one.text for page in PAGES for one in page.blocks if one.language == "sh"]
    whole = [
        line.strip()
        for text in texts
        if text not in set_up
        for line in text.replace("\\\n", " ").splitlines()
    ]
    return [one for one in dict.fromkeys(whole) if one.startswith(("aws ", "logs "))]


def is_served(line: str) -> bool:
    return not line.startswith(NOT_SERVED)


def set_up(trial: Trial) -> str:
    """The shell that the page sets up for the stack of one machine."""
    deployed, local = (blocks_of("Set up a shell")[number - 1] for number in (DEPLOYED, LOCAL))
    _, *rest = deployed.splitlines()
    *variables, logs = local.splitlines()
    assert rest[-1].startswith("logs() ")
    assert logs.startswith("logs() ")
    text = "\n".join([*variables, *rest[:-1], logs])
    assert ENDPOINT in text
    assert LOGS in text
    text = text.replace(ENDPOINT, trial.stack.aws_endpoint)
    return text.replace(LOGS, str(trial.stack.state_dir / "logs"))


def run(trial: Trial, wanted: list[str], folder: Path) -> list[tuple[int, str]]:
    """Exit code and output of each line, all of them in one shell."""
    marked = [
        f"({line}) > out-{number} 2> err-{number}; echo $? > code-{number}"
        for number, line in enumerate(wanted)
    ]
    cli = f"{shlex.quote(sys.executable)} -m awscli"
    aws = (
        f'aws() {{ {cli} --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }}'  # version 1 needs it for SQS
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_CONFIG_FILE": os.devnull,
    }
    subprocess.run(
        ["bash", "-c", "\n".join([aws, set_up(trial), *marked])],  # noqa: S607 - wherever it is
        cwd=folder,
        env=environment,
        timeout=300,
        check=True,
        capture_output=True,
    )
    return [
        (
            int((folder / f"code-{number}").read_text()),
            (folder / f"out-{number}").read_text() + (folder / f"err-{number}").read_text(),
        )
        for number in range(len(wanted))
    ]


def bring_about(trial: Trial) -> dict[str, str]:
    """An import, a delivery in quarantine and a user; what stands for them on the pages → names."""
    trial.bring_customers(customer(71, "Ada"))
    trial.drain()
    (execution,) = trial.executions()
    broken = trial.post("json", erp_text("{not json"))
    trial.stack.client("iam").create_user(UserName="operator")
    watch(trial)
    return {
        "<reference>": execution["name"],
        "date=2026-11-21/<delivery>": f"date={trial.stack.clock.now():%Y-%m-%d}/"
        + broken.json()["delivery"],
        "external_id:10001": "external_id:C-71",
        "<connection>/<name>": "erp/contacts.csv",
        "--user-name NAME": "--user-name operator",
        "--policy-arn ARN": f"--policy-arn {trial.stack.outputs['OperatorPolicyArn']}",
    }


def watch(trial: Trial) -> None:
    """Make the watchdog's schedule again, which a trial begins without."""
    trial.stack.client("scheduler").create_schedule(
        Name="run-watchdog",
        GroupName="import-relay-pause",
        ScheduleExpression="rate(15 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": trial.stack.outputs["StateMachineArn"], "RoleArn": "arn:aws:iam::1:role/x"},
        State="ENABLED",
    )


def test_each_line_does_what_it_is_there_for(trial: Trial, tmp_path: Path) -> None:
    names = bring_about(trial)
    (tmp_path / "contacts.csv").write_text("id,name\nF-1,Ada\n")
    served = [one for one in lines() if is_served(one)]
    for stands, name in names.items():
        served = [one.replace(stands, name) for one in served]
    uploads = [one for one in served if "contacts.csv" in one and "error.json" not in one]

    ended = run(trial, uploads, tmp_path)
    trial.stack.wait_until(lambda: trial.events("file.refused"), "the refusal of the file")
    others = [one for one in served if one not in uploads]
    ended += run(trial, others, tmp_path)

    for line, (code, said) in zip([*uploads, *others], ended, strict=True):
        expected = next(text for part, text in SAYS.items() if part in line)
        assert code == 0, f"{line}\n{said}"
        assert expected in said, f"{line}\n{said}"


def test_the_lines_of_the_pages_are_known() -> None:
    assert len(lines()) > 30
    assert {one for one in NOT_SERVED if not any(line.startswith(one) for line in lines())} == set()
    assert [one for one in SAYS if not any(one in line for line in lines())] == []
