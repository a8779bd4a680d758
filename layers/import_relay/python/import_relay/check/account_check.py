"""Compares the columns of connections.toml with the Mateo account. Called by the check.

It spends a request of the day for each 50 custom fields of the account. Marketing channels cannot
be asked for.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import httpx

from import_relay.connectors.complete_connections import with_defaults
from import_relay.domain.connections import Connection, Mistake, RecordType
from import_relay.domain.errors import ConfigurationError
from import_relay.domain.spelling import did_you_mean
from import_relay.mapping.columns import DOCUMENTED
from import_relay.mapping.expression_types import possible_types

ANSWER_ROWS = 50
"""Rows of one answer at most (Mateo: pagination)."""
MAX_PAGES = 40
ACCOUNT_CHECK_PAUSE_S = 0.5
"""Between two requests: Mateo takes two per second."""
_HOLDS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"string", "number", "boolean"}),
    "datetime": frozenset({"string"}),
    "date": frozenset({"string"}),
    "number": frozenset({"number", "string"}),
    "boolean": frozenset({"boolean", "string"}),
    "string_list": frozenset({"list"}),
}
"""Type of a custom field → the JSON types that can be one."""
_NAMES: Mapping[str, str] = {"text": "string", "list": "string_list"}
"""Type in connections.toml → the account's word for it, where it has another one."""


class CustomField(NamedTuple):
    """A custom field of the account: which records have it, its column and its type."""

    entity: str
    key: str
    type: str


def account_client() -> httpx.Client:
    """A client that sends the token nowhere but to Mateo."""
    return httpx.Client(timeout=10, follow_redirects=False, trust_env=False)


def custom_fields(
    client: httpx.Client, base_url: str, token: str, *, sleep: Callable[[float], None] = time.sleep
) -> list[CustomField]:
    """All custom fields of the account (`GET /custom_field`).

    Raises:
        ConfigurationError: Mateo does not give them; its text holds nothing of the token.
    """
    found: list[CustomField] = []
    for page in range(MAX_PAGES):
        rows = _page(client, base_url, token, page)
        found += [CustomField(*(str(row[name]) for name in CustomField._fields)) for row in rows]
        if len(rows) < ANSWER_ROWS:
            break
        sleep(ACCOUNT_CHECK_PAUSE_S)
    return found


def _page(
    client: httpx.Client, base_url: str, token: str, page: int
) -> Sequence[Mapping[str, object]]:
    parameters = {"select": "entity,key,type", "order": "created_at.asc", "limit": str(ANSWER_ROWS)}
    try:
        answer = client.get(
            f"{base_url.rstrip('/')}/custom_field",
            params=parameters | {"offset": str(page * ANSWER_ROWS)},
            headers={"authorization": f"Bearer {token}"},
        )
        answer.raise_for_status()
        rows = answer.json()
    except httpx.HTTPStatusError as error:
        refused = error.response.status_code in (401, 403)
        reason = "the token is refused" if refused else f"status {error.response.status_code}"
        raise ConfigurationError(f"the account cannot be asked: {reason}") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ConfigurationError(f"the account cannot be asked: {type(error).__name__}") from error
    if isinstance(rows, list) and all(_is_field(row) for row in rows):
        return rows
    raise ConfigurationError("the account cannot be asked: the answer is no list of fields")


def _is_field(row: object) -> bool:
    return isinstance(row, dict) and all(
        isinstance(row.get(name), str) for name in CustomField._fields
    )


def account_mistakes(given: Connection, fields: Sequence[CustomField]) -> Iterator[Mistake]:
    """The columns of a connection that the account does not have, or has with another type."""
    for record_type in with_defaults(given).record_types.values():
        types = {one.key: one.type for one in fields if one.entity == record_type.name}
        for column in record_type.fields:
            what = _wrong_column(record_type, column, types)
            if what:
                yield Mistake(f"{record_type.name}.fields.{column}", what)


def _wrong_column(record_type: RecordType, column: str, types: Mapping[str, str]) -> str:
    if column in DOCUMENTED[record_type.name] or column in record_type.marketing_channels:
        return ""
    if column not in types:
        known = [*types, *DOCUMENTED[record_type.name]]
        channel = (
            "; a marketing channel is named in contact.marketing_channels"
            if record_type.name == "contact"
            else ""
        )
        what = f"is no custom field of the account for a {record_type.name}"
        return f"{what}{did_you_mean(column, known)}{channel}"
    type_ = types[column]
    declared = _declared(record_type, column)
    if type_ == "datetime" and declared is None:
        return f"is a datetime in the account: name it in {record_type.name}.datetimes"
    if declared is not None and type_ in _HOLDS and type_ != declared:
        return f"is a {type_} in the account and no {declared}"
    possible = possible_types(record_type.fields[column])
    if possible and type_ in _HOLDS and not possible & _HOLDS[type_]:
        given = " or ".join(sorted(possible))
        return f"is a {type_} in the account, and the expression gives a {given}"
    return ""


def _declared(record_type: RecordType, column: str) -> str | None:
    """The type that connections.toml says of a custom field, in the account's words."""
    if column in record_type.datetimes:
        return "datetime"
    type_ = record_type.types.get(column)
    return None if type_ is None else _NAMES.get(type_, type_)
