"""Requests that schemathesis makes up from a contract, and what every answer has to hold.

`test_contract` sends a fixed handful of each operation. Many more, against an emulator that
runs (``make mateo``), and different ones each time:

    python -m tests.integration.mateo_emulator.contract [CASES] [ADDRESS]
"""

from __future__ import annotations

import copy
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

from mateo_emulator.documentation import openapi
from tests.integration.mateo_emulator.emulator import AT_ONCE, NO_LIMITS, TOKEN, Emulator, contact

Document = dict[str, Any]
PUBLISHED = Path(__file__).with_name("published.yaml")
ROWS = {
    "type": "object",
    "properties": {
        "external_id": {"enum": ["C-1", "C-2", "C-9", "", None, 7]},
        "contact_external_id": {"enum": ["C-1", "C-2", "nobody"]},
        "email": {"enum": ["person.1@example.com", "person.2@example.com", "wrong", None]},
        "whatsapp": {"type": ["array", "string", "null"], "items": {"type": "string"}},
        "country_codes": {"type": ["array", "string", "null"], "items": {"type": "string"}},
        "birthday": {"type": "string", "format": "date"},
        "start_time": {"type": "string", "format": "date-time"},
    },
}
"""Rows that meet each other; further keys are made up."""
IMPORT = "/import"
ALSO = frozenset((206, 400, 401, 403, 404, 406, 409, 416, 429))
"""Statuses that the published operations leave out: those of the vendor's introduction, and of
PostgREST for parts, media types, unknown lists and ranges.
"""

FORM = (
    schemathesis.checks.not_a_server_error,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
_COLUMN = "(id|created_at|type|payload|total_count|failed_url|hints|organisation_id)"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"
_ORDERING = r"(created|updated)_at(\.(asc|desc))?(\.nulls(first|last))?"
_NUMBER = r"(not\.)?(eq|neq|gt|gte|lt|lte|isdistinct)\.[0-9]{1,3}"
_TIMESTAMP = r"(not\.)?(eq|gt|gte|lt|lte)\.202[0-9]-0[1-9]-[12][0-9](T0[0-9]:00:00Z)?"
_TEXT = r"(not\.)?(eq|neq|like|ilike|isdistinct)\.[a-z*%_]{0,9}"
_EMPTY = r"(not\.)?is\.(null|true|false|unknown)"
_INNER = rf"(id\.eq\.{_UUID}|total_count\.{_NUMBER}|failed_url\.is\.null)"
FITTING = {
    "select": rf"{_COLUMN}(,{_COLUMN}){{0,3}}",
    "order": rf"{_ORDERING}(,{_ORDERING})?",
    "id": rf"((not\.)?(eq|neq)\.{_UUID}|in\.\({_UUID}(,{_UUID}){{0,2}}\))",
    "organisation_id": rf"(eq|neq)\.{_UUID}",
    "created_at": _TIMESTAMP,
    "updated_at": _TIMESTAMP,
    "type": r"(not\.)?(eq|neq)\.(contact|deal|appointment)_details",
    "contact_list_external_id": _TEXT,
    "failed_url": r"(not\.)?is\.null",
    "payload_url": r"(not\.)?is\.null",
    "reference_id": _TEXT,
    "allow_deal_reassignment": _EMPTY,
    "total_count": _NUMBER,
    "success_count": _NUMBER,
    "failed_count": rf"({_NUMBER}|is\.null)",
    "or": rf"\({_INNER}(,{_INNER}){{0,2}}\)",
    "limit": "[0-9]{1,3}",
    "offset": "[0-9]{1,2}",
    "Range": "[0-9]-[0-9]{2}",
    "Prefer": "count=(exact|planned|estimated|none)",
}
"""Texts that fit a parameter. The contracts say little more than "text"; hardly any text fits."""


def literal() -> Document:
    """The vendor's contract of "Create Import" as it stands."""
    text = PUBLISHED.read_text(encoding="utf-8")
    document: Document = json.loads(json.dumps(yaml.safe_load(text)))  # without shared parts
    del document["paths"]["/import"]["get"]
    return document


def published() -> Document:
    """The vendor's contracts with three contradictions resolved as their prose and examples do.

    * ``payload`` is an array of objects, as the page says; the schema says object. So are hints.
    * ``nullable`` means nothing in OpenAPI 3.1; the columns are null while an import waits.
    * ``oneOf`` an import or an empty object can never hold, since each import is both: ``anyOf``.
    """
    text = PUBLISHED.read_text(encoding="utf-8")
    document: Document = json.loads(json.dumps(yaml.safe_load(text)))  # without shared parts
    columns = document["components"]["schemas"]["import"]["properties"]
    body = document["paths"]["/import"]["post"]["requestBody"]["content"]["application/json"]
    for name, schema in [*columns.items(), *body["schema"]["properties"].items()]:
        if name in ("payload", "hints"):
            schema.update(type="array", items={"type": "object"})
        if schema.pop("nullable", False):
            schema["type"] = [schema["type"], "null"]
    created = document["paths"]["/import"]["post"]["responses"]["201"]["content"]
    either = created["application/json"]["schema"]
    either["anyOf"] = either.pop("oneOf")
    return document


def fitting(document: Document) -> Document:
    """The same contract, narrowed to what the server will look into."""
    narrowed = copy.deepcopy(document)
    for operations in narrowed["paths"].values():
        for operation in operations.values():
            if operation["tags"] == ["Import"]:
                operation["parameters"] = [
                    _narrowed(parameter, narrowed) for parameter in operation["parameters"]
                ]
    create = next(path for path in narrowed["paths"].values() if "requestBody" in path["post"])
    body = create["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = {
        "type": "object",
        "required": ["type", "payload"],
        "additionalProperties": False,
        "properties": {
            "type": {"enum": ["contact_details", "deal_details", "appointment_details"]},
            "payload": {"type": "array", "items": ROWS},
            "contact_list_external_id": {"enum": ["customers", "leads", None]},
            "allow_deal_reassignment": {"type": ["boolean", "null"]},
        },
    }
    return narrowed


def _narrowed(given_: Document, document: Document) -> Document:
    name = given_.get("$ref", "").rpartition("/")[2]
    parameter = dict(document["components"]["parameters"][name] if name else given_)
    if parameter["name"] in FITTING:
        parameter["schema"] = {"type": "string", "pattern": f"^{FITTING[parameter['name']]}$"}
    return parameter


def prepare(emulator: Emulator, contract: str) -> None:
    """No limits, and imports to be found: done, failed, with a link, with hints."""
    emulator.change("limits", **NO_LIMITS)
    emulator.change("behaviour", **AT_ONCE, failed_inline_max=1, payload_inline_max=3)
    emulator.change("behaviour", empty_answer=CONTRACTS[contract].empty_answer)
    emulator.imported([contact(1), contact(2, email="wrong")])
    emulator.imported([contact(3, email="person.1@example.com"), {}, {}])
    emulator.imported([contact(number) for number in range(4)], contact_list_external_id="leads")


def send(
    contract: str, label: str, mode: GenerationMode, address: str, *, cases: int, fixed: bool
) -> Counter[int]:
    """Send requests of one operation and check each answer; how often each status came.

    Args:
        contract: One of `CONTRACTS`.
        label: An operation of it, as ``GET /path``.
        mode: Requests that fit the contract, or that do not.
        address: Where the emulator is.
        cases: At most so many requests.
        fixed: The same requests each time.
    """
    seen: Counter[int] = Counter()
    chosen = CONTRACTS[contract]

    @settings(
        max_examples=cases,
        derandomize=fixed,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operations_of(contract)[label].as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        response = case.call_and_validate(
            base_url=address + chosen.root,
            session=session,
            headers={"Authorization": f"Bearer {TOKEN}"},
            checks=[*FORM, chosen.status],
        )
        seen[response.status_code] += 1

    with requests.Session() as session:
        session.trust_env = False
        each()
    return seen


def _published_status(_: Any, response: Response, case: Any) -> bool | None:
    known = {int(status) for status in case.operation.responses.status_codes}
    assert response.status_code in known | ALSO, response.status_code
    return None


@dataclass(frozen=True)
class Contract:
    """A document, where its paths begin, and which statuses its answers may have.

    A POST without ``select`` is answered ``{}``, since no contract can say "JSON, or nothing at
    all". Taken literally, the published one cannot say ``{}`` either, which it thinks to be both
    an import and empty; but it can say 204.
    """

    document: Callable[[], Document]
    root: str
    status: CheckFunction
    empty_answer: str = "object"


CONTRACTS = {
    "own": Contract(openapi, "", checks.status_code_conformance),
    "own, fitting": Contract(lambda: fitting(openapi()), "", checks.status_code_conformance),
    "published, literal": Contract(literal, "/api/v1", _published_status, "no_content"),
    "published": Contract(published, "/api/v1", _published_status),
    "published, fitting": Contract(lambda: fitting(published()), "/api/v1", _published_status),
}


@cache
def operations_of(contract: str) -> dict[str, Any]:
    """The operations of a contract as schemathesis sees them, by method and path."""
    schema = schemathesis.openapi.from_dict(CONTRACTS[contract].document())
    found: list[Any] = list(schema.get_all_operations())
    return {one.ok().label: one.ok() for one in found}


def plan() -> list[tuple[str, str, GenerationMode]]:
    """Every operation of every contract, with requests that fit it and with others."""
    return [
        (contract, label, mode)
        for contract in CONTRACTS
        for label, operation in operations_of(contract).items()
        if "fitting" not in contract or label.endswith(IMPORT)
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or _has_input(operation)
    ]


def _has_input(operation: Any) -> bool:
    """Whether a request can be wrong; any text will do in a path."""
    raw = operation.definition.raw
    places = {parameter.get("in", "query") for parameter in raw.get("parameters", ())}
    return "requestBody" in raw or not places <= {"path"}


def main(cases: int, address: str) -> int:
    """Send many requests to an emulator that runs, whose data and settings are lost; 1 if an
    answer was wrong.
    """
    wrong = 0
    with httpx.Client(trust_env=False, timeout=30) as http:
        for contract, label, mode in plan():
            http.post(f"{address}/_sandbox/reset").raise_for_status()
            prepare(Emulator(address, http), contract)
            try:
                seen = send(contract, label, mode, address, cases=cases, fixed=False)
                print(f"{contract} {label} {mode.value}: {dict(seen)}", flush=True)
            except (FailureGroup, AssertionError) as found:
                wrong = 1
                print(f"{contract} {label} {mode.value}: {found}", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else 1_000,
            sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:4010",
        )
    )
