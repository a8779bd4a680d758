"""Takes a person out of a daily report: their rows, and what Mateo says of them. Pure.

Counts stay as they are. A page is not made anew: what has to go is replaced in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from import_relay.domain.report_text import json_text
from import_relay.report.daily.markup import prose
from relay_ops.erasing.person import CONTACT, Person
from relay_ops.erasing.rewriting import Rewritten

PAGE, SUMMARY, CSV, WORKBOOK = "index.html", "summary.json", "failures.csv", "failures.xlsx"
LOOKED_AT = (CSV, SUMMARY)
"""Files that name everybody who is in any file of the folder, as texts."""


def daily_report(person: Person, objects: Mapping[str, bytes]) -> list[Rewritten]:
    """The files of one day by their names, in the order in which they are to be written.

    Those that are looked at come last: as long as they name the person, the others may.
    """
    from relay_ops.erasing.tables import table_without  # only where there are failures

    tables = (
        table_without(person, name, objects[name], CONTACT)
        for name in (WORKBOOK, CSV)
        if objects.get(name)
    )
    return [*(one for one in tables if one), *_page(person, objects)]


def _page(person: Person, objects: Mapping[str, bytes]) -> list[Rewritten]:
    said = json.loads(objects.get(SUMMARY) or b"{}")
    groups = said.get("open", {}).get("groups", [])
    hits = [one for one in groups if person.has_text([one["reason"], one["what_to_do"]])]
    if not hits:
        return []
    page = objects.get(PAGE, b"").decode()
    for one in hits:
        for name in ("reason", "what_to_do"):
            page = page.replace(f">{prose(one[name])}<", "><")
            page = page.replace(f" {prose(one[name])}<", "<")
            one[name] = ""
    text = json_text(said, indent=2) + "\n"
    return [
        Rewritten(PAGE, len(hits), page.encode()),
        Rewritten(SUMMARY, len(hits), text.encode("utf-8", "backslashreplace")),
    ]
