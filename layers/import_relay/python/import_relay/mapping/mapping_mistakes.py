"""What is wrong with how a connection's records are mapped. Called by `usable_connections`."""

from collections.abc import Iterator
from zoneinfo import available_timezones

from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.spelling import did_you_mean
from import_relay.mapping.countries import codes, country_code
from import_relay.mapping.datetimes import time_zone
from import_relay.mapping.expressions import expression_mistake
from import_relay.mapping.keys import HANDLES, IDENTIFIERS


def mapping_mistakes(connection: Connection) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) for every mistake in how a connection's records are mapped."""
    for record_type in connection.record_types.values():
        for key, what in _mistakes_of(record_type):
            yield f"{record_type.name}.{key}", what


def zone_mistakes(connection: Connection) -> Iterator[tuple[str, str]]:
    """The same of its time zones, where they are named: without what its types take over."""
    zones = {"time_zone": connection.time_zone}
    zones |= {f"{name}.time_zone": one.time_zone for name, one in connection.record_types.items()}
    for key, name in zones.items():
        if name is not None:
            try:
                time_zone(name)
            except ValueError:
                meant = did_you_mean(name, available_timezones()) or ", e.g. 'Europe/Berlin'"
                yield key, f"{name!r} is no time zone{meant}"


def _mistakes_of(record_type: RecordType) -> Iterator[tuple[str, str]]:
    texts = {f"fields.{column}": text for column, text in record_type.fields.items()}
    others = {"version": record_type.version, "when": record_type.when}
    texts |= {key: text for key, text in others.items() if text}
    for key, text in texts.items():
        if mistake := expression_mistake(text):
            yield key, f"is no JMESPath expression: {mistake}"
    if "" in record_type.fields:
        yield "fields", "a column needs a name"
    identifiers = (*IDENTIFIERS, *HANDLES) if record_type.name == "contact" else IDENTIFIERS
    if record_type.fields.keys().isdisjoint(identifiers):
        yield "fields", "maps no identifier: map external_id"
    yield from _setting_mistakes(record_type)


def _setting_mistakes(record_type: RecordType) -> Iterator[tuple[str, str]]:
    for key in ("datetimes", "clears", "required"):
        for column in getattr(record_type, key):
            if column not in record_type.fields:
                what = f"names {column!r}, which {record_type.name}.fields does not map"
                yield key, what + did_you_mean(column, record_type.fields)
    if "external_id" in record_type.clears:
        yield "clears", "names 'external_id', without which nobody knows whose record it is"
    for code in record_type.country_codes:
        if code not in codes():
            meant = country_code(code)
            hint = f"; did you mean {meant!r}?" if meant else ""
            yield "country_codes", f"{code!r} is no country with phone numbers{hint}"
