"""The imports that the fake of the Import API keeps: their bodies, rows and results.

Bodies are read and rows fail as in `mateo_emulator`, with its codes and texts. There are two more
markers: a row whose `city` is `FAIL` fails, and one whose `city` is `REFUSE` has the whole POST
refused.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn

from tests.simulation.mateo_failures import normalised

TYPES = ("contact_details", "deal_details", "appointment_details")
HANDLES = ("email", "whatsapp", "sms", "instagram", "facebook", "google_business_messaging")
_BODY_KEYS = frozenset((
    "type", "payload", "contact_list_id", "contact_list_external_id", "allow_deal_reassignment",
    "allow_appointment_reassignment", "reference_id",
))  # fmt: skip
MICROSECONDS = 1_000_000
OVER_QUOTA = ("429", "the day's limit of entities is reached")


class ApiError(Exception):
    """A request that is refused with `{code, message, hint, status}`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.content = {"code": code, "message": message, "hint": None, "status": status}


@dataclass(slots=True, eq=False)
class StoredImport:
    """One import.

    Facts for a checker: `body` as it was posted, `created_at` and `finished_at` by the true time,
    `failures` with their rows' numbers, `done_rows`: how many rows were applied or have failed,
    `within`: how many are within the day's limit.
    `created_us` is by Mateo's clock; the other fields say how Mateo shows the import.
    """

    id: str
    type: str
    payload: Sequence[Any]
    body: bytes
    created_at: float
    created_us: int
    columns: dict[str, Any]
    finished_at: float = math.inf
    failures: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    done_rows: int = 0
    within: int = 1_000_000
    visible_at: float = 0.0
    counts_late: bool = False
    hides_payload: bool = False
    has_links: bool = False
    links_host: str = ""
    has_flaky_links: bool = False
    is_normalised: bool = False
    is_of_others: bool = False
    links_end_at: float = math.inf
    """From then on links are given out expired; flaky links are at any time, by chance."""

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.payload)

    @property
    def cut(self) -> Sequence[Any]:
        """The rows that were over the day's limit."""
        return self.payload[self.within :]

    @property
    def shown_payload(self) -> Sequence[Any]:
        """The rows as Mateo shows them: in some runs with other values and one more column."""
        if not self.is_normalised:
            return self.payload
        return [normalised(row) for row in self.payload]

    @property
    def is_finished(self) -> bool:
        """Whether all rows are applied or failed, and counted."""
        return self.finished_at < math.inf

    @property
    def reference_id(self) -> str | None:
        """The relay's own reference, if it sent one."""
        reference: str | None = self.columns["reference_id"]
        return reference

    def count(self, total: int, succeeded: int | None, failed: int | None) -> None:
        """Show these counts."""
        self.columns.update(total_count=total, success_count=succeeded, failed_count=failed)


class Applied(NamedTuple):
    """A row of an import that became a record: when, of which import, and the row."""

    at: float
    import_id: str
    type: str
    external_id: str
    row: Mapping[str, Any]


class Records:
    """Contacts, deals and appointments."""

    def __init__(self) -> None:
        self.applied: list[Applied] = []
        self._contacts: set[str] = set()
        self._owners: dict[tuple[str, str], str] = {}

    def apply(self, one: StoredImport, rows: int, now: float) -> None:
        """Process the next `rows` rows of an import."""
        part = one.payload[one.done_rows : one.done_rows + rows]
        for number, row in enumerate(part, one.done_rows):
            failure = self._failure(one, row) if number < one.within else OVER_QUOTA
            if failure:
                code, message = failure
                entry = {"code": code, "message": message, "input": row}
                one.failures.append((number, entry))
                continue
            external_id = row.get("external_id")
            if one.type == "contact_details":
                self._contacts.add(external_id)
            elif external_id is not None and row.get("contact_external_id") is not None:
                self._owners[one.type, external_id] = row["contact_external_id"]
            self.applied.append(Applied(now, one.id, one.type, str(external_id), row))
        one.done_rows = min(one.done_rows + rows, one.rows)

    def _failure(self, one: StoredImport, row: Any) -> tuple[str, str] | None:
        """Code and message of a row that fails; else None."""
        if not isinstance(row, dict):
            return "22023", "a row must be an object"
        if row.get("city") == "FAIL":
            return "23502", 'null value in column "city" violates not-null constraint'
        if one.type != "contact_details":
            return self._without_contact(one, row)
        if row.get("external_id") is None and not any(row.get(name) for name in HANDLES):
            return "23514", "a contact needs an external_id or a handle"
        return None

    def _without_contact(self, one: StoredImport, row: Mapping[str, Any]) -> tuple[str, str] | None:
        """The same for a deal or an appointment; `23503` is over once its contact is there."""
        table = one.type.removesuffix("_details")
        contact = row.get("contact_external_id")
        if contact is not None and contact not in self._contacts:
            constraint = "violates foreign key constraint (contact_external_id)"
            return "23503", f'insert or update on table "{table}" {constraint}'
        owner = self._owners.get((one.type, row.get("external_id", "")))
        if owner is None and contact is None:
            return "23502", f'null value in column "contact_id" of relation "{table}"'
        flag = f"allow_{table}_reassignment"
        if None in (owner, contact) or owner == contact or one.columns[flag]:
            return None
        return "23514", f"{table} belongs to another contact and {flag} is not set"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_decode = json.JSONDecoder(parse_constant=_no_constant).decode


def read_body(body: bytes, contact_lists: Sequence[str]) -> dict[str, Any]:
    """The columns of a new import; `payload` is a list.

    Raises:
        ApiError: nothing is created.
    """
    try:
        document = _decode(body.decode())
    except ValueError as error:
        raise ApiError(400, "PGRST102", "Empty or invalid json") from error
    if not isinstance(document, dict):
        raise ApiError(400, "PGRST102", "All object keys must match")
    if not document.keys() <= _BODY_KEYS:
        key = min(document.keys() - _BODY_KEYS)
        message = f"Could not find the '{key}' column of 'import' in the schema cache"
        raise ApiError(400, "PGRST204", message)
    _check_type(document.get("type"))
    payload = document.get("payload")
    if not isinstance(payload, list):
        raise ApiError(400, "23514", "payload is no array")
    if b'"REFUSE"' in body and any(_is_refused(row) for row in payload):
        raise ApiError(422, "22P02", "invalid input in payload")
    for name in ("contact_list_id", "contact_list_external_id"):
        if document.get(name) is not None and document[name] not in contact_lists:
            raise ApiError(409, "23503", f'"import" violates foreign key constraint ({name})')
    return document


def _check_type(value: object) -> None:
    if value is None:
        raise ApiError(400, "23502", 'null value in column "type" of relation "import"')
    if value not in TYPES:
        raise ApiError(400, "22P02", f'invalid input value for enum public.import_type: "{value}"')


def _is_refused(row: object) -> bool:
    return isinstance(row, dict) and row.get("city") == "REFUSE"


def columns_of(document: Mapping[str, Any], import_id: str, created_us: int) -> dict[str, Any]:
    """The columns of a new import, except those that are made when it is shown."""
    timestamp = datetime.fromtimestamp(created_us / MICROSECONDS, UTC)
    return {
        "id": import_id,
        "created_at": timestamp.isoformat(timespec="microseconds"),
        "organisation_id": "00000000-0000-4000-8000-000000000000",
        "type": document["type"],
        "contact_list_id": document.get("contact_list_id"),
        "contact_list_external_id": document.get("contact_list_external_id"),
        "allow_deal_reassignment": document.get("allow_deal_reassignment"),
        "allow_appointment_reassignment": document.get("allow_appointment_reassignment"),
        "total_count": None,
        "success_count": None,
        "failed_count": None,
        "reference_id": document.get("reference_id"),
        "hints": None,
    }
