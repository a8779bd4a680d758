"""From a CRM's record to the columns of a row, by the expressions in connections.toml.

An error in a field affects this field alone: its value is left out with a note, and the record goes
on. A record is rejected only if what identifies it, or a column that its row needs, is unusable.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC
from typing import NamedTuple

from import_relay.domain.connections import RecordType
from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import MATEO_TYPES, ImportOptions, RecordIdentity
from import_relay.domain.notes import Note, RejectedRecord
from import_relay.mapping.contact_phones import (
    COUNTRIES,
    HOMES,
    ContactPhones,
    is_national,
    phone_options,
)
from import_relay.mapping.datetimes import is_time, time_zone, version_number
from import_relay.mapping.expressions import (
    EVALUATION_ERRORS,
    compile_expression,
    is_known,
    is_touched,
    named_paths,
)
from import_relay.mapping.fields import Field
from import_relay.mapping.keys import HANDLES, IDENTIFIERS, PHONE_COLUMNS, record_key
from import_relay.mapping.rejections import check_key, check_required
from import_relay.mapping.texts import is_empty
from import_relay.mapping.values import WHOLE_DAY, Converter, Unusable, check_number, converter

MAX_PHONES = 100
"""Numbers in one column of a record: checking one takes up to 0.3 ms for each country."""
_IDENTIFYING = (*IDENTIFIERS, *HANDLES)


class Columns(NamedTuple):
    """The columns that a record sets, and notes on those that it does not."""

    values: dict[str, object]
    notes: tuple[Note, ...]


class RecordMapping:
    """One record type of one connection, compiled: made once, used for every record.

    Raises:
        jmespath.exceptions.JMESPathError: an expression does not parse (`make check` finds it).
        ValueError: there is no such time zone (it finds that, too).
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
        self._zone = time_zone(record_type.time_zone) if record_type.time_zone else UTC
        self._clears = frozenset(record_type.clears)
        self._is_contact = record_type.name == "contact"
        self._phones = ContactPhones(record_type)
        self._fields = [
            Field(column, compile_expression(text), self._converter(column), named_paths(text))
            for column, text in record_type.fields.items()
        ]
        self._version_paths = named_paths(record_type.version or "`null`")
        self._when_paths = named_paths(record_type.when or "`null`")
        by_column = {field.column: field for field in self._fields}
        names = _IDENTIFYING if self._is_contact else IDENTIFIERS
        self._identifying = [by_column[name] for name in names if name in by_column]
        self._home = next((by_column[name] for name in HOMES if name in by_column), None)
        key = next((field for field in self._identifying if field.column in IDENTIFIERS), None)
        self._key_column = key.column if key else None
        self._identity = key.paths if key else frozenset()
        of_fields = (field.paths for field in self._fields)
        self.paths = frozenset().union(self._version_paths, self._when_paths, *of_fields)

    @property
    def orders(self) -> bool:
        """Whether `version` of connections.toml orders changes, instead of the kind's own."""
        return self._version is not None

    def condition(self, record: object) -> bool | None:
        """Whether `when` is true of the record, or there is none; None: it fails on the record."""
        if self._when is None:
            return True
        try:
            return self._when(record) is True
        except EVALUATION_ERRORS:
            return None

    def version(self, record: object) -> int | None:
        """What orders this change among those of its record; None when the record does not say.

        Raises:
            RejectedRow: the value is neither a number nor a time.
        """
        if self._version is None:
            return None
        try:
            value = self._version(record)
        except Unusable as error:
            raise _no_version(error.value, error.reason) from error
        except EVALUATION_ERRORS as error:
            raise RejectedRow("row.bad_mapping", field="version", value=str(error)) from error
        if value is None:
            return None
        try:
            return version_number(value, self._zone)
        except ValueError as error:
            if isinstance(value, str) and is_empty(value):
                return None
            raise _no_version(value) from error

    def version_is_time(self, record: object) -> bool:
        """Whether what `version` finds is a time; what counts up may be any number."""
        return self._version is not None and is_time(self._version(record))

    def columns(self, record: object, *, partial: bool = False) -> Columns:
        """The row of a record; a `partial` one sets only the columns that it holds as a whole.

        A value that cannot be sent is left out with a note, and never cleared.

        Raises:
            RejectedRow: names the field and the value without which there is no row.
        """
        if type(record) is not dict:
            raise RejectedRow("row.not_an_object", value=record)
        fields = self._known(record) if partial else self._fields
        values, notes = self._read(fields, record)
        check_key(self.record_type.name, values, notes)
        if self._is_contact:
            notes += self._choose_phones(values, notes, record, partial=partial)
        if self.record_type.required:
            read = (field.column for field in fields)
            check_required(self.record_type.required, read, values, notes)
        if partial:
            notes += (Note("note.partly_known", column) for column in self.cut_columns(record))
        return Columns(values, tuple(notes))

    def _read(
        self, fields: Iterable[Field], record: object
    ) -> tuple[dict[str, object], list[Note]]:
        """The values that fields have, and notes of those that cannot be sent."""
        values: dict[str, object] = {}
        notes: list[Note] = []
        for field in fields:
            try:
                value = field.read(record)
            except Unusable as error:
                notes.append(Note(error.code, field.column, error.value, error.reason))
                if error.code == WHOLE_DAY:  # the time that it had before is wrong by now
                    values[field.column] = None
                continue
            if value is not None or field.column in self._clears:
                values[field.column] = value
        return values, notes

    def identity(self, record: object) -> RecordIdentity:
        """Which record this is, as far as that can be read: for lists; nothing depends on it."""
        values: dict[str, object] = {}
        for field in self._identifying:
            if field.column not in PHONE_COLUMNS and type(record) is dict:
                with suppress(Unusable):
                    values[field.column] = field.read(record)
        external_id = values.get("external_id")
        key = ""
        with suppress(RejectedRow):
            key = record_key(self.options.type, values)
        return RecordIdentity(
            self.options.type, "" if external_id is None else str(external_id), key
        )

    def knows_condition(self, record: object) -> bool:
        """Whether a partial record says all that `when` depends on."""
        return all(is_known(record, path) for path in self._when_paths)

    def needs(self, record: object) -> tuple[str, ...]:
        """What a partial record does not say, although nothing can be imported without it.

        The first column that may identify the record and is not known, and `version`.
        """
        unidentified = self.unidentified(record)
        return unidentified if self.knows_version(record) else (*unidentified, "version")

    def knows_version(self, record: object) -> bool:
        """Whether a partial record says all that `version` depends on."""
        return all(is_known(record, path) for path in self._version_paths)

    def unidentified(self, record: object) -> tuple[str, ...]:
        """The first column that may identify a partial record and is not known, if there is one.

        They count in their order: what comes before the key has to be known.
        """
        for field in self._identifying:
            if not self._is_whole(record, field):
                return (field.column,)
            if field.is_said(record):  # `columns` says what may be wrong with it
                return ()
        return ()

    def cut_columns(self, record: object) -> tuple[str, ...]:
        """Columns of which a partial record holds only a part: their values are not known."""
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

    def _known(self, record: object) -> list[Field]:
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

    def _is_whole(self, record: object, field: Field) -> bool:
        return all(is_known(record, path) for path in field.paths)

    def _converter(self, column: str) -> Converter:
        if self._is_contact and column in (*PHONE_COLUMNS, COUNTRIES):
            return _phone_options
        return converter(column, self.record_type)

    def misses_country(self, record: object) -> bool:
        """Whether a partial record has a national number, but not the country it belongs to."""
        if self._home is None or self._is_whole(record, self._home):
            return False
        for field in self._fields:
            if field.column in PHONE_COLUMNS and self._is_whole(record, field):
                with suppress(Unusable):  # `columns` says what is wrong with it
                    value = field.read(record)
                    if any(map(is_national, phone_options(value))):
                        return True
        return False

    def _choose_phones(
        self, values: dict[str, object], left_out: list[Note], record: object, *, partial: bool
    ) -> list[Note]:
        """One number for each phone column, or none: `ContactPhones.choose`.

        Raises:
            RejectedRecord: no number can be sent, and nothing else identifies the record.
        """
        given = {column: values[column] for column in PHONE_COLUMNS if values.get(column)}
        home_is_known = not partial or self._home is None or self._is_whole(record, self._home)
        if left_out and any(note.field in HOMES for note in left_out):
            home_is_known = False
        notes = self._phones.choose(values, home_is_known=home_is_known)
        if given and not any(map(values.get, _IDENTIFYING)):
            column, options = next(iter(given.items()))
            raise RejectedRecord(
                "row.no_valid_phone", [*left_out, *notes], field=column, value=options
            )
        return notes


def _no_version(value: object, detail: str = "") -> RejectedRow:
    return RejectedRow("row.bad_version", field="version", value=value, detail=detail)


def _phone_options(value: object) -> list[object] | None:
    if type(value) is str:
        return None if is_empty(value) else [value]
    options = phone_options(value)  # of a list that says something
    check_number(options, MAX_PHONES)
    return options or None
