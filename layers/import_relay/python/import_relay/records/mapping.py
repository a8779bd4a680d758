"""From a CRM's record to the columns of a row, by the expressions in connections.toml.

Expressions are JMESPath. Plain paths such as `properties.email`, which most are, are walked
directly: the interpreter takes ten times as long. Source of the columns: Mateo's reference of
contact_details, deal_details, appointment_details and the Contact Import guide.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import jmespath
from jmespath.exceptions import ArityError, JMESPathError, UnknownFunctionError
from jmespath.visitor import TreeInterpreter
from phonenumbers import SUPPORTED_REGIONS

from import_relay.connections import Connection, RecordType
from import_relay.errors import RejectedRow
from import_relay.records.datetimes import explicit_datetime, plain_date, version_number
from import_relay.records.models import MATEO_TYPES, ImportOptions
from import_relay.records.phones import first_valid

IDENTIFIERS = ("external_id", "secondary_external_id")
PHONES = ("whatsapp", "sms")
HANDLES = ("email", *PHONES, "instagram", "facebook", "google_business_messaging")
TEXTS = frozenset({*IDENTIFIERS, *HANDLES, "contact_external_id", "contact_id"})
LONGEST_KEY = 400
"""Characters of an identifier within a key: DynamoDB takes 2,048 bytes, four to a character."""
DATES = frozenset({"birthday"})
DATETIMES = frozenset({"start_time", "end_time", "confirmed_at", "cancelled_at"})

Expression = Callable[[object], object]
_INTERPRETER = TreeInterpreter()
"""One for all expressions: it keeps no state, and `search` would make a new one for each record."""
_EVALUATION_ERRORS = (ValueError, TypeError, ArithmeticError)
"""JMESPathError is a ValueError; functions such as `ceil` also raise what Python's own do."""


class Columns(NamedTuple):
    """The columns that a record sets, and what was left out of it on purpose."""

    values: dict[str, object]
    notes: tuple[str, ...]


def compile_expression(text: str) -> Expression:
    """A function that evaluates a JMESPath expression on a record.

    Raises:
        jmespath.exceptions.JMESPathError: the text is no expression.
    """
    parsed = jmespath.compile(text).parsed
    path = _plain_path(parsed)
    if path is None:
        return lambda record: _INTERPRETER.visit(parsed, record)
    if len(path) == 1:
        (only,) = path
        return lambda record: record.get(only) if type(record) is dict else None
    return lambda record: _walk(record, path)


def _plain_path(node: Mapping[str, object]) -> tuple[str, ...] | None:
    """The names of `a.b.c`, or None when the expression is anything else."""
    if node["type"] == "field":
        return (str(node["value"]),)
    children = node["children"]
    if node["type"] != "subexpression" or not isinstance(children, list):
        return None
    paths = [_plain_path(child) for child in children]
    if any(path is None for path in paths):
        return None
    return tuple(name for path in paths for name in path or ())


def _walk(record: object, path: Sequence[str]) -> object:
    for name in path:
        if type(record) is not dict:
            return None
        record = record.get(name)
    return record


class RecordMapping:
    """One record type of one connection, compiled: made once, used for every record.

    Raises:
        jmespath.exceptions.JMESPathError: an expression does not parse (`make check` finds it).
    """

    def __init__(self, record_type: RecordType) -> None:
        self.record_type = record_type
        self.options = ImportOptions(
            type=MATEO_TYPES[record_type.name],
            contact_list_id=record_type.contact_list_id,
            contact_list_external_id=record_type.contact_list_external_id,
            allow_reassignment=record_type.allow_reassignment,
        )
        self._version = compile_expression(record_type.version) if record_type.version else None
        self._when = compile_expression(record_type.when) if record_type.when else None
        self._datetimes = DATETIMES | frozenset(record_type.datetimes)
        self._clears = frozenset(record_type.clears)
        self._is_contact = record_type.name == "contact"
        self._fields = [
            (column, compile_expression(text), self._converter(column))
            for column, text in record_type.fields.items()
        ]

    def applies_to(self, record: object) -> bool:
        """Whether `when` is true of the record, or there is no `when`."""
        if self._when is None:
            return True
        try:
            return self._when(record) is True
        except _EVALUATION_ERRORS:
            return False

    def version(self, record: object) -> int | None:
        """What orders this change among those of its record; None when the record does not say.

        Raises:
            RejectedRow: the value is neither a number nor a time.
        """
        if self._version is None:
            return None
        try:
            value = self._version(record)
        except _EVALUATION_ERRORS as error:
            raise _bad_mapping("version", error) from error
        try:
            return None if value in (None, "") else version_number(value)
        except ValueError as error:
            raise RejectedRow("row.bad_version", field="version", value=value) from error

    def columns(self, record: object, *, partial: bool = False) -> Columns:
        """The row of a record; what a `partial` one does not mention is left as it is.

        Raises:
            RejectedRow: names the field and the value that cannot be sent.
        """
        if type(record) is not dict:
            raise RejectedRow("row.not_an_object", value=record)
        values: dict[str, object] = {}
        for column, expression, convert in self._fields:
            try:
                value = expression(record)
            except _EVALUATION_ERRORS as error:
                raise _bad_mapping(column, error) from error
            if value is not None:
                value = convert(column, value)
            if value is not None or (column in self._clears and not partial):
                values[column] = value
        if not self._is_contact:
            return Columns(values, ())
        return Columns(values, self._choose_phones(values))

    def _converter(self, column: str) -> Callable[[str, object], object]:
        if self._is_contact and column in PHONES:
            return _phone_options
        if column in TEXTS:
            return _text
        if column in DATES:
            return _date
        if column in self._datetimes:
            return _datetime
        return _plain

    def _choose_phones(self, values: dict[str, object]) -> tuple[str, ...]:
        """Replace each list of numbers by its first valid one; what is left without one goes.

        With `phones = "pass"` the list stays, with the country codes that help Mateo to parse it.
        """
        given = [(column, values[column]) for column in PHONES if values.get(column)]
        if not given:
            return ()
        countries = self.record_type.country_codes
        if self.record_type.phones == "pass":
            if countries:
                values["country_codes"] = list(countries)
            return ()
        notes = []
        for column, options in given:
            chosen = first_valid(options, countries)  # type: ignore[arg-type]  # _phone_options
            if chosen is None:
                del values[column]
                notes.append(f"{column}: no valid number, left out")
            else:
                values[column] = chosen
        if notes and not any(values.get(handle) for handle in HANDLES):
            column, options = given[0]
            raise RejectedRow("row.no_valid_phone", field=column, value=options)
        return tuple(notes)


def _bad_mapping(field: str, error: Exception) -> RejectedRow:
    return RejectedRow("row.bad_mapping", field=field, value=str(error))


def record_key(type_: str, columns: Mapping[str, object]) -> str:
    """What identifies the record in Mateo: the external id, else the first handle there is.

    Raises:
        RejectedRow: the row has no identifier at all.
    """
    for column in IDENTIFIERS:
        if columns.get(column):
            return _short_key(type_, column, str(columns[column]))
    if type_ == "contact_details":
        for column in HANDLES:
            value = columns.get(column)
            if value:
                first = value[0] if isinstance(value, list) else value
                return _short_key(type_, column, str(first).lower())
    raise RejectedRow("row.no_identifier", field="external_id")


def _short_key(type_: str, column: str, value: str) -> str:
    """A key that DynamoDB takes: a very long identifier is replaced by its digest."""
    if len(value) > LONGEST_KEY:
        encoded = value.encode("utf-8", "surrogatepass")
        value = f"sha256:{hashlib.sha256(encoded).hexdigest()}"
    return f"{type_}#{column}:{value}"


def mapping_mistakes(connection: Connection) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) for every mistake in how a connection's records are mapped."""
    for name, record_type in connection.record_types.items():
        texts = {f"fields.{column}": text for column, text in record_type.fields.items()}
        texts |= {
            key: text
            for key, text in (("version", record_type.version), ("when", record_type.when))
            if text
        }
        for key, text in texts.items():
            mistake = _expression_mistake(text)
            if mistake:
                yield f"{name}.{key}", f"is no JMESPath expression: {mistake}"
        identifiers = (*IDENTIFIERS, *HANDLES) if name == "contact" else IDENTIFIERS
        if not any(column in record_type.fields for column in identifiers):
            yield f"{name}.fields", "maps no identifier: map external_id"
        for key, columns in (("datetimes", record_type.datetimes), ("clears", record_type.clears)):
            for column in columns:
                if column not in record_type.fields:
                    yield f"{name}.{key}", f"names {column!r}, which {name}.fields does not map"
        for code in record_type.country_codes:
            if code not in SUPPORTED_REGIONS:
                yield f"{name}.country_codes", f"{code!r} is no country with phone numbers"


def _expression_mistake(text: str) -> str:
    """What is wrong with an expression: its syntax, or a function that there is not."""
    try:
        evaluate = compile_expression(text)
    except JMESPathError as error:
        return str(error).splitlines()[0]
    with suppress(*_EVALUATION_ERRORS):  # an empty record need not fit
        try:
            evaluate({})
        except (ArityError, UnknownFunctionError) as error:
            return str(error).splitlines()[0]
    return ""


def _text(column: str, value: object) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise RejectedRow("row.bad_value", field=column, value=value)


def _phone_options(column: str, value: object) -> list[str] | None:
    options = value if isinstance(value, list) else [value]
    texts = [_text(column, option) for option in options if option is not None]
    return [text for text in texts if text] or None


def _date(column: str, value: object) -> str | None:
    return _moment(column, value, plain_date)


def _datetime(column: str, value: object) -> str | None:
    return _moment(column, value, explicit_datetime)


def _moment(column: str, value: object, write: Callable[[str], str]) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str):
        raise RejectedRow("row.bad_datetime", field=column, value=value)
    try:
        return write(value)
    except ValueError as error:
        raise RejectedRow("row.bad_datetime", field=column, value=value) from error


def _plain(column: str, value: object) -> object:
    if value == "":
        return None
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, list) and all(isinstance(entry, str | int | float) for entry in value):
        return value
    raise RejectedRow("row.bad_value", field=column, value=value)
