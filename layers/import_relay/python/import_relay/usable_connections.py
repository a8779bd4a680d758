"""Which connections can be used, and what is wrong with the others. No I/O.

Called by `changes`, which leaves a connection with a mistake aside, and by `check_connections`,
which shows every mistake before a deployment: both go by the same rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from jmespath.exceptions import JMESPathError

from import_relay.connections import KINDS, Connection, Mistake, RecordType
from import_relay.records.expressions import named_paths
from import_relay.records.mapping import HANDLES, IDENTIFIERS, mapping_mistakes
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
    is_known = connection.kind in KINDS
    complete = with_defaults(connection) if is_known else connection
    found += option_mistakes(connection)
    found += (
        Mistake(key, what)
        for key, what in mapping_mistakes(complete)
        if is_known or expression_of(complete, key)  # what its kind maps by default is not known
    )
    found += _constants(complete)
    return list({mistake.key: mistake for mistake in reversed(found)}.values())[::-1]


def _constants(connection: Connection) -> Iterator[Mistake]:
    """Identifying columns that do not depend on the record, such as `'id'` instead of `id`."""
    for record_type in connection.record_types.values():
        for column in (*IDENTIFIERS, *HANDLES):
            text = record_type.fields.get(column, "")
            with suppress(JMESPathError):
                if text and not named_paths(text):
                    what = f"is the same for every record, so that each overwrites the last: {text}"
                    yield Mistake(f"{record_type.name}.fields.{column}", what)
