"""`python -m import_relay.check FILE`: all mistakes of connections.toml at once.

Each with its line, and warnings after them. `make check` runs it, and `make up`, `make build` and
`make deploy` before anything else. Only with `--account` is anything but files read.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from import_relay.check.connection_warnings import warnings_of
from import_relay.check.expression_hints import quoting_hint
from import_relay.check.toml_lines import KEY, key_lines, line_of
from import_relay.check.toml_repairs import RepairedText, repaired
from import_relay.connectors.usable_connections import Mistakes, expression_of, mistakes_of
from import_relay.domain.connections import Connection, Mistake, parse_connections
from import_relay.domain.errors import ConfigurationError
from import_relay.domain.secret_strength import weakness_of
from import_relay.domain.toml_tables import read_text

MATEO_URL = "https://integration.getmateo.com/api/v1"
"""Where the account is asked by default, as in template.yaml."""


@dataclass(frozen=True, slots=True)
class CheckFindings:
    """Findings about a file, one line each: mistakes stop a deployment, warnings do not."""

    mistakes: Sequence[str]
    warnings: Sequence[str]


def check(path: str | Path) -> Iterator[str]:
    """All mistakes of the file, also those in expressions and in the options of kinds."""
    yield from findings(path).mistakes


def findings(
    path: str | Path, of_account: Callable[[Connection], Iterable[Mistake]] | None = None
) -> CheckFindings:
    """The mistakes of the file, and the warnings about the connections that have none.

    `of_account`: finds further mistakes in those that have none.
    """
    try:
        text = read_text(path)
    except ConfigurationError as error:
        return CheckFindings([error.detail], [])
    meant = repaired(text)
    connections = parse_connections(meant.text)
    wrong = _with_slips(mistakes_of(connections), meant)
    told = _Telling(str(path), key_lines(meant.text), connections)
    sound = [one for name, one in connections.items() if not wrong[name]]
    mistakes = {name: [told.with_hint(name, one) for one in wrong[name]] for name in wrong}
    warnings = {one.name: list(warnings_of(one)) for one in sound}
    if of_account is not None:
        mistakes |= {one.name: list(of_account(one)) for one in sound}
    return CheckFindings(told.lines(mistakes), told.lines(warnings, "warning: "))


def _with_slips(mistakes: Mistakes, meant: RepairedText) -> Mistakes:
    """The mistakes of a text that was repaired, and what had to be repaired."""
    found: dict[str, list[Mistake]] = {name: list(given) for name, given in mistakes.items()}
    lines, texts = key_lines(meant.text), meant.text.split("\n")
    for name in {slip.name for slip in meant.slips}:
        slips = {slip.line: Mistake("", slip.what) for slip in meant.slips if slip.name == name}
        at = {one: lines.get(f"{name}.{one.key}", 0) for one in found.get(name, ())}
        if name in meant.unclear:  # what seems to be missing may stand there
            at = {one: line for one, line in at.items() if line and KEY.match(texts[line - 1])}
        found[name] = [*slips.values(), *(one for one, line in at.items() if line not in slips)]
    return found


@dataclass(frozen=True, slots=True)
class _Telling:
    """Puts what was found into words: at which line it stands, and how it was meant."""

    path: str
    lines_of_keys: Mapping[str, int]
    connections: Mapping[str, Connection]

    def with_hint(self, name: str, mistake: Mistake) -> Mistake:
        connection = self.connections.get(name)  # none if all of its lines were put right away
        expression = expression_of(connection, mistake.key) if connection else ""
        return mistake._replace(what=mistake.what + quoting_hint(expression))

    def lines(self, found: Mapping[str, Sequence[Mistake]], label: str = "") -> list[str]:
        """`<file>:<line>: connection '…', key '…': …`, in the order of the file."""
        placed = [
            (line_of(self.lines_of_keys, f"{name}.{one.key}".rstrip("."), one.what), name, one)
            for name, mistakes in found.items()
            for one in mistakes
        ]
        placed.sort(key=lambda entry: entry[0])
        return [
            f"{self.path}:{line}: {label}connection {name!r}, {one}" for line, name, one in placed
        ]


def secret_warnings(path: str | Path, connections: Mapping[str, Connection]) -> Iterator[str]:
    """Warnings about weak or missing secrets in a JSON file; no secret is shown."""
    try:
        secrets = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        secrets = None
    if not isinstance(secrets, dict):
        yield f"{path}: warning: is no JSON object of lists of texts"
        return
    for name, connection in connections.items():
        listed = secrets.get(name, [])
        texts = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
        if not texts and connection.kind != "salesforce_cdc":
            yield f"{path}: warning: connection {name!r} has no secret: every request is refused"
        for weakness in filter(None, map(weakness_of, texts)):
            yield f"{path}: warning: a secret of connection {name!r} {weakness}"


def _account(base_url: str) -> Callable[[Connection], Iterable[Mistake]]:
    """Ask the account for its custom fields, and say how many requests that took."""
    from import_relay.check import account_check  # late: it needs an HTTP client

    token = os.environ.get("MATEO_TOKEN", "").strip()
    if not token:
        raise ConfigurationError("--account needs Mateo's token in the variable MATEO_TOKEN")
    with account_check.account_client() as client:
        fields = account_check.custom_fields(client, base_url, token)
    requests = len(fields) // account_check.ANSWER_ROWS + 1
    print(f"{base_url}: {len(fields)} custom fields; requests of today spent: {requests}")
    return lambda connection: account_check.account_mistakes(connection, fields)


def main(arguments: Sequence[str]) -> int:
    """0 when the file can be deployed, 1 with its mistakes, 2 if the account cannot be asked."""
    parser = argparse.ArgumentParser(
        prog="python -m import_relay.check", description="Check connections.toml."
    )
    parser.add_argument("file", help="connections.toml")
    parser.add_argument("--secrets", metavar="FILE", help="the connections' secrets, to be judged")
    parser.add_argument(
        "--account",
        action="store_true",
        help="compare columns with the Mateo account whose token is in MATEO_TOKEN",
    )
    parser.add_argument("--mateo-url", default=MATEO_URL, help=MATEO_URL)
    options = parser.parse_args(arguments)
    try:
        of_account = _account(options.mateo_url) if options.account else None
    except ConfigurationError as error:
        print(error.detail, file=sys.stderr)
        return 2
    found = findings(options.file, of_account)
    warnings = list(found.warnings)
    if not found.mistakes:
        connections = parse_connections(read_text(options.file))
        if options.secrets:
            warnings += secret_warnings(options.secrets, connections)
        print(f"{options.file}: {', '.join(connections) or 'no connection'}")
    for line in (*found.mistakes, *warnings):
        print(line, file=sys.stderr)
    return 1 if found.mistakes else 0
