"""Which CRMs are connected and how their fields map: reads connections.toml for every function.

A connection is the unit of failure: one with a mistake is loaded with it, and the others as ever.
`check_connections` names every mistake of the file before it is deployed. Plain dataclasses and
tomllib: the receiver loads this at each start and must not pay for more.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

from import_relay.domain.spelling import did_you_mean
from import_relay.domain.toml_tables import read_tables, read_text

RecordTypeName = Literal["contact", "deal", "appointment"]
AmbiguousPhones = Literal["leave_out", "prefer_mobile", "first_country"]
SharedHandles = Literal["last_takes", "first_keeps", "leave_out"]
RECORD_TYPES: tuple[RecordTypeName, ...] = get_args(RecordTypeName)

VALUE_TYPES = ("text", "number", "boolean", "date", "datetime", "list")
"""What a custom field may hold."""
MAX_PREFIX = 50
"""Characters of an `id_prefix`: own limit, since it stands in every row."""
_IDS = ("id_prefix", "same_ids_as")
OF_ALL_KINDS = ("kind", "time_zone", "entities_per_day", *RECORD_TYPES, *_IDS)
"""Keys that every connection may have, whatever its kind."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class RecordType:
    """How one type of record of a connection becomes rows. Expressions are JMESPath texts.

    In connections.toml it may be incomplete: `with_defaults` adds what its kind maps by default. A
    column with an empty expression is not mapped, whatever the default.
    `datetimes` names custom fields that hold a date and time; the documented columns are known.
    `custom_fields` and `marketing_channels` name columns that are the account's own; `types` has
    the types of those custom fields that are declared with one. `required` names columns without
    which no record is imported. `time_zone` is that of times without one; None: UTC, and a date
    is the day as it is written. `id_prefix` is its connection's, by `with_defaults`.
    `clears` names columns that an empty value clears in Mateo; elsewhere it leaves them untouched.
    """

    name: RecordTypeName
    fields: Mapping[str, str]
    version: str | None = None
    when: str | None = None
    country_codes: tuple[str, ...] = ()
    datetimes: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    custom_fields: tuple[str, ...] = ()
    marketing_channels: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    time_zone: str | None = None
    contact_list_id: str | None = None
    contact_list_external_id: str | None = None
    phones: Literal["check", "pass"] = "check"
    ambiguous_phones: AmbiguousPhones = "leave_out"
    restore_leading_zero: bool = False
    shared_handles: SharedHandles = "last_takes"
    allow_reassignment: bool | None = None
    id_prefix: str = ""


class Mistake(NamedTuple):
    """What is wrong with a connection: the dotted key within its table ("": all of it), and what.

    `receiving`: it leaves open how the connection's sender authenticates itself.
    """

    key: str
    what: str
    receiving: bool = False

    def __str__(self) -> str:
        return f"key {self.key!r}: {self.what}" if self.key else self.what


@dataclass(frozen=True, slots=True)
class Connection:
    """One CRM. `options` are the settings that only its kind understands.

    `id_prefix` stands before the ids of its records; with `same_ids_as` it is that of the
    connection whose ids these are as well. `mistakes`: what is wrong with its table. A connection
    that has any is disabled. `time_zone` holds for record types that name none. `entities_per_day`:
    rows of it that are imported on one day at most, None if only the account's limit holds.
    """

    name: str
    kind: str
    options: Mapping[str, str] = field(default_factory=dict)
    record_types: Mapping[str, RecordType] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    id_prefix: str = ""
    same_ids_as: str = ""
    time_zone: str | None = None
    entities_per_day: int | None = None


def load_connections(path: str | Path) -> dict[str, Connection]:
    """Read connections.toml; connections with mistakes carry them.

    Raises:
        ConfigurationError: the file cannot be read at all.
    """
    return parse_connections(read_text(path))


def parse_connections(text: str) -> dict[str, Connection]:
    """Every connection of the text of connections.toml, each with its mistakes."""
    tables, broken = read_tables(text)
    found = {name: _TableReader(name).connection(table) for name, table in tables.items()}
    for name, what in broken.items():
        mistake = Mistake("", what, receiving=True)
        known = found.get(name, Connection(name, ""))
        found[name] = replace(known, mistakes=(mistake, *known.mistakes))
    return {name: _with_shared_ids(connection, found) for name, connection in found.items()}


def _with_shared_ids(connection: Connection, found: Mapping[str, Connection]) -> Connection:
    """The connection with the prefix of the one whose ids it shares."""
    if not connection.same_ids_as:
        return connection
    other = found.get(connection.same_ids_as)
    if other is None:
        what = f"names no connection{did_you_mean(connection.same_ids_as, found)}"
    elif other is connection:
        what = "names the connection itself"
    elif other.same_ids_as:
        what = f"name the one whose ids {other.name!r} has: {other.same_ids_as!r}"
    elif any(one.key in ("", *_IDS) for one in other.mistakes):
        what = f"the ids of {other.name!r} are not known: see its mistakes"
    else:
        return replace(connection, id_prefix=other.id_prefix)
    return replace(connection, mistakes=(*connection.mistakes, Mistake("same_ids_as", what)))


class _TableReader:
    """Reads one connection's table and collects its mistakes instead of stopping at the first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._mistakes: list[Mistake] = []

    def _wrong(self, key: str, what: str, *, receiving: bool = False) -> None:
        self._mistakes.append(Mistake(key, what, receiving))

    def connection(self, table: object) -> Connection:
        name = self._name
        if not isinstance(table, dict):
            self._wrong("", f"must stand in a table, e.g. [{name}]", receiving=True)
            return Connection(name, "", mistakes=tuple(self._mistakes))
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            self._wrong("", "a name is made of letters, digits, '-' and '_'", receiving=True)
        kind = table.get("kind", "")
        if not isinstance(kind, str):
            kind = repr(kind)
        record_types: dict[str, RecordType] = {
            name: self._record_type(name, table[name]) for name in RECORD_TYPES if name in table
        }
        options = self._options(table)
        prefix, same = self._ids(table)
        zone = self._text("", table, "time_zone")
        a_day = self._entities_per_day(table)
        mistakes = tuple(self._mistakes)
        return Connection(name, kind, options, record_types, mistakes, prefix, same, zone, a_day)

    def _entities_per_day(self, table: Mapping[str, object]) -> int | None:
        value = table.get("entities_per_day")
        if value is None or (type(value) is int and value > 0):
            return value
        self._wrong("entities_per_day", f"must be a whole number above 0, not {value!r}")
        return None

    def _ids(self, table: Mapping[str, object]) -> tuple[str, str]:
        """The prefix of the ids, and whose ids they are as well; "" where it does not say."""
        prefix, same = table.get("id_prefix", ""), table.get("same_ids_as", "")
        if not isinstance(prefix, str) or prefix != prefix.strip() or len(prefix) > MAX_PREFIX:
            what = f"must be a text of at most {MAX_PREFIX} characters, e.g. 'erp-', or ''"
            self._wrong("id_prefix", what)
            prefix = ""
        if not isinstance(same, str) or ("same_ids_as" in table and not same):
            self._wrong("same_ids_as", "must be the name of another connection")
            same = ""
        if "id_prefix" in table and "same_ids_as" in table:
            self._wrong("id_prefix", "is that of the connection which same_ids_as names")
        return prefix, same

    def _options(self, table: Mapping[str, object]) -> dict[str, str]:
        options = {}
        for key, value in table.items():
            if key in OF_ALL_KINDS:
                continue
            if isinstance(value, str):
                options[key] = value
            elif isinstance(value, dict):
                what = f"is no record type; they are {', '.join(RECORD_TYPES)}"
                self._wrong(key, what + did_you_mean(key, RECORD_TYPES))
            else:
                what = "is no option: options are texts"
                self._wrong(key, what + did_you_mean(key, OF_ALL_KINDS), receiving=True)
        return options

    def _record_type(self, name: RecordTypeName, table: object) -> RecordType:
        if not isinstance(table, dict):
            self._wrong(name, "must be a table")
            return RecordType(name, {})
        known = self._settings(name, table)
        for key in table.keys() - known.keys():
            what = f"is not known; known are {', '.join(known)}{did_you_mean(key, known)}"
            self._wrong(f"{name}.{key}", what)
        self._check_contact_lists(name, table, known)
        types = self._types(name, table.get("custom_fields"))
        return RecordType(name=name, types=types, **known)  # type: ignore[arg-type]  # checked above

    def _settings(self, name: RecordTypeName, table: Mapping[str, object]) -> dict[str, object]:
        """Every setting that a record type may have, read from its table or with its default."""
        return {
            "fields": self._fields(name, table.get("fields")),
            "version": self._text(name, table, "version"),
            "when": self._text(name, table, "when"),
            "country_codes": self._country_codes(name, table.get("country_codes", [])),
            "datetimes": self._columns(name, "datetimes", table.get("datetimes", [])),
            "clears": self._columns(name, "clears", table.get("clears", [])),
            "custom_fields": self._custom_fields(name, table.get("custom_fields", [])),
            "required": self._columns(name, "required", table.get("required", [])),
            "time_zone": self._text(name, table, "time_zone"),
            "marketing_channels": self._columns(
                name, "marketing_channels", table.get("marketing_channels", [])
            ),
            "contact_list_id": self._text(name, table, "contact_list_id"),
            "contact_list_external_id": self._text(name, table, "contact_list_external_id"),
            "phones": self._one_of(name, table, "phones", ("check", "pass")),
            "ambiguous_phones": self._one_of(
                name, table, "ambiguous_phones", get_args(AmbiguousPhones)
            ),
            "shared_handles": self._one_of(name, table, "shared_handles", get_args(SharedHandles)),
            "restore_leading_zero": self._switch(name, table, "restore_leading_zero"),
            "allow_reassignment": self._reassignment(name, table.get("allow_reassignment")),
        }

    def _check_contact_lists(
        self, name: RecordTypeName, table: Mapping[str, object], known: Mapping[str, object]
    ) -> None:
        """What only contacts have, and the list, which has one id."""
        list_id = known["contact_list_id"]
        if isinstance(list_id, str) and not _UUID.fullmatch(list_id):
            self._wrong(
                f"{name}.contact_list_id",
                "must be the list's UUID in Mateo; contact_list_external_id takes your own id",
            )
        of_contacts = ("contact_list_id", "contact_list_external_id", "marketing_channels")
        for key in (*of_contacts, "shared_handles"):
            if key in table and known[key] and name != "contact":
                self._wrong(f"{name}.{key}", "is for contacts only")
        if known["contact_list_id"] and known["contact_list_external_id"]:
            self._wrong(f"{name}.contact_list_id", "give the list by one id, not by both")

    def _text(self, name: str, table: Mapping[str, object], key: str) -> str | None:
        value = table.get(key)
        if value is None or (isinstance(value, str) and value):
            return value
        self._wrong(f"{name}.{key}" if name else key, "must be a text")
        return None

    def _fields(self, name: str, value: object) -> Mapping[str, str]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._wrong(f"{name}.fields", "needs a table of column = 'expression'")
            return {}
        for column, expression in value.items():
            if not isinstance(expression, str):
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

    def _custom_fields(self, name: str, value: object) -> tuple[str, ...]:
        return (
            tuple(value) if isinstance(value, dict) else self._columns(name, "custom_fields", value)
        )

    def _types(self, name: str, value: object) -> Mapping[str, str]:
        """The types of custom fields, if they are given as a table of column = 'type'."""
        if not isinstance(value, dict):
            return {}
        for column, type_ in value.items():
            if type_ not in VALUE_TYPES:
                what = f"must be one of {', '.join(VALUE_TYPES)}, not {type_!r}"
                self._wrong(f"{name}.custom_fields.{column}", what)
        return {column: type_ for column, type_ in value.items() if type_ in VALUE_TYPES}

    def _one_of(
        self, name: str, table: Mapping[str, object], key: str, words: tuple[str, ...]
    ) -> str:
        """One of some words; the first one is the default."""
        value = table.get(key, words[0])
        if value not in words:
            self._wrong(f"{name}.{key}", f"must be {' or '.join(map(repr, words))}, not {value!r}")
        return cast(str, value)

    def _switch(self, name: str, table: Mapping[str, object], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            self._wrong(f"{name}.{key}", "must be true or false")
        return value is True

    def _reassignment(self, name: str, value: object) -> bool | None:
        if value is None or (isinstance(value, bool) and name != "contact"):
            return value
        self._wrong(f"{name}.allow_reassignment", "is true or false, for deal and appointment only")
        return None
