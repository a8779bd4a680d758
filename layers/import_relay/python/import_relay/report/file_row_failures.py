"""Hands the failed rows of a file to the report of that file. Called by reporting.

An import may hold rows of many files, and a file has rows in many imports.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from import_relay.domain.codes import CODES
from import_relay.report.findings import Findings
from import_relay.report.row_outcomes import RowOutcome
from import_relay.storage.row_failures import Puts, put_row_failures


def write_row_failures(archive: Puts, findings: Findings) -> None:
    """Store why rows of files were not imported, under the reference of the import.

    A report that died may have stored rows which are imported by now: these are replaced.
    """
    entry = findings.entry
    sent = findings.sent.provenance if entry.reported_until else ()
    deliveries = {item.occurrence.delivery for row in sent for item in row.items}
    put_row_failures(archive, _failures(findings), entry.reference, replaced=deliveries)


def _failures(findings: Findings) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reasons = {number: failure for failure, number in findings.failures if number is not None}
    unexplained = _unexplained(findings)
    for number, outcome in enumerate(findings.outcomes):
        if outcome in (RowOutcome.FAILED, RowOutcome.UNACCOUNTED):
            failure = reasons.get(number)
            code = failure.code if failure else unexplained
            what = failure.message if failure else CODES[unexplained].what
            for source in findings.sources(number):
                one = source.occurrence
                line = {"line": one.number, "outcome": outcome, "code": code, "what": what}
                yield one.delivery, line | {"import": findings.entry.reference}


def _unexplained(findings: Findings) -> str:
    """The code of a row of which Mateo does not say how it ended."""
    if not findings.is_finished:
        return "import.unfinished"
    has_reasons = len(findings.failures) >= findings.failed
    return "failures.unexplained" if has_reasons else "failures.unavailable"
