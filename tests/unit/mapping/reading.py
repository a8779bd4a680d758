"""What a mapping makes of one record."""

from dataclasses import replace

import pytest

from import_relay.domain.connections import RecordType
from import_relay.domain.errors import RejectedRow
from import_relay.mapping.record_mapping import Columns, RecordMapping
from tests.support.builders import record_type


def columns_of(record: object, type_: RecordType | None = None, **fields: str) -> Columns:
    """Values and notes of a record, by a record type or by a contact's expressions."""
    return RecordMapping(type_ or record_type(**fields)).columns(record)


def values_of(record: object, type_: RecordType | None = None, **fields: str) -> dict[str, object]:
    """The values alone."""
    return columns_of(record, type_, **fields).values


def rejection_of(record: object, type_: RecordType | None = None, **fields: str) -> RejectedRow:
    """Why the record is no row."""
    with pytest.raises(RejectedRow) as caught:
        columns_of(record, type_, **fields)
    return caught.value


def checking(*countries: str, **fields: str) -> RecordType:
    """A contact's expressions, with the countries of its phone numbers."""
    return replace(record_type(**fields), country_codes=countries)
