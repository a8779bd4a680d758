"""From a CRM's record to the columns of a row, by the expressions in connections.toml.

Source of the columns: Mateo's reference of contact_details, deal_details, appointment_details and
the Contact Import guide.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from jmespath.exceptions import ArityError, JMESPathError, UnknownFunctionError
from phonenumbers import SUPPORTED_REGIONS

from import_relay.connections import Connection, RecordType
from import_relay.errors import RejectedRow
from import_relay.records.contact_phones import (
    COUNTRIES,
    HOMES,
    PHONES,
    ContactPhones,
    is_national,
    phone_options,
)
from import_relay.records.datetimes import (
    explicit_datetime,
    is_time,
    plain_date,
    version_number,
)
from import_relay.records.expressions import (
    EVALUATION_ERRORS,
    Expression,
    Path,
    compile_expression,
    is_known,
    is_touched,
    named_paths,
)
from import_relay.records.models import MATEO_TYPES, ImportOptions
from import_relay.records.notes import Note

IDENTIFIERS = ("external_id", "secondary_external_id")
HANDLES = ("email", *PHONES, "instagram", "facebook", "google_business_messaging")
IDS = frozenset({*IDENTIFIERS, "contact_external_id"})
"""Columns with ids of the connection's own records: each gets the connection's prefix."""
TEXTS = frozenset({*IDENTIFIERS, *HANDLES, "contact_external_id", "contact_id"})
LONGEST_KEY = 400
"""Characters of an identifier within a key: DynamoDB takes 2,048 bytes, four to a character."""
MAX_PHONES = 100
"""Numbers in one column of a record: checking one takes up to 0.3 ms for each country."""
MAX_VALUES = 1_000
"""Values in any other column of a record."""
DATES = frozenset({"birthday"})
DATETIMES = frozenset({"start_time", "end_time", "confirmed_at", "cancelled_at"})


class Columns(NamedTuple):
    """The columns that a record sets, and what there is to say of those that it does not."""

    values: dict[str, object]
    notes: tuple[Note, ...]


class _Field(NamedTuple):
    """One column: how its value is found and converted, and the paths that it depends on."""

    column: str
    evaluate: Expression
    convert: Callable[[str, object], object]
    paths: frozenset[Path]


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
        self._phones = ContactPhones(record_type)
        self._fields = [
            _Field(column, compile_expression(text), self._converter(column), named_paths(text))
            for column, text in record_type.fields.items()
        ]
        self._version_paths = named_paths(record_type.version or "`null`")
        self._when_paths = named_paths(record_type.when or "`null`")
        by_column = {field.column: field for field in self._fields}
        names = (*IDENTIFIERS, *HANDLES) if self._is_contact else IDENTIFIERS
        self._identifying = [by_column[name] for name in names if name in by_column]
        self._home = next((by_column[name] for name in HOMES if name in by_column), None)
        key = next((field for field in self._identifying if field.column in IDENTIFIERS), None)
        self._key_column = key.column if key else None
        self._identity = key.paths if key else frozenset()
        of_fields = (field.paths for field in self._fields)
        self.paths = frozenset().union(self._version_paths, self._when_paths, *of_fields)

    def applies_to(self, record: object) -> bool:
        """Whether `when` is true of the record, or there is no `when`."""
        if self._when is None:
            return True
        try:
            return self._when(record) is True
        except EVALUATION_ERRORS:
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
        except EVALUATION_ERRORS as error:
            raise _bad_mapping("version", error) from error
        try:
            return None if value in (None, "") else version_number(value)
        except ValueError as error:
            raise RejectedRow("row.bad_version", field="version", value=value) from error

    def version_is_time(self, record: object) -> bool:
        """Whether what `version` finds is a time; what counts up may be any number."""
        return self._version is not None and is_time(self._version(record))

    def columns(self, record: object, *, partial: bool = False) -> Columns:
        """The row of a record; a `partial` one sets only the columns that it holds as a whole.

        Raises:
            RejectedRow: names the field and the value that cannot be sent.
        """
        if type(record) is not dict:
            raise RejectedRow("row.not_an_object", value=record)
        values: dict[str, object] = {}
        for column, evaluate, convert, _ in self._known(record) if partial else self._fields:
            try:
                value = evaluate(record)
            except EVALUATION_ERRORS as error:
                raise _bad_mapping(column, error) from error
            if value is not None:
                value = convert(column, value)
            if value is not None or column in self._clears:
                values[column] = value
        notes = self._choose_phones(values, record, partial=partial) if self._is_contact else []
        if partial:
            cut = self.cut_columns(record)
            notes += [Note("note.partly_known", column) for column in cut]
        return Columns(values, tuple(notes))

    def knows_condition(self, record: object) -> bool:
        """Whether a partial record says all that `when` depends on."""
        return all(is_known(record, path) for path in self._when_paths)

    def needs(self, record: object) -> tuple[str, ...]:
        """What a partial record does not say, although nothing can be imported without it.

        The first column that may identify the record and is not known, and `version`.
        """
        unidentified = self._unidentified(record)
        if all(is_known(record, path) for path in self._version_paths):
            return unidentified
        return (*unidentified, "version")

    def _unidentified(self, record: object) -> tuple[str, ...]:
        """Identifying columns count in their order: what comes before the key has to be known."""
        for field in self._identifying:
            if not self._is_whole(record, field):
                return (field.column,)
            with suppress(*EVALUATION_ERRORS):  # `columns` says what is wrong with it
                if field.evaluate(record) not in (None, "", []):
                    return ()
        return ()

    def cut_columns(self, record: object) -> tuple[str, ...]:
        """Columns of which a partial record holds only a part, so that they cannot be told."""
        return tuple(
            field.column
            for field in self._fields
            if field.column not in (self._key_column, COUNTRIES)
            and any(is_touched(record, path) for path in field.paths - self._identity)
            and not self._is_whole(record, field)
        )

    def sets_anything(self, values: Mapping[str, object]) -> bool:
        """Whether a partial record's row says more than which record it is about."""
        return not values.keys() <= {self._key_column, "country_codes"}

    def _known(self, record: object) -> list[_Field]:
        """The columns that a partial record sets: its key, and those that it holds as a whole.

        A column that depends on nothing but the key says nothing of a change, unless a message
        could go there.
        """
        return [
            field
            for field in self._fields
            if (field.column in (self._key_column, *HANDLES) or field.paths - self._identity)
            and self._is_whole(record, field)
        ]

    def _is_whole(self, record: object, field: _Field) -> bool:
        return all(is_known(record, path) for path in field.paths)

    def _converter(self, column: str) -> Callable[[str, object], object]:
        if self._is_contact and column in (*PHONES, COUNTRIES):
            return _phone_options
        if column in IDS and self.record_type.id_prefix:
            return partial(_prefixed, self.record_type.id_prefix)
        if column in TEXTS:
            return _text
        if column in DATES:
            return _date
        if column in self._datetimes:
            return _datetime
        return _plain

    def misses_country(self, record: object) -> bool:
        """Whether a partial record has a national number, but not the country it belongs to."""
        if self._home is None or self._is_whole(record, self._home):
            return False
        for field in self._fields:
            if field.column in PHONES and self._is_whole(record, field):
                with suppress(*EVALUATION_ERRORS):  # `columns` says what is wrong with it
                    value = field.evaluate(record)
                    if any(map(is_national, phone_options(value))):
                        return True
        return False

    def _choose_phones(
        self, values: dict[str, object], record: object, *, partial: bool
    ) -> list[Note]:
        """One number for each phone column, or none: `ContactPhones.choose`.

        Raises:
            RejectedRow: no number can be sent and the whole record has no other handle, or the
                partial one says nothing else.
        """
        given = {column: values[column] for column in PHONES if values.get(column)}
        home_is_known = not partial or self._home is None or self._is_whole(record, self._home)
        notes = self._phones.choose(values, home_is_known=home_is_known)
        known_enough = partial and self.sets_anything(values)
        if given and not known_enough and not any(values.get(handle) for handle in HANDLES):
            column, options = next(iter(given.items()))
            raise RejectedRow("row.no_valid_phone", field=column, value=options)
        return notes


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
    for record_type in connection.record_types.values():
        for key, what in _mistakes_of(record_type):
            yield f"{record_type.name}.{key}", what


def _mistakes_of(record_type: RecordType) -> Iterator[tuple[str, str]]:
    texts = {f"fields.{column}": text for column, text in record_type.fields.items()}
    others = {"version": record_type.version, "when": record_type.when}
    texts |= {key: text for key, text in others.items() if text}
    for key, text in texts.items():
        if mistake := _expression_mistake(text):
            yield key, f"is no JMESPath expression: {mistake}"
    if "" in record_type.fields:
        yield "fields", "a column needs a name"
    identifiers = (*IDENTIFIERS, *HANDLES) if record_type.name == "contact" else IDENTIFIERS
    if record_type.fields.keys().isdisjoint(identifiers):
        yield "fields", "maps no identifier: map external_id"
    for key, columns in (("datetimes", record_type.datetimes), ("clears", record_type.clears)):
        for column in columns:
            if column not in record_type.fields:
                yield key, f"names {column!r}, which {record_type.name}.fields does not map"
    for code in record_type.country_codes:
        if code not in SUPPORTED_REGIONS:
            yield "country_codes", f"{code!r} is no country with phone numbers"


def _expression_mistake(text: str) -> str:
    """What is wrong with an expression: its syntax, or a function that there is not."""
    try:
        evaluate = compile_expression(text)
    except JMESPathError as error:
        return str(error).splitlines()[0]
    with suppress(*EVALUATION_ERRORS):  # an empty record need not fit
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


def _prefixed(prefix: str, column: str, value: object) -> str | None:
    text = _text(column, value)
    return text and prefix + text


def _phone_options(column: str, value: object) -> list[object] | None:
    options = phone_options(value)
    return _few(column, options, MAX_PHONES) if options else None


def _few(column: str, values: list[object], most: int) -> list[object]:
    """The values, unless there are more of them than a column takes."""
    if len(values) > most:
        detail = f"{len(values)} values; at most {most} go into {column}"
        raise RejectedRow("row.too_many_values", field=column, detail=detail)
    return values


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
    if isinstance(value, list):
        values = _few(column, value, MAX_VALUES)
        if all(isinstance(entry, str | int | float) for entry in values):
            return values
    raise RejectedRow("row.bad_value", field=column, value=value)
