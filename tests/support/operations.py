"""Which operation of which service an HTTP call is, recognised from the wire; for `fault_proxy`.

AWS's JSON protocols name it in a header. Of REST calls the signature names the service, method and
path the operation. Where one operation serves several purposes, a word of what it touches follows,
so that every step of a function has a name of its own: `DynamoDB.UpdateItem pace`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

SERVICES = {
    "dynamodb": "DynamoDB",
    "lambda": "Lambda",
    "s3": "S3",
    "scheduler": "Scheduler",
    "secretsmanager": "SecretsManager",
    "sqs": "SQS",
    "ssm": "SSM",
    "states": "SFN",
}
"""Names with which calls are signed, and the short names of the services."""

REST = (
    ("Lambda", "PUT", r"/[\d-]+/event-source-mappings/[^/]+", "UpdateEventSourceMapping"),
    ("Lambda", "GET", r"/[\d-]+/event-source-mappings/[^/]+", "GetEventSourceMapping"),
    ("Lambda", "POST", r"/[\d-]+/functions/[^/]+/invocations", "Invoke"),
    ("S3", "PUT", r"/[^/]+/.+", "PutObject"),
    ("S3", "GET", r"/[^/]+/.+", "GetObject"),
    ("S3", "HEAD", r"/[^/]+/.+", "HeadObject"),
    ("S3", "DELETE", r"/[^/]+/.+", "DeleteObject"),
    ("S3", "GET", r"/[^/]+/?", "ListObjectsV2"),
    ("Scheduler", "POST", r"/schedules/[^/]+", "CreateSchedule"),
    ("Scheduler", "DELETE", r"/schedules/[^/]+", "DeleteSchedule"),
)
"""What is called here of the REST services; another call is named by its method alone."""

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/aws4_request")
_IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; the names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path alone."""
        return unquote(self.target.partition("?")[0])

    def json(self) -> dict[str, Any]:
        """The body as an object; an empty one if it is none."""
        try:
            content = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


def aws_operation(request: Request) -> str:
    """The name of a call of AWS: `DynamoDB.PutItem lease`, `S3.PutObject imports`."""
    signed = _SIGNED_FOR.search(request.headers.get("authorization", ""))
    service = SERVICES.get(signed[1], signed[1]) if signed else "AWS"
    target = request.headers.get("x-amz-target")
    name = target.rpartition(".")[2] if target else _rest_name(service, request)
    return " ".join(filter(None, (f"{service}.{name}", _purpose(service, request))))


def mateo_operation(request: Request, base_path: str = "/api/v1") -> str:
    """`Mateo.POST /import`; a list is named by its filters: `Mateo.GET /import?id`."""
    path = _IDENTIFIER.sub("*", request.path.removeprefix(base_path))
    query = parse_qsl(request.target.partition("?")[2])
    filters = sorted({name for name, _ in query} & {"id", "type", "reference_id"})
    kind = "s" if any(value.startswith("in.") for name, value in query if name == "id") else ""
    suffix = f"?{filters[0]}{kind}" if filters and request.method == "GET" else ""
    return f"Mateo.{request.method} {path}{suffix}"


def _rest_name(service: str, request: Request) -> str:
    for owner, method, pattern, name in REST:
        if (owner, method) == (service, request.method) and re.fullmatch(pattern, request.path):
            return name
    return request.method


def _purpose(service: str, request: Request) -> str:
    if service == "S3":
        _, _, key = request.path.lstrip("/").partition("/")
        folder, _, rest = key.partition("/")
        return f"{folder}/{rest.rpartition('/')[2]}" if folder == "reports" else folder
    if service != "DynamoDB":
        return ""
    names = {_kind_of_item(key) for key in _keys(request.json())}
    return "+".join(sorted(names)) or str(request.json().get("IndexName", ""))


def _keys(content: Any) -> Iterator[str]:
    """Every partition key that a call of DynamoDB names."""
    if isinstance(content, list):
        for one in content:
            yield from _keys(one)
    elif isinstance(content, dict):
        pk = content.get("pk")
        if isinstance(pk, dict) and isinstance(pk.get("S"), str):
            yield pk["S"]
            return
        for one in content.values():
            yield from _keys(one)


def _kind_of_item(key: str) -> str:
    """`import#2026…` → `import`, `pace` → `pace`; a record's own key → its type."""
    return re.split(r"[#|:/\x1f]", key, maxsplit=1)[0]
