"""Imports to report, and what a report of them has written."""

import gzip
import json
from typing import Any

from import_relay.report.reporting import Reported, ReportStatus
from tests.support.aws import Aws
from tests.support.builders import connections, message
from tests.support.following import payload_of, report
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

FOLDER = "reports/date=2026-11-21/type=contact_details/import=ref-1"
DEAL_FOLDER = "reports/date=2026-11-21/type=deal_details/import=ref-1"
EVA = {"id": 3, "v": 1, "name": "Eva Example", "phone": "+4915112345678"}
DEALS = """
[erp]
kind = "json"
[erp.deal]
version = "v"
[erp.deal.fields]
external_id = "id"
name = "name"
contact_external_id = "customer"
"""
DEAL = {"id": 7, "v": 1, "name": "Roof", "customer": "c-9"}


def failure(row: object, code: str = "23514", text: str = "violates unique") -> dict[str, Any]:
    return {"code": code, "message": text, "input": row}


def summary_of(aws: Aws, folder: str = FOLDER) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws.objects(folder)[f"{folder}/summary.json"])
    return found


def rows_of(aws: Aws, folder: str = FOLDER) -> list[dict[str, Any]]:
    content = gzip.decompress(aws.objects(folder)[f"{folder}/rows.ndjson.gz"])
    return [json.loads(line) for line in content.splitlines()]


def report_at_last(relay: Relay) -> Reported:
    """Report, and wait for as long as it asks for."""
    while (reported := report(relay)).status is ReportStatus.WAIT:
        relay.clock.now += reported.wait_s
    return reported


def codes_of(summary: dict[str, Any]) -> list[str]:
    return [remark["code"] for remark in summary["remarks"]]


def submitted(relay: Relay, mateo: MateoImports, *items: object) -> list[dict[str, Any]]:
    """Submit the items as ref-1 and return its rows."""
    relay.submit(message(items))
    rows = payload_of(mateo)
    mateo.requests.clear()
    return rows


def deal_failed(relay: Relay, mateo: MateoImports, item: object = DEAL, code: str = "23503") -> str:
    """Report an import of a deal that failed, and return the folder of the report."""
    relay.connections = connections(DEALS)
    (row,) = submitted(relay, mateo, item)
    mateo.imports[0].finish(failure(row, code))
    report(relay)
    return DEAL_FOLDER
