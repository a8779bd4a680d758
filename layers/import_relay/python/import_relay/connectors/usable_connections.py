"""Which connections can be used, and what is wrong with the others. No I/O.

Called by `changes`, which does not use a connection with a mistake, and by `check_connections`,
which shows every mistake before a deployment: both go by the same rules.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from jmespath.exceptions import JMESPathError

from import_relay.connectors.complete_connections import option_mistakes, with_defaults
from import_relay.connectors.kinds import kinds
from import_relay.domain.connections import RECORD_TYPES, Connection, Mistake, RecordType
from import_relay.mapping.expressions import named_paths
from import_relay.mapping.keys import HANDLES, IDENTIFIERS
from import_relay.mapping.mapping_mistakes import mapping_mistakes, zone_mistakes

Mistakes = Mapping[str, Sequence[Mistake]]


def mistakes_of(connections: Mapping[str, Connection]) -> Mistakes:
    """Connection → everything that is wrong with it; empty for one that can be used."""
    meetings = _meetings(connections)
    return {
        name: [*_own_mistakes(connection), *meetings.get(name, ())]
        for name, connection in connections.items()
    }


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


def why_disabled(connection: Connection, mistakes: Sequence[Mistake]) -> Mapping[str, str]:
    """A connection's first mistake, for the log: `key`, `reason`, `expression`."""
    mistake = mistakes[0]
    expression = expression_of(connection, mistake.key)
    return {"key": mistake.key, "reason": mistake.what, "expression": expression}


def _own_mistakes(connection: Connection) -> list[Mistake]:
    """Each mistake once: the first one that is found about a key says enough."""
    is_known = connection.kind in kinds()
    complete = with_defaults(connection) if is_known else connection
    sources: Sequence[Iterable[Mistake]] = (
        connection.mistakes,
        option_mistakes(connection),
        (Mistake(*one) for one in zone_mistakes(connection)),
        (
            Mistake(key, what)
            for key, what in mapping_mistakes(complete)
            if is_known or expression_of(complete, key)  # what its kind maps is not known
        ),
        _constants(complete),
    )
    found: list[Mistake] = []
    for source in sources:
        told = {mistake.key for mistake in found}
        found += [mistake for mistake in source if mistake.key not in told]
    return found


def _constants(connection: Connection) -> Iterator[Mistake]:
    """Identifying columns that do not depend on the record, such as `'id'` instead of `id`."""
    for record_type in connection.record_types.values():
        for column in (*IDENTIFIERS, *HANDLES):
            text = record_type.fields.get(column, "")
            with suppress(JMESPathError):
                if text and not named_paths(text):
                    what = f"is the same for every record, so that each overwrites the last: {text}"
                    yield Mistake(f"{record_type.name}.fields.{column}", what)


def _meetings(connections: Mapping[str, Connection]) -> dict[str, list[Mistake]]:
    """Connection → the first one before it in the file with whose ids its own would collide."""
    found: dict[str, list[Mistake]] = {}
    before: dict[str, list[Connection]] = {name: [] for name in RECORD_TYPES}
    for connection in connections.values():
        for type_name in _types_with_ids(connection):
            other = next((one for one in before[type_name] if _may_meet(one, connection)), None)
            before[type_name].append(connection)
            if other is not None and connection.name not in found:
                found[connection.name] = [_meeting(connection, other, type_name)]
    return found


def _types_with_ids(connection: Connection) -> list[str]:
    if connection.kind not in kinds():
        return []
    complete = with_defaults(connection).record_types
    return [name for name, one in complete.items() if not one.fields.keys().isdisjoint(IDENTIFIERS)]


def _may_meet(one: Connection, other: Connection) -> bool:
    """Whether an id of one with its prefix may be an id of the other with its own.

    One connection may have no prefix: its ids collide only if they look like the other's.
    """
    if (one.same_ids_as or one.name) == (other.same_ids_as or other.name):
        return False
    first, second = sorted((one.id_prefix, other.id_prefix), key=len)
    return second.startswith(first) if first else not second


def _meeting(connection: Connection, other: Connection, type_name: str) -> Mistake:
    owner = other.same_ids_as or other.name
    what = (
        f"ids of its {type_name}s would meet those of {other.name!r}: give it another id_prefix, "
        f"e.g. '{connection.name}-', with which no other begins; or same_ids_as = '{owner}' if "
        "both bring the same records"
    )
    return Mistake("same_ids_as" if connection.same_ids_as else "id_prefix", what)
