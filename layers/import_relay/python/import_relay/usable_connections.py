"""Which connections can be used, and what is wrong with the others. No I/O.

Called by `changes`, which leaves a connection with a mistake aside, and by `check_connections`,
which shows every mistake before a deployment: both go by the same rules.
"""

from collections.abc import Mapping, Sequence

from import_relay.connections import KINDS, Connection, Mistake, RecordType
from import_relay.records.mapping import mapping_mistakes
from import_relay.sources import option_mistakes, with_defaults

Mistakes = Mapping[str, Sequence[Mistake]]


def mistakes_of(connections: Mapping[str, Connection]) -> Mistakes:
    """Connection → everything that is wrong with it; empty for one that can be used."""
    return {name: _own_mistakes(connection) for name, connection in connections.items()}


def expression_of(connection: Connection, key: str) -> str:
    """The expression that a mistake's key names, "" if it names none."""
    type_name, _, rest = key.partition(".")
    record_types: Mapping[str, RecordType] = {**connection.record_types}
    record_type = record_types.get(type_name)
    if record_type is None:
        return ""
    if rest.startswith("fields."):
        return record_type.fields.get(rest.removeprefix("fields."), "")
    return {"version": record_type.version, "when": record_type.when}.get(rest) or ""


def _own_mistakes(connection: Connection) -> list[Mistake]:
    """Each mistake once: the first of several about one key says enough."""
    found = list(connection.mistakes)
    if connection.kind in KINDS:
        found += option_mistakes(connection)
        found += (Mistake(key, what) for key, what in mapping_mistakes(with_defaults(connection)))
    return list({mistake.key: mistake for mistake in reversed(found)}.values())[::-1]
