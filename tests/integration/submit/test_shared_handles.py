"""A family with one e-mail address, from its records to the contacts in Mateo and the report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.mateo_emulator.conftest import emulator, http, server
from tests.integration.mateo_emulator.emulator import Emulator
from tests.support.aws import Aws
from tests.support.builders import ERP, connections, message
from tests.support.following import relay_with_imports, report

__all__ = ["emulator", "http", "server"]  # fixtures
ADDRESS = "familie@example.com"
FAMILY = [
    {"id": "F1", "v": 1, "name": "Ada Example", "email": ADDRESS},
    {"id": "F2", "v": 1, "name": "Bob Example", "email": ADDRESS.upper()},
    {"id": "F3", "v": 1, "name": "Eva Example", "email": ADDRESS},
]


def imported(aws: Aws, emulator: Emulator, choice: str, items: list[Any]) -> dict[str, Any]:
    """Import the items into the emulator and return the summary of the report."""
    relay, mateo = relay_with_imports(aws)
    text = ERP.replace("[erp.contact]", f'[erp.contact]\nshared_handles = "{choice}"')
    relay.connections = connections(text)
    relay.submit(message(items))
    (stored,) = mateo.imports
    stored.hints = emulator.imported(stored.payload)["hints"]
    stored.finish()
    report(relay)
    objects = aws.objects("reports/")
    (path,) = [path for path in objects if path.endswith("summary.json")]
    summary: dict[str, Any] = json.loads(objects[path])
    return summary


def holders(emulator: Emulator) -> list[str]:
    contacts = (emulator.contact(name) for name in ("F1", "F2", "F3"))
    return [one["external_id"] for one in contacts if one["handles"].get("email") == ADDRESS]


@pytest.mark.parametrize(
    ("choice", "expected", "counted"),
    [
        ("last_takes", ["F3"], {"note.shared_handle": 2}),
        ("first_keeps", ["F1"], {"value.shared_handle": 2}),
        ("leave_out", [], {"value.shared_handle": 3}),
    ],
)
def test_the_connection_chooses_who_keeps_the_address(
    aws: Aws, emulator: Emulator, choice: str, expected: list[str], counted: dict[str, int]
) -> None:
    summary = imported(aws, emulator, choice, FAMILY)

    assert holders(emulator) == expected
    assert {one["code"]: one["count"] for one in summary["notes"]} == counted
    assert summary["rows"]["imported"] == 3


def test_the_report_names_both_contacts_of_each_move(aws: Aws, emulator: Emulator) -> None:
    summary = imported(aws, emulator, "last_takes", FAMILY)

    taken = summary["taken_handles"]
    assert taken["count"] == 2
    pairs = [(one["field"], one["external_id"], one["taken_from"]) for one in taken["first"]]
    assert pairs == [("email", "F2", "F1"), ("email", "F3", "F2")]
    assert [one["hint"] for one in taken["first"]] == summary["hints"]
    assert [one["code"] for one in summary["remarks"]] == ["import.handles_taken"]


def test_without_a_shared_address_there_is_no_remark(aws: Aws, emulator: Emulator) -> None:
    summary = imported(aws, emulator, "last_takes", FAMILY[:1])

    assert summary["taken_handles"] == {"count": 0, "first": []}
    assert summary["remarks"] == []


def test_one_person_under_two_keys_ends_as_one_contact_with_the_newer_values(
    aws: Aws, emulator: Emulator
) -> None:
    by_email = {"v": 1, "name": "Ada Old", "email": ADDRESS}
    summary = imported(aws, emulator, "leave_out", [by_email, {**FAMILY[0], "name": "Ada New"}])

    (contact,) = emulator.items("contacts")
    assert (contact["external_id"], contact["handles"]) == ("F1", {"email": ADDRESS})
    assert contact["fields"]["full_name"] == "Ada New"
    assert summary["taken_handles"]["count"] == 0
