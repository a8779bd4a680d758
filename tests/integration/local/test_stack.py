"""The local stack as a whole, with a small project: its parts work together."""

import json
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.environment import client as boto3_client
from local.lambda_runtime.lineage import header, mark, parsed
from local.stack.invocations import LOOP_REFUSED
from local.stack.stack import RunningStack
from tests.integration.local.conftest import send, stored, write_project

TWO_DAYS_S = 172_800
"""More than is left of any day."""


def post(stack: RunningStack, path: str, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return httpx.post(
        f"{stack.webhooks_url}{path}", content=body, headers=headers, trust_env=False, timeout=30
    )


def admin(stack: RunningStack, method: str, path: str, content: object = None) -> httpx.Response:
    address = stack.webhooks_url.removesuffix("/webhooks")
    return httpx.request(
        method, f"{address}/_stack/{path}", json=content, trust_env=False, timeout=60
    )


def execution(stack: RunningStack, arn: str) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = stack.client("stepfunctions").describe_execution(executionArn=arn)
    return answer


def start_execution(stack: RunningStack, **content: object) -> str:
    arn: str = stack.client("stepfunctions").start_execution(
        stateMachineArn=stack.outputs["StateMachineArn"],
        name=str(uuid.uuid4()),
        input=json.dumps(content),
    )["executionArn"]
    return arn


def disable(stack: RunningStack) -> None:
    mapping = stack.provisioned.resources["SubmitQueueBatch"]["Ref"]
    stack.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)


def test_a_webhook_goes_through_the_queue_to_a_report_on_disk(stack: RunningStack) -> None:
    response = post(stack, "/json", b'{"id": "one"}')

    assert [response.status_code, response.text] == [202, "json"]
    report = stack.state_dir / "reports" / "one-1.txt"
    stack.wait_until(report.exists, "the mirrored report")
    stack.wait_for_empty_queue()
    assert report.read_bytes() == b"done"


def test_a_failing_function_is_a_500_and_its_error_is_in_the_log(
    stack: RunningStack, lines: list[str]
) -> None:
    response = post(stack, "/json", b"fail")

    assert response.status_code == 500
    stack.wait_until(lambda: any("RuntimeError" in line for line in lines), "the logged error")


def test_the_outputs_are_found_through_the_aws_endpoint(stack: RunningStack) -> None:
    cloudformation = stack.client("cloudformation")

    (found,) = cloudformation.describe_stacks(StackName="import-relay")["Stacks"]

    outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
    assert outputs == stack.outputs
    assert outputs["WebhookUrl"] == stack.webhooks_url
    assert outputs["QueueUrl"].startswith(stack.aws_endpoint)


def test_lambdas_api_invokes_the_process(stack: RunningStack) -> None:
    name = stack.provisioned.resources["Track"]["Ref"]

    answer = stack.client("lambda").invoke(FunctionName=name, Payload=b"{}")

    content = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer
    assert content["word"] == "from the layer"
    assert json.loads(content["secret"]) == {"json": ["secret"]}


def test_lambdas_api_names_an_error(stack: RunningStack) -> None:
    name = stack.provisioned.resources["Track"]["Ref"]

    answer = stack.client("lambda").invoke(FunctionName=name, Payload=b'{"fail": true}')

    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "ValueError"


def test_an_execution_calls_the_function_and_ends(stack: RunningStack) -> None:
    arn = start_execution(stack, wait=0)

    stack.wait_until(lambda: execution(stack, arn)["status"] != "RUNNING", "the execution")

    ended = execution(stack, arn)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["track"]["Payload"]["word"] == "from the layer"


def test_an_execution_whose_function_fails_is_red(stack: RunningStack) -> None:
    arn = start_execution(stack, wait=0, fail=True)

    stack.wait_until(lambda: execution(stack, arn)["status"] != "RUNNING", "the execution")

    assert execution(stack, arn)["status"] == "FAILED"
    assert execution(stack, arn)["error"] == "ValueError"


def test_paused_submission_keeps_messages_in_the_queue_until_it_is_resumed(
    stack: RunningStack,
) -> None:
    disable(stack)
    stack.wait_until(lambda: not stack.esm_enabled(), "paused submission")
    time.sleep(1.5)  # a receive that began before may wait for a second
    send(stack, id="held")
    time.sleep(1.5)
    assert stack.queue_counts()["visible"] == 1

    admin(stack, "POST", "resume")

    stack.wait_for_empty_queue()
    assert "held-1" in stored(stack)


def test_the_batch_of_a_killed_function_is_redelivered_after_the_visibility_timeout(
    stack: RunningStack,
) -> None:
    send(stack, id="killed", sleep=3)
    stack.wait_until(lambda: "begun" in stored(stack), "the function at work")

    assert stack.kill_function("Submit") == 1

    stack.wait_until(lambda: stack.queue_counts()["in_flight"] == 1, "the message in flight")
    stack.advance_clock(121)
    stack.wait_for_empty_queue()
    assert {"killed-2"} == {key for key in stored(stack) if key.startswith("killed")}


def test_all_parts_see_a_clock_that_was_moved(stack: RunningStack) -> None:
    before = stack.clock.time()
    arn = start_execution(stack, wait=TWO_DAYS_S)
    disable(stack)

    now = datetime.fromisoformat(admin(stack, "PUT", "clock", {"to": "next-day"}).json()["time"])

    assert [now.hour, now.minute] == [0, 1]
    assert stack.clock.time() > before
    assert stack.esm_enabled(), "the daily schedule resumed submission"
    stack.advance_clock(TWO_DAYS_S)
    stack.wait_until(lambda: execution(stack, arn)["status"] == "SUCCEEDED", "the execution")
    output = json.loads(execution(stack, arn)["output"])
    assert abs(output["track"]["Payload"]["time"] - stack.clock.time()) < 60


def test_a_one_time_schedule_resumes_submission_and_disappears(stack: RunningStack) -> None:
    disable(stack)
    scheduler = stack.client("scheduler")
    mapping = stack.provisioned.resources["SubmitQueueBatch"]["Ref"]
    scheduler.create_schedule(
        Name="resume-once",
        GroupName="import-relay-pause",
        ScheduleExpression=f"at({stack.clock.now():%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:lambda:updateEventSourceMapping",
            "RoleArn": "arn:aws:iam::123456789012:role/pause",
            "Input": json.dumps({"Uuid": mapping, "Enabled": True}),
        },
    )

    stack.wait_until(stack.esm_enabled, "running submission")

    names = [one["Name"] for one in scheduler.list_schedules()["Schedules"]]
    assert names == ["resume-submission-daily"]


def test_a_message_that_is_received_too_often_ends_in_the_dead_letter_queue(
    stack: RunningStack,
) -> None:
    stack.client("sqs").send_message(QueueUrl=stack.outputs["QueueUrl"], MessageBody="no json")
    for received in (1, 2, 3):
        stack.wait_until(
            lambda: stack.queue_counts()["in_flight"] == 1 and not stack.busy("Submit"),
            f"receive {received}",
        )
        stack.advance_clock(121)

    stack.wait_until(
        lambda: stack.queue_counts("DeadLetterQueueUrl")["visible"] == 1, "dead letter"
    )


def test_the_status_tells_what_goes_on(stack: RunningStack) -> None:
    status = admin(stack, "GET", "status").json()

    assert {"time", "submission", "queue", "bulk_queue", "invocations", "outputs"} <= set(status)


@pytest.mark.parametrize("content", [{}, {"advance_s": "x"}, {"advance_s": -5}, []])
def test_a_clock_request_that_makes_no_sense_is_refused(
    stack: RunningStack, content: object
) -> None:
    assert admin(stack, "PUT", "clock", content).status_code == 400


def lineage_of_one_message(stack: RunningStack) -> dict[str, int]:
    (message,) = stack.client("sqs").receive_message(
        QueueUrl=stack.outputs["QueueUrl"], MessageSystemAttributeNames=["AWSTraceHeader"]
    )["Messages"]
    stack.client("sqs").purge_queue(QueueUrl=stack.outputs["QueueUrl"])
    return parsed(message["Attributes"]["AWSTraceHeader"])


def test_a_message_carries_the_lineage_of_the_function_that_sent_it(stack: RunningStack) -> None:
    stack.wait_for_empty_queue()
    for poller in stack.pollers:
        poller.pause()
    try:
        post(stack, "/json", b'{"id": "traced"}')
        receiver = mark(stack.provisioned.resources["Receive"]["Arn"])
        assert lineage_of_one_message(stack) == {receiver: 1}
    finally:
        for poller in stack.pollers:
            poller.resume()


def test_a_message_that_was_sent_on_sixteen_times_invokes_nothing(
    stack: RunningStack, lines: list[str]
) -> None:
    sent_on = {mark(stack.provisioned.resources["Submit"]["Arn"]): 16}
    client = boto3_client("sqs", stack.aws_endpoint)
    client.meta.events.register(
        "before-call.sqs.SendMessage",
        lambda params, **_: params["headers"].update(
            {"X-Amzn-Trace-Id": header("Root=1", sent_on)}
        ),
    )
    try:
        client.send_message(QueueUrl=stack.outputs["QueueUrl"], MessageBody='{"id": "looping"}')
        stack.wait_until(lambda: any(LOOP_REFUSED in line for line in lines), "a refusal")
    finally:
        client.purge_queue(QueueUrl=stack.outputs["QueueUrl"])
    assert not [key for key in stored(stack) if key.startswith("looping")]


class _Enough(Exception):
    """Ends the start before the stack is ready."""


def test_a_request_while_the_stack_starts_is_answered_503(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    starting = RunningStack(
        root=write_project(tmp_path / "project"), state_dir=tmp_path / "state", with_mateo=False
    )
    statuses: list[int] = []

    def look() -> None:
        statuses.append(post(starting, "/json", b"{}").status_code)
        statuses.append(admin(starting, "GET", "status").status_code)
        raise _Enough

    monkeypatch.setattr(starting, "_start_loops", look)
    with pytest.raises(_Enough):
        starting.start()
    assert statuses == [503, 503]
