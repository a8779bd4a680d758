"""Takes a person out of a daily report: their rows, and what Mateo says of them. Pure.

Counts stay as they are. A page is not made anew: the person's texts in it are replaced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from import_relay.domain.erased_handles import OWNER_COLUMNS
from import_relay.domain.files import MORE
from import_relay.domain.models import CONTACT_TYPE
from import_relay.domain.report_text import json_content
from import_relay.report.daily.markup import prose
from import_relay.report.problems import ITEM_REJECTED
from relay_ops.erasing.person import Person
from relay_ops.erasing.rewriting import Rewritten

PAGE, SUMMARY, CSV, WORKBOOK = "index.html", "summary.json", "failures.csv", "failures.xlsx"
TOLD = ("relay_value", "relay_reason")
"""Columns that may quote a value of theirs."""
LOOKED_AT = (CSV, SUMMARY)
"""Files that name everybody who is in any file of the folder, as texts."""


def daily_report(person: Person, objects: Mapping[str, bytes]) -> list[Rewritten]:
    """The files of one day by their names, in the order in which they are to be written.

    The pages that are checked come last: as long as they name the person, the others may.
    """
    from relay_ops.erasing.tables import table_where  # only where there are failures

    tables = (
        table_where(partial(_is_theirs, person), name, objects[name])
        for name in (WORKBOOK, CSV)
        if objects.get(name)
    )
    return [*(one for one in tables if one), *_page(person, objects)]


def _is_theirs(person: Person, columns: dict[str, Any]) -> bool:
    """Whether a row of all open problems is theirs.

    Where the table does not name the type, a record with an owner is no contact.
    """
    own = {name: cell for name, cell in columns.items() if not name.startswith("relay_")}
    with suppress(ValueError, TypeError):
        own |= dict(json.loads(columns.get(MORE, "{}")))
    has_owner = any(own.get(one) for one in OWNER_COLUMNS)
    type_ = columns.get("relay_type") or ("deal_details" if has_owner else CONTACT_TYPE)
    if person.has_row(type_, {name: _value(cell) for name, cell in own.items()}):
        return True
    is_raw = columns.get("relay_problem") == ITEM_REJECTED
    if is_raw and person.is_record(columns.get("relay_connection", ""), own):
        return True
    told = [columns.get(one, "") for one in TOLD]
    return person.has_record(list(own.values())) or person.has_text(told)


def _value(cell: Any) -> Any:
    """The list that a cell holds as JSON; other cells as they are."""
    if str(cell).startswith("["):
        with suppress(ValueError):
            return json.loads(cell)
    return cell


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
    return [
        Rewritten(PAGE, len(hits), page.encode()),
        Rewritten(SUMMARY, len(hits), json_content(said)),
    ]
