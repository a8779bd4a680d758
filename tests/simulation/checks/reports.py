"""Every import has a report that adds up; it is given up only late, and for a reason."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from import_relay.storage.entries import NEVER_CREATED, UNFINISHED
from tests.simulation.checks.books import CLOCKS_S, Books

BELIEVED_AFTER_S = 3_600.0
"""How long counts of fewer rows have to stay the same before an import may end."""
CALM_S = 10_800.0
"""Once all is calm, Mateo finishes every import within a minute, and the relay sees it within this
time, whatever it waited for."""
GIVING_UP_S = 3_600.0
"""From the last poll of an import that is given up to its report, at most."""


def check_reports(books: Books) -> None:
    """Each import that was created has a report, and the reports agree with Mateo."""
    summaries = {
        key.split("import=")[1].split("/")[0]: json.loads(content)
        for key, content in books.relay.s3.objects.items()
        if key.startswith("reports/") and key.endswith("/summary.json")
    }
    for entry in books.entries:
        if entry["state"] in NEVER_CREATED:
            continue
        if entry["state"] in UNFINISHED:
            books.wrong("stuck", f"import {entry['reference']} is {entry['state']} for ever")
        elif entry["reference"] not in summaries:
            books.wrong("unreported", f"import {entry['reference']} has no report")
    for reference, summary in summaries.items():
        _patience(books, reference, summary)
        rows = summary["rows"]
        if rows["total"] != rows["imported"] + rows["failed"] + rows["unaccounted"]:
            books.wrong("unreported", f"report of {reference} does not add up: {rows}")
        if rows["unaccounted"] or summary["items"]["unaccounted"]:
            _unaccounted_for_a_reason(books, reference, summary)
    said = sum(summary["rows"]["imported"] for summary in summaries.values())
    unsure = sum(summary["rows"]["unaccounted"] for summary in summaries.values())
    if not said <= len(books.relay.mateo.applied) <= said + unsure:
        applied = len(books.relay.mateo.applied)
        books.wrong("unreported", f"Mateo applied {applied} rows, reports say {said}")


def _patience(books: Books, reference: str, summary: Mapping[str, Any]) -> None:
    """An import is followed for long enough, and given up only for a reason."""
    followed_s = books.ended_at[reference] - _seconds(summary["created_at"])
    if followed_s < _patience_s(books, summary) - CLOCKS_S:
        books.wrong("unreported", f"{reference} was given up after {followed_s:.0f} s")
    if summary["state"] == "unfinished":
        _given_up_for_a_reason(books, reference, summary["import_id"])
        if _was_calm(books, books.ended_at[reference]):
            books.wrong("unreported", f"{reference} was given up, and nothing was in the way")


def _given_up_for_a_reason(books: Books, reference: str, import_id: str) -> None:
    """An import is given up only if Mateo hides it, or has not finished it by then."""
    ended_at, fault_profile = books.ended_at[reference], books.relay.fault_profile
    if not import_id:
        may_be_hidden = fault_profile.hidden_payloads or fault_profile.expired_links
        if not may_be_hidden:
            books.wrong("unreported", f"{reference} was given up, and nothing hid it")
    elif books.relay.mateo.imports[import_id].finished_at < ended_at - GIVING_UP_S:
        books.wrong("unreported", f"{reference} was given up, and had finished long before")


def _unaccounted_for_a_reason(books: Books, reference: str, summary: Mapping[str, Any]) -> None:
    """Each row of a finished import is accounted for, unless its list of failures has expired or
    did not arrive, or was not there yet when the import had been followed for as long as imports
    are.
    """
    mateo = books.relay.mateo
    may_be_unread = (
        books.relay.fault_profile.expired_links or summary["import_id"] in mateo.unread_files
    )
    is_finished = summary["state"] == "finished"
    if is_finished and not may_be_unread and not _was_listed_too_late(books, reference, summary):
        books.wrong("unreported", f"{reference}: rows are unaccounted for, though all are listed")


def _was_listed_too_late(books: Books, reference: str, summary: Mapping[str, Any]) -> bool:
    ended_at, late_s = books.ended_at[reference], books.relay.fault_profile.lists.late_s
    followed_s = ended_at - _seconds(summary["created_at"])
    is_over = followed_s >= books.relay.account.tracking_hours * 3_600 - CLOCKS_S
    return (
        is_over and ended_at < books.relay.mateo.imports[summary["import_id"]].finished_at + late_s
    )


def _patience_s(books: Books, summary: Mapping[str, Any]) -> float:
    """How long an import that ended like this has to be followed."""
    if summary["state"] == "unfinished":
        return books.relay.account.tracking_hours * 3_600
    return BELIEVED_AFTER_S if summary["rows"]["unaccounted"] else 0.0


def _was_calm(books: Books, timestamp: float) -> bool:
    """Whether all had been calm for long at a time, with requests enough to see it."""
    has_requests = books.relay.account.requests_per_day >= 10_000
    return has_requests and timestamp > books.relay.calm_at + CALM_S


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
