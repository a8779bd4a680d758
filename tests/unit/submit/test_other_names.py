"""One person under two keys, and records that their CRM knows by another id than Mateo."""

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from import_relay.domain.models import Claim, ItemOutcome, MappedChange, Outcome, Row, Watermark
from import_relay.domain.notes import Note
from import_relay.mapping.keys import record_key
from import_relay.mapping.row_texts import row_text
from import_relay.storage.entries import Standing, State
from import_relay.storage.pause import PauseState
from import_relay.storage.watermarks import stored_key
from import_relay.submit.claims import Claims, read_claims
from import_relay.submit.freshness import FIRST_TIME
from import_relay.submit.merging import MergeResult, merge_changes
from import_relay.submit.other_names import (
    HANDLES_KNOWN,
    alias,
    handle_names,
    name_at_crm,
    with_names,
)
from import_relay.submit.progress import BatchProgress
from tests.support.builders import CONTACTS, occurrence

EMAIL = "ada@example.com"
BY_ID, BY_EMAIL = "contact_details#external_id:1", f"contact_details#email:{EMAIL}"
BY_NUMBER = "contact_details#whatsapp:+4915112345678"
OLD, NEW = FIRST_TIME + 1, FIRST_TIME + 2
Unfinished = Callable[[str], bool]


def said(columns: Mapping[str, object], version: int = OLD, *notes: Note) -> MappedChange:
    """What the connection `erp` says of a contact."""
    key = record_key(CONTACTS.type, columns)
    text = row_text(columns)
    return MappedChange(occurrence(), key, version, False, columns, text, CONTACTS, notes)


def by_id(version: int = OLD) -> MappedChange:
    return said({"external_id": "1", "email": EMAIL, "city": "Ulm"}, version)


def by_email(version: int = OLD) -> MappedChange:
    return said({"email": EMAIL, "city": "Bonn"}, version)


def claimed(version: int, connection: str = "erp") -> Watermark:
    return Watermark({"*": Claim(version, "e", "d0/0", "r1", connection=connection)})


def row(change: MappedChange) -> Row:
    return Row(change.key, change.text, change.options, (change,), {})


class Table:
    """The watermarks, in memory."""

    def __init__(self, items: Mapping[str, Watermark]) -> None:
        self.items = {stored_key(key): one for key, one in items.items()}
        self.asked: set[str] = set()

    def read(self, keys: Iterable[str]) -> dict[str, Watermark]:
        asked = set(keys)
        self.asked |= asked
        return {key: self.items[stored_key(key)] for key in asked if stored_key(key) in self.items}


def read(
    items: Mapping[str, Watermark], *changes: MappedChange, names: Iterable[str] = ()
) -> tuple[Claims, set[str]]:
    """What is known of the records of these changes, and which keys were asked for."""
    table: Any = Table(items)
    ledger: Any = SimpleNamespace(states=lambda _: {"r1": Standing(State.FINISHED)})
    return read_claims(changes, names, table, ledger, clock=lambda: 0.0), table.asked


def merged(
    change: MappedChange, other: Watermark, *, is_unfinished: Unfinished = lambda _: False
) -> MergeResult:
    return merge_changes(
        [change],
        {},
        is_unfinished=is_unfinished,
        was_never_created=lambda _: False,
        of_person=lambda _: tuple(other.claims.items()),
    )


# ------------------------------------------------------------ names and what is stored of them


def test_the_names_of_a_contact_are_its_handles_but_not_its_key() -> None:
    columns = {"external_id": "1", "email": EMAIL.upper(), "whatsapp": ["+4915112345678"]}

    assert list(handle_names(said(columns))) == [BY_EMAIL, BY_NUMBER]
    assert list(handle_names(by_email())) == []


def test_a_handle_that_a_contact_does_not_keep_is_no_name_of_it() -> None:
    note = Note("value.shared_handle", "email", EMAIL, "F2 came last with it")

    assert list(handle_names(said({"external_id": "1", "email": EMAIL}, OLD, note))) == []


@pytest.mark.parametrize("key", [BY_EMAIL, BY_NUMBER, alias(BY_EMAIL)])
def test_the_table_has_no_handle_in_plain_text(key: str) -> None:
    stored = stored_key(key)

    assert EMAIL not in stored
    assert "49151" not in stored
    assert stored_key(stored) == stored


@pytest.mark.parametrize(
    "key",
    [
        BY_ID,
        "contact_details#secondary_external_id:7",
        "deal_details#external_id:a#email:b",
        HANDLES_KNOWN,
        alias(name_at_crm("crm", "Contacts", "7")),
    ],
)
def test_ids_are_stored_as_they_are(key: str) -> None:
    assert stored_key(key) == key


def test_rows_have_names_only_while_there_are_contacts_without_an_id() -> None:
    rows = [row(by_id())]

    assert with_names(rows, handles_known=False) == rows
    assert with_names(rows, handles_known=True)[0].names == (BY_EMAIL,)


def test_the_id_at_the_crm_is_a_name_whatever_is_known_of_handles() -> None:
    crm_name = name_at_crm("crm", "Contacts", "7")
    fetched = by_id()._replace(crm_name=crm_name)

    assert with_names([row(fetched)], handles_known=False)[0].names == (crm_name,)


# ------------------------------------------------------------ what is read


def test_without_contacts_by_handle_no_handle_is_asked_for() -> None:
    claims, asked = read({BY_EMAIL: claimed(NEW)}, by_id())

    assert asked == {BY_ID, HANDLES_KNOWN}
    assert not claims.handles_known
    assert not claims.of_person(BY_ID)


def test_a_contact_with_an_id_has_the_claims_of_its_handles() -> None:
    claims, _ = read({HANDLES_KNOWN: Watermark({}), BY_EMAIL: claimed(NEW)}, by_id())

    assert claims.of_person(BY_ID) == list(claimed(NEW).claims.items())


def test_a_contact_without_an_id_has_the_claims_of_the_record_that_names_its_handle() -> None:
    stored = {alias(BY_EMAIL): Watermark({}, owner=BY_ID), BY_ID: claimed(NEW)}
    claims, _ = read(stored, by_email())

    assert claims.of_person(BY_EMAIL) == list(claimed(NEW).claims.items())
    assert claims.handles_known


def test_a_deleted_record_ends_with_its_import_whatever_its_id_in_mateo_is() -> None:
    name = alias(name_at_crm("crm", "Contacts", "7"))
    stored = {name: Watermark({}, owner=BY_ID), BY_ID: claimed(NEW)}
    claims, _ = read(stored, names=[name])
    deleted = ItemOutcome(occurrence(delivery="d0"), Outcome.IGNORED, "deleted")

    assert claims.without_imported([deleted], {"d0/0": [name]}) == []


# ------------------------------------------------------------ what it means


def test_a_person_waits_while_an_import_under_another_key_is_open() -> None:
    result = merged(by_id(NEW), claimed(OLD), is_unfinished=lambda reference: reference == "r1")

    assert (len(result.blocked), result.rows) == (1, [])


def test_an_older_change_under_another_key_is_superseded() -> None:
    assert [one.outcome for one in merged(by_id(OLD), claimed(NEW)).outcomes] == [
        Outcome.SUPERSEDED
    ]


@pytest.mark.parametrize(
    ("change", "other"),
    [
        (by_id(NEW), claimed(OLD)),
        (by_id(OLD), claimed(NEW, connection="another")),
        (by_id(1), claimed(2)),
    ],
    ids=["a newer one", "of another connection", "versions that count up"],
)
def test_what_cannot_be_called_older_is_imported(change: MappedChange, other: Watermark) -> None:
    assert len(merged(change, other).rows) == 1


def test_a_whole_record_leaves_out_a_column_that_is_newer_under_another_key() -> None:
    newer = Watermark({"city": claimed(NEW).claims["*"]})
    (sent,) = merged(by_id(OLD), newer).rows

    assert b"Ulm" not in sent.text
    assert EMAIL.encode() in sent.text


@pytest.mark.parametrize("later", [by_id(), by_email()])
def test_a_person_in_an_import_of_the_batch_is_recognised_under_another_key(
    later: MappedChange,
) -> None:
    earlier = by_email() if later.key == BY_ID else by_id()
    named = with_names([row(earlier), row(later)], handles_known=True)
    progress = BatchProgress(PauseState(), first_of_day=False)
    assert not progress.has_person(named[1])

    progress.remember(named[:1])

    assert progress.has_person(named[1])


def test_a_family_with_one_address_is_not_one_person() -> None:
    rows = [row(said({"external_id": str(n), "email": EMAIL})) for n in range(2)]
    named = with_names(rows, handles_known=True)
    progress = BatchProgress(PauseState(), first_of_day=False)
    progress.remember(named[:1])

    assert not progress.has_person(named[1])
