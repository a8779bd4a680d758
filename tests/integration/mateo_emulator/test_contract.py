"""The emulator and its contracts: our own, and the published one in words of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from schemathesis import GenerationMode

from mateo_emulator.application import BASE_PATH
from mateo_emulator.documentation import openapi
from mateo_emulator.emulator import MateoEmulator
from mateo_emulator.faults import Fault
from mateo_emulator.sandbox.admin import Admin
from mateo_emulator.settings import Behaviour, DocumentedLimits, Start
from tests.integration.mateo_emulator.contract import plan, prepare, published, send
from tests.integration.mateo_emulator.emulator import TOKEN, Emulator

CASES = 25


@pytest.mark.parametrize(("contract", "label", "mode"), plan())
def test_every_answer_is_one_that_the_contract_knows(
    emulator: Emulator, contract: str, label: str, mode: GenerationMode
) -> None:
    prepare(emulator, contract)
    seen = send(contract, label, mode, emulator.root, cases=CASES, fixed=True)
    assert seen.total() > 0


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def examples() -> list[Any]:
    found = []
    for path, method, operation in operations():
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        named = {name: one["value"] for name, one in media.get("examples", {}).items()}
        if "example" in media:
            named["example"] = media["example"]
        found += [
            pytest.param(method, path, body, id=f"{operation['operationId']}-{name}")
            for name, body in named.items()
        ]
    return found


@pytest.mark.parametrize(("method", "path", "body"), examples())
def test_every_example_works_as_it_stands(
    emulator: Emulator, method: str, path: str, body: object
) -> None:
    response = emulator.http.request(
        method,
        emulator.root + path,
        params={"select": "id"} if path.startswith(BASE_PATH) else {},
        json=body,
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    assert response.status_code in (200, 201), response.text


def test_the_examples_of_an_import_succeed_except_the_one_that_shows_a_failure(
    emulator: Emulator,
) -> None:
    media = openapi()["paths"]["/api/v1/import"]["post"]["requestBody"]["content"]
    failed = {}
    for name, example in media["application/json"]["examples"].items():
        body = example["value"]
        response = emulator.http.post(
            f"{emulator.api}?select=id", json=body, headers={"authorization": f"Bearer {TOKEN}"}
        )
        failed[name] = emulator.finished(response.json()["id"])["failed_count"]
    assert {name for name, count in failed.items() if count} == {"failing"}


def test_the_document_describes_the_whole_admin_surface(tmp_path: Path) -> None:
    emulator = MateoEmulator(Start(state=tmp_path))
    served = {
        (method.lower(), "/_sandbox" + route.path.replace(":path}", "}"))
        for route in Admin(emulator).routes()
        for method in (route.methods or set()) - {"HEAD"}
    }
    emulator.storage.close()
    described = {(method, path) for path, method, _ in operations() if "_sandbox" in path}
    assert described == served - {("get", "/_sandbox/")}


@pytest.mark.parametrize("model", [DocumentedLimits, Behaviour, Fault])
def test_every_setting_is_described_with_its_default(model: type[BaseModel]) -> None:
    described = openapi()["components"]["schemas"][model.__name__]["properties"]
    defaults = {
        name: None if field.is_required() else field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
    }
    assert {name: schema.get("default") for name, schema in described.items()} == defaults


def test_every_column_that_is_published_is_in_our_own_contract() -> None:
    ours = openapi()["components"]["schemas"]
    theirs = published()
    body = theirs["paths"]["/import"]["post"]["requestBody"]["content"]["application/json"]
    listed = {one["name"] for one in theirs["paths"]["/import"]["get"]["parameters"]}
    own = openapi()["paths"]["/api/v1/import"]["get"]["parameters"]
    filters = {one.get("name", "select") for one in own}
    assert theirs["components"]["schemas"]["import"]["properties"].keys() <= (
        ours["Import"]["properties"].keys()
    )
    assert body["schema"]["properties"].keys() <= ours["NewImport"]["properties"].keys()
    assert listed <= filters


def test_a_browser_is_led_to_the_documentation(emulator: Emulator) -> None:
    response = emulator.http.get(emulator.root, headers={"accept": "text/html"})
    assert (response.status_code, response.headers["location"]) == (307, "/docs")


def test_the_documentation_needs_nothing_from_elsewhere(emulator: Emulator) -> None:
    page = emulator.http.get(f"{emulator.root}/docs")
    parts = [emulator.http.get(f"{emulator.root}/docs/page.{kind}") for kind in ("js", "css")]
    kinds = [part.headers["content-type"].partition(";")[0] for part in (page, *parts)]
    assert kinds == ["text/html", "text/javascript", "text/css"]
    assert not [part for part in (page, *parts) if "://" in part.text]
    assert emulator.http.get(f"{emulator.root}/openapi.json").json() == openapi()


def test_there_are_no_other_files_beside_the_documentation(emulator: Emulator) -> None:
    assert emulator.http.get(f"{emulator.root}/docs/page.html").status_code == 404
