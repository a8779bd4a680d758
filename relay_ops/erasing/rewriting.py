"""Takes a person out of objects of the bucket, and says how often they were in there. Pure.

Lines and rows stay where they are counted, without what says whose they are and with `erased`;
what only holds a record goes. Nothing is changed where the person is not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from import_relay.domain.models import CONTACT_TYPE
from import_relay.domain.report_text import json_content, ndjson_content
from import_relay.report.closing import record_in
from import_relay.submit.loading import ERASED_ITEM
from relay_ops.erasing.person import Person, learn_left_out, learn_row

Line = dict[str, Any]
_IDENTIFYING = ("external_id", "key_digest", "event", "item", "input", "value", "message", "reason")
"""Members of a line that may say whose it is; of the rest, connection, code and times stay."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """An object without the person. `content` None: nothing of it is left. `count`: of places."""

    key: str
    count: int
    content: bytes | None


def stub(line: Mapping[str, Any]) -> Line:
    """A line that still counts, but says nothing of a person."""
    kept = {name: None if name in _IDENTIFYING else value for name, value in line.items()}
    for name in ("what", "detail", "notes"):
        if name in kept:
            kept[name] = _notes(line) if name == "notes" else ""
    return {**kept, "erased": True}


def _notes(line: Mapping[str, Any]) -> list[Line]:
    return [
        {name: value for name, value in note.items() if name in ("field", "code", "count")}
        for note in line.get("notes") or ()
        if isinstance(note, Mapping)
    ]


def frozen_import(person: Person, key: str, content: bytes) -> Rewritten | None:
    """An import as it was frozen: a row of theirs is empty then, and comes from nowhere."""
    body, _, text = content.partition(b"\n")
    sent, rows = json.loads(body), json.loads(text)
    mine = _rows_of(person, sent, rows)
    if not mine:
        return None
    for number in mine:
        learn_row(person.known, sent["type"], sent["payload"][number], rows[number]["key"])
        _learn_items(person, sent["type"], rows[number]["items"])
        sent["payload"][number] = {}
        rows[number] = dict(_NOTHING)
    return Rewritten(key, len(mine), _json(sent) + b"\n" + _json(rows))


def is_erased_in(content: bytes) -> bool:
    """Whether a row of an import was emptied before, so that it names nobody."""
    return _ERASED_ROW in content


def _rows_of(
    person: Person, sent: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    """The numbers of their rows; learns which handles other contacts have as well."""
    mine = []
    for number, (row, kept) in enumerate(zip(sent["payload"], rows, strict=True)):
        if person.has_row(sent["type"], row, kept["key"]):
            mine.append(number)
        elif sent["type"] == CONTACT_TYPE:
            person.learn_other(row)
    return mine


def _learn_items(person: Person, type_: str, items: Iterable[Mapping[str, Any]]) -> None:
    for one in items:
        record = record_in(one.get("item"))
        if type_ == CONTACT_TYPE and record:
            person.known.records.add((one["connection"], record))
        if type_ == CONTACT_TYPE:
            learn_left_out(person.known, one.get("notes", ()))


def report(person: Person, type_: str, objects: Mapping[str, bytes]) -> list[Rewritten]:
    """The files of one report by their names, in the order in which they are to be written.

    The list of rows comes last: as long as it names the person, the others may.
    """
    lines = ndjson(objects.get("rows.ndjson.gz", b""))
    mine = {line["row"] for line in lines if person.has_line(line) and not line.get("erased")}
    found = [
        *_lists(person, objects, lambda line: _is_failure(person, type_, line, mine, lines)),
        *_tables(person, type_, objects),
        *_summary(person, objects.get("summary.json", b"")),
    ]
    raw = objects.get("failures.raw", b"")
    if raw and person.is_named_in(raw):
        found.append(Rewritten("failures.raw", 1, None))
    if mine:
        kept = [stub(line) if line["row"] in mine else line for line in lines]
        found.append(Rewritten("rows.ndjson.gz", len(mine), ndjson_content(kept)))
    return found


def _is_failure(
    person: Person, type_: str, line: Line, mine: set[int], rows: Sequence[Line]
) -> bool:
    """Whether a line of failures or left-out values is about one of the rows of theirs."""
    if line.get("row") in mine:
        return True
    sent = line.get("input")
    if isinstance(sent, dict) and sent:
        return person.has_row(type_, sent)
    item_ids = {one.get("item_id") for one in line.get("items") or ()}
    if any(item_ids & set(rows[number].get("item_ids", ())) for number in mine):
        return True
    return person.has_line({"type": type_, "external_id": line.get("external_id")})


def _lists(
    person: Person, objects: Mapping[str, bytes], is_theirs: Callable[[Line], bool]
) -> list[Rewritten]:
    found = []
    for name in ("failures.ndjson", "left_out.ndjson"):
        lines = ndjson(objects.get(name, b""))
        hits = [one for one in lines if not one.get("erased") and is_theirs(one)]
        mentions = [one for one in lines if one not in hits and _mentions(person, one)]
        if hits or mentions:
            kept = [_cleaned(one, hits, mentions) for one in lines]
            found.append(Rewritten(name, len(hits) + len(mentions), ndjson_content(kept)))
    return found


def _mentions(person: Person, line: Line) -> bool:
    """Whether Mateo's message names them, as it does where a handle is taken."""
    return not line.get("erased") and person.has_text(line.get("message") or "")


def _cleaned(line: Line, hits: Sequence[Line], mentions: Sequence[Line]) -> Line:
    if line in hits:
        return stub(line)
    return {**line, "message": ""} if line in mentions else line


def _tables(person: Person, type_: str, objects: Mapping[str, bytes]) -> list[Rewritten]:
    from relay_ops.erasing.tables import table_without  # only where there are failures

    names = ("failures.csv", "failures.xlsx", "left_out.csv", "left_out.xlsx")
    found = (
        table_without(person, name, objects[name], type_) for name in names if objects.get(name)
    )
    return [one for one in found if one]


def _summary(person: Person, content: bytes) -> list[Rewritten]:
    """Mateo's hints and the list of moved handles name contacts."""
    if not content:
        return []
    said, count = json.loads(content), 0
    for one in (said.get("taken_handles") or {}).get("first", ()):
        if person.has_text([one.get("external_id"), one.get("taken_from"), one.get("hint")]):
            one.update(external_id=None, taken_from=None, hint=None)
            count += 1
    hints = said.get("hints")
    if isinstance(hints, list):
        kept = [None if person.has_text(one) else one for one in hints]
        count += sum(one is None for one in kept) - sum(one is None for one in hints)
        said["hints"] = kept
    elif hints and person.has_text(hints):
        said["hints"], count = None, count + 1
    return [Rewritten("summary.json", count, json_content(said))] if count else []


def batch(person: Person, objects: Mapping[str, bytes]) -> list[Rewritten]:
    """What ended without an import, by prefix: `rejected`, `outcomes`, and `items`, which is last.

    Items go, since a replay would put them back; the other lines stay and count.
    """
    lists = {name: ndjson(objects.get(name, b"")) for name in ("rejected", "outcomes")}
    items = ndjson(objects.get("items", b""))
    known = {line["item_id"]: line for lines in lists.values() for line in lines}
    mine = {
        item_id
        for item_id, line in known.items()
        if not line.get("erased") and (person.has_line(line) or person.has_record(line.get("item")))
    }
    mine |= {_item_id(one) for one in items if _has_item(person, one, known)}
    found = []
    for name, lines in lists.items():
        hits = [one for one in lines if one["item_id"] in mine and not one.get("erased")]
        if hits:
            kept = [stub(one) if one in hits else one for one in lines]
            found.append(Rewritten(name, len(hits), ndjson_content(kept)))
    kept_items = [one for one in items if _item_id(one) not in mine]
    if len(kept_items) < len(items):
        content = b"\n".join(map(_json, kept_items))
        found.append(Rewritten("items", len(items) - len(kept_items), content))
    return found


def _item_id(one: Mapping[str, Any]) -> str:
    attempt = f"~{one['attempt']}" if one.get("attempt") else ""
    return f"{one['delivery']}/{one['n']}{attempt}"


def _has_item(person: Person, one: Mapping[str, Any], known: Mapping[str, Line]) -> bool:
    if person.has_record(one.get("item")):
        return True
    type_ = known.get(_item_id(one), {}).get("type")
    return type_ in (None, CONTACT_TYPE) and person.is_record(one["connection"], one.get("item"))


def single_record(person: Person, key: str, content: bytes) -> Rewritten | None:
    """An object that is one record, or one delivery that nobody could read: all of it goes."""
    if key.startswith("quarantine/"):
        said = json.loads(content)
        body = base64.b64decode(said.get("body_base64", ""))
        return Rewritten(key, 1, None) if person.is_named_in(body) else None
    if content == ERASED_ITEM:
        return None
    item = json.loads(content)
    is_theirs = person.has_record(item) or person.has_any_record(item)
    return Rewritten(key, 1, ERASED_ITEM) if is_theirs else None


def ndjson(content: bytes) -> list[Line]:
    """The lines of an object, uncompressed."""
    return [json.loads(line) for line in content.splitlines() if line]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_NOTHING: Mapping[str, object] = {"key": "", "claims": [], "items": []}
_ERASED_ROW = _json(_NOTHING)
