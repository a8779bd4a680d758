"""The functions of a template as processes need to know them, after they were provisioned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from local.aws.provisioning import Provisioned, References
from local.lambda_runtime.execution_environment import Function
from local.template.loading import Template

DEFAULT_CONCURRENCY = 4
"""Processes per function at most, where nothing else limits it: a laptop has few cores."""
STARTED_FIRST = ("ReceiveWebhook", "SubmitImports", "ImportFiles")
"""Logical ids of the functions that wait for what comes in. The others start with their first
event, as on Lambda: starting them all at once would keep those waiting."""


def described_functions(
    template: Template, provisioned: Provisioned, lambda_: Any, concurrency: Mapping[str, int]
) -> Iterator[Function]:
    """Each function with its variables as provisioned, and at most so many processes."""
    references = References(provisioned.resources)
    for logical_id, code in template.code.items():
        own = provisioned.resources[logical_id]
        answer = lambda_.get_function_configuration(FunctionName=own["Ref"])
        variables = answer.get("Environment", {}).get("Variables", {})
        hosting = template.hosting[logical_id]
        yield Function(
            logical_id=logical_id,
            name=own["Ref"],
            arn=own["Arn"],
            handler=answer["Handler"],
            timeout_s=float(answer["Timeout"]),
            memory_mb=int(answer["MemorySize"]),
            code=code,
            variables={name: str(value) for name, value in variables.items()},
            concurrency=concurrency.get(logical_id, DEFAULT_CONCURRENCY),
            hosting=replace(hosting, log_group=references.fill(hosting.log_group)),
        )
