"""Finds a person's contacts in Mateo, and deletes them: a permit and a request of the day each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from import_relay.domain.erased_handles import handle
from relay_ops.erasing.person import Known
from relay_ops.exits import CommandError
from relay_ops.mateo import MateoAccount
from relay_ops.stack import Stack

PATH = "contact_details"
_COLUMNS = {
    "id": ("id",),
    "external_id": ("external_id", "secondary_external_id"),
    "email": ("email",),
    "phone": ("whatsapp", "sms"),
    "instagram": ("instagram",),
    "facebook": ("facebook",),
    "google_business_messaging": ("google_business_messaging",),
}
"""Sort of a handle → the columns in which Mateo has it."""


@dataclass(slots=True)
class MateoContacts:
    """What Mateo holds of a person. `foreign`: contacts with a handle of theirs and another id."""

    ids: list[str] = field(default_factory=list)
    foreign: int = 0


def filters_of(known: Known) -> Iterator[tuple[str, str]]:
    """Column and value of each question that finds a contact of theirs.

    Mateo compares letter by letter: each spelling that was found is asked for.
    """
    plain = {(one, one.partition(":")[2]) for one in known.all()}
    written = {(one, value) for one, value in known.spellings if one in known.all()}
    for one, value in sorted(plain | written):
        sort = one.partition(":")[0]
        for column in _COLUMNS.get(sort, ()) if value.strip() else ():
            yield column, f"+{value}" if sort == "phone" else value


def find_contacts(account: MateoAccount, known: Known) -> MateoContacts:
    """Ask for each id and handle; one that several contacts have is nobody's for certain.

    Raises:
        CommandError: Mateo does not answer or refuses, there is no permit, or a value that should
            be unique is not.
    """
    found = MateoContacts()
    for column, value in filters_of(known):
        wanted = {column: f"eq.{value}", "select": "id,external_id", "limit": "2"}
        rows = account.get(PATH, wanted)
        if len(rows) > 1:
            raise CommandError(
                f"Mateo has several contacts with the same {column}, which is unique. "
                "Nothing was deleted there. Merge or delete them in Mateo by hand."
            )
        for row in rows:
            external_id = row.get("external_id")
            is_named = column in ("id", "external_id", "secondary_external_id")
            is_theirs = is_named or external_id is None or not known.ids
            if is_theirs or handle("external_id", external_id) in known.ids:
                found.ids += [row["id"]] if row["id"] not in found.ids else []
            else:
                found.foreign += 1
    return found


def delete_in_mateo(stack: Stack, known: Known) -> MateoContacts:
    """Delete the contacts that are certainly theirs, each by its id, after a GET found just it."""
    account = MateoAccount(stack)
    found = find_contacts(account, known)
    for contact_id in found.ids:
        try:
            account.delete_contact(contact_id)
        except ValueError as error:
            raise CommandError("Mateo answered with what is no id of a contact.") from error
    return found
