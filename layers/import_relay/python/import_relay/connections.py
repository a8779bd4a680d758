"""Which CRMs are connected and how their fields map: reads connections.toml for every function.

`python -m import_relay.connections FILE` checks the file and names every mistake. Plain dataclasses
and tomllib: the receiver loads this at each start and must not pay for more.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from import_relay.errors import ConfigurationError

RecordTypeName = Literal["contact", "deal", "appointment"]
RECORD_TYPES: tuple[RecordTypeName, ...] = get_args(RecordTypeName)

KINDS: Mapping[str, str] = {
    "activecampaign": "import_relay.sources.activecampaign",
    "attio": "import_relay.sources.attio",
    "calcom": "import_relay.sources.calcom",
    "calendly": "import_relay.sources.calendly",
    "close": "import_relay.sources.close",
    "cloudevents": "import_relay.sources.cloudevents",
    "dataverse": "import_relay.sources.dataverse",
    "hubspot": "import_relay.sources.hubspot",
    "hubspot_workflow": "import_relay.sources.hubspot_workflow",
    "json": "import_relay.sources.json_records",
    "pipedrive": "import_relay.sources.pipedrive",
    "salesforce_cdc": "import_relay.sources.salesforce_cdc",
    "salesforce_flow": "import_relay.sources.salesforce_flow",
    "salesforce_outbound": "import_relay.sources.salesforce_outbound",
    "shopify": "import_relay.sources.shopify",
    "standard_webhooks": "import_relay.sources.standard_webhooks",
    "zoho": "import_relay.sources.zoho",
}
"""Kind of connection → the module that knows it."""

MAPPED_BY_HAND = frozenset({"cloudevents", "json", "salesforce_flow", "standard_webhooks"})
"""Kinds whose records may look like anything: they have no default mapping."""


@dataclass(frozen=True, slots=True)
class RecordType:
    """How one type of record of a connection becomes rows. Expressions are JMESPath texts.

    In connections.toml it may be incomplete: `sources.with_defaults` adds what its kind maps by
    default. A column with an empty expression is not mapped, whatever the default.
    `datetimes` names custom fields that hold a date and time; the documented columns are known.
    `clears` names columns that an empty value clears in Mateo; elsewhere it leaves them untouched.
    """

    name: RecordTypeName
    fields: Mapping[str, str]
    version: str | None = None
    when: str | None = None
    country_codes: tuple[str, ...] = ()
    datetimes: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    contact_list_id: str | None = None
    contact_list_external_id: str | None = None
    phones: Literal["check", "pass"] = "check"
    allow_reassignment: bool | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One CRM. `options` are the settings that only its kind understands."""

    name: str
    kind: str
    options: Mapping[str, str] = field(default_factory=dict)
    record_types: Mapping[str, RecordType] = field(default_factory=dict)


def load_connections(path: str | Path) -> dict[str, Connection]:
    """Read connections.toml.

    Raises:
        ConfigurationError: names each connection, key and mistake, one per line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({type(error).__name__})") from error
    return parse_connections(text, file=str(path))


def parse_connections(text: str, *, file: str = "connections.toml") -> dict[str, Connection]:
    """Parse the text of connections.toml; errors as in `load_connections`."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: {error}") from error
    mistakes: list[str] = []
    found: dict[str, Connection] = {}
    for name, table in tables.items():
        reader = _TableReader(name, mistakes)
        connection = reader.connection(table)
        if connection is not None:
            found[name] = connection
    if mistakes:
        raise ConfigurationError("\n".join(f"{file}: {mistake}" for mistake in mistakes))
    return found


class _TableReader:
    """Reads one connection's table and collects its mistakes instead of stopping at the first."""

    def __init__(self, name: str, mistakes: list[str]) -> None:
        self._name = name
        self._mistakes = mistakes
        self._has_defaults = False

    def _wrong(self, key: str, what: str) -> None:
        self._mistakes.append(f"connection {self._name!r}, key {key!r}: {what}")

    def connection(self, table: object) -> Connection | None:
        if not isinstance(table, dict):
            self._wrong(self._name, f"must stand in a table, e.g. [{self._name}]")
            return None
        if not self._name.replace("-", "").replace("_", "").isalnum() or not self._name.isascii():
            self._wrong(self._name, "a name is made of letters, digits, '-' and '_'")
        kind = table.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            self._wrong("kind", f"must be one of {', '.join(sorted(KINDS))}, not {kind!r}")
            return None
        self._has_defaults = kind not in MAPPED_BY_HAND
        record_types: dict[str, RecordType] = {
            name: self._record_type(name, table[name]) for name in RECORD_TYPES if name in table
        }
        if not record_types and kind in MAPPED_BY_HAND:
            self._wrong("contact", f"needs a table for at least one of {', '.join(RECORD_TYPES)}")
        options = {}
        for key, value in table.items():
            if key == "kind" or key in RECORD_TYPES:
                continue
            if isinstance(value, str):
                options[key] = value
            else:
                self._wrong(key, "is neither a record type nor an option; options are texts")
        return Connection(self._name, kind, options, record_types)

    def _record_type(self, name: RecordTypeName, table: object) -> RecordType:
        if not isinstance(table, dict):
            self._wrong(name, "must be a table")
            return RecordType(name, {})
        known = {
            "fields": self._fields(name, table.get("fields")),
            "version": self._text(name, table, "version"),
            "when": self._text(name, table, "when"),
            "country_codes": self._country_codes(name, table.get("country_codes", [])),
            "datetimes": self._columns(name, "datetimes", table.get("datetimes", [])),
            "clears": self._columns(name, "clears", table.get("clears", [])),
            "contact_list_id": self._text(name, table, "contact_list_id"),
            "contact_list_external_id": self._text(name, table, "contact_list_external_id"),
            "phones": self._phones(name, table.get("phones", "check")),
            "allow_reassignment": self._reassignment(name, table.get("allow_reassignment")),
        }
        for key in table.keys() - known.keys():
            self._wrong(f"{name}.{key}", f"is not known; known are {', '.join(known)}")
        for key in ("contact_list_id", "contact_list_external_id"):
            if known[key] and name != "contact":
                self._wrong(f"{name}.{key}", "is for contacts only")
        if known["contact_list_id"] and known["contact_list_external_id"]:
            self._wrong(f"{name}.contact_list_id", "give the list by one id, not by both")
        return RecordType(name=name, **known)  # type: ignore[arg-type]  # checked one by one above

    def _text(self, name: str, table: Mapping[str, object], key: str) -> str | None:
        value = table.get(key)
        if value is None or (isinstance(value, str) and value):
            return value
        self._wrong(f"{name}.{key}", "must be a text")
        return None

    def _fields(self, name: str, value: object) -> Mapping[str, str]:
        if value is None and self._has_defaults:
            return {}
        if not isinstance(value, dict) or not (value or self._has_defaults):
            self._wrong(f"{name}.fields", "needs a table of column = 'expression'")
            return {}
        for column, expression in value.items():
            if not isinstance(expression, str) or not (expression or self._has_defaults):
                self._wrong(f"{name}.fields.{column}", "must be a JMESPath expression (a text)")
        return {column: text for column, text in value.items() if isinstance(text, str)}

    def _country_codes(self, name: str, value: object) -> tuple[str, ...]:
        if isinstance(value, list) and all(
            isinstance(code, str) and len(code) == 2 and code.isascii() and code.isupper()
            for code in value
        ):
            return tuple(value)
        self._wrong(f"{name}.country_codes", "must list ISO 3166 codes, e.g. ['DE', 'AT']")
        return ()

    def _columns(self, name: str, key: str, value: object) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(column, str) for column in value):
            return tuple(value)
        self._wrong(f"{name}.{key}", "must list columns, e.g. ['last_contacted_at']")
        return ()

    def _phones(self, name: str, value: object) -> str:
        if value not in ("check", "pass"):
            self._wrong(f"{name}.phones", f"must be 'check' or 'pass', not {value!r}")
        return cast(str, value)

    def _reassignment(self, name: str, value: object) -> bool | None:
        if value is None or (isinstance(value, bool) and name != "contact"):
            return value
        self._wrong(f"{name}.allow_reassignment", "is true or false, for deal and appointment only")
        return None


def check(path: str | Path) -> Iterator[str]:
    """Everything that is wrong with the file, expressions and kinds' own options included."""
    from import_relay.records.mapping import mapping_mistakes  # late: the receiver does not map
    from import_relay.sources import source_for, with_defaults

    try:
        connections = load_connections(path)
    except ConfigurationError as error:
        yield from error.detail.splitlines()
        return
    for given in connections.values():
        connection = with_defaults(given)
        for key, what in source_for(connection.kind).check_options(connection):
            yield f"{path}: connection {connection.name!r}, key {key!r}: {what}"
        for key, what in mapping_mistakes(connection):
            yield f"{path}: connection {connection.name!r}, key {key!r}: {what}"


def main(arguments: list[str]) -> int:
    """`python -m import_relay.connections FILE`: 0 when the file is right, 1 with its mistakes."""
    if len(arguments) != 1:
        print("usage: python -m import_relay.connections FILE", file=sys.stderr)
        return 2
    mistakes = list(check(arguments[0]))
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    if not mistakes:
        print(f"{arguments[0]}: {', '.join(load_connections(arguments[0]))}")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
