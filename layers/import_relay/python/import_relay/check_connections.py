"""`python -m import_relay.check_connections FILE`: every mistake of connections.toml at once.

`make check` runs it, and `make up`, `make build` and `make deploy` before anything else.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from import_relay.connections import load_connections
from import_relay.errors import ConfigurationError
from import_relay.usable_connections import mistakes_of


def check(path: str | Path) -> Iterator[str]:
    """Everything that is wrong with the file, expressions and kinds' own options included."""
    try:
        connections = load_connections(path)
    except ConfigurationError as error:
        yield error.detail
        return
    for name, mistakes in mistakes_of(connections).items():
        for mistake in mistakes:
            yield f"{path}: connection {name!r}, {mistake}"


def main(arguments: list[str]) -> int:
    """0 when the file is right, 1 with its mistakes."""
    if len(arguments) != 1:
        print("usage: python -m import_relay.check_connections FILE", file=sys.stderr)
        return 2
    mistakes = list(check(arguments[0]))
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    if not mistakes:
        print(f"{arguments[0]}: {', '.join(load_connections(arguments[0]))}")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
