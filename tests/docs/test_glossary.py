"""docs/glossary.md: its modules exist, and the words that it replaced are gone everywhere."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.documents import ROOT, Section, document

RELAY = "layers/import_relay/python/import_relay/"
WORDS = Section(document("docs/glossary.md").text).rows

PARTS = {
    "gate": "pause",
    "gates": "pauses",
    "strikes": "consecutive failures",
    "defer": "requeue",
    "deferred": "requeued",
    "deferral": "requeue",
    "deferring": "requeuing",
    "deferrals": "requeues",
    "parked": "requeued",
    "slot": "permit",
    "slots": "permits",
    "tally": "outcome counts",
    "tallies": "outcome counts",
    "settle": "record an outcome",
    "settled": "recorded",
    "settles": "records an outcome",
    "settlement": "outcome",
    "settlements": "outcomes",
    "thaw": "load",
    "hindrance": "blocker",
    "hindrances": "blockers",
    "origin": "item id",
    "origins": "item ids",
    "moment": "timestamp, or time in prose",
    "moments": "timestamps, or times in prose",
    "halve": "bisect",
    "halved": "bisected",
    "halvings": "bisections",
    "outlook": "forecast",
    "twin": "fake",
    "twins": "fakes",
    "weather": "fault profile",
    "pretended": "stub",
    "bury": "write a tombstone",
    "buried": "has a tombstone",
    "aside": "in the dead-letter queue",
    "rehearsal": "test",
    "rehearsed": "tested",
    "largest_": "max_",
    "longest_": "max_",
    "deepest_": "max_",
    "shortest_": "min_",
    "most_": "max_",
}
"""Retired words, alone or as a part of a name → what is said instead."""
PHRASES = {
    "give back": "release",
    "given back": "released",
    "gives back": "releases",
    "send back": "requeue",
    "sent back": "requeued",
    "brought again": "redelivered, requeued or retried",
    "brings again": "redelivers, requeues or retries",
    "mateo sandbox": "Mateo emulator",
    "local mateo": "Mateo emulator",
}
FOLDERS = (
    "docs",
    "functions",
    "layers",
    "local",
    "mateo_emulator",
    "relay_ops",
    "statemachine",
    "tests",
)
FILES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "template.yaml")
SUFFIXES = (".py", ".md", ".yaml", ".toml", ".txt")
SELF = ("docs/glossary.md", "tests/docs/test_glossary.py")
ALLOWED = (
    ("slots", r".", r"slots=True|__slots__", "a parameter of dataclasses"),
    ("slot", r"pyproject|calcom", r"SLOT|TimeSlot", "a rule of ruff, a field of Cal.com"),
    (
        "origins?",
        (
            r"cloudevents|connectors/contract|connections.toml|receive|responses|client|crm_api|http_bodies|server|simulation/mateo"
            r"|scenario|fault_profile|mateo_faults|support/mateo|openapi|application|runbook|errors|intake"
            r"|receiving|(unit|integration)/(report|track)|built"
        ),
        r"origins?",
        "what HTTP calls so: scheme, host and port; and where Python finds a module",
    ),
    ("moments?", r"published", r"moments?", "Mateo's own document"),
)
"""Words (a pattern) that are something else: in which files, in which texts, and why."""


def pattern(word: str) -> re.Pattern[str]:
    if word.endswith("_"):
        return re.compile(rf"(?<![A-Za-z]){word.upper()}")
    text = word.replace(" ", r"[_ -]")
    low = rf"(?<![A-Za-z])(?i:{text})(?![A-Za-z])"
    camel = rf"(?<![A-Z]){text.title().replace('[_ -]', '')}(?![a-z])"
    return re.compile(f"{low}|{camel}")


@cache
def texts() -> dict[str, str]:
    paths = [ROOT / name for name in FILES]
    paths += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return {
        name: path.read_text(encoding="utf-8")
        for path in paths
        if path.is_file() and path.suffix in (*SUFFIXES, "")
        for name in (path.relative_to(ROOT).as_posix(),)
        if name not in SELF and "published" not in name
    }


def found(word: str) -> Iterator[str]:
    retired = pattern(word)
    allowed = [one for one in ALLOWED if re.fullmatch(one[0], word)]
    for name, text in texts().items():
        if not retired.search(text):
            continue
        other = [one[2] for one in allowed if re.search(one[1], name)]
        for number, line in enumerate(text.split("\n"), start=1):
            rest = re.sub("|".join(other), "", line, flags=re.IGNORECASE) if other else line
            if retired.search(rest):
                yield f"{name}:{number}: {line.strip()}"


@pytest.mark.parametrize("word", [*PARTS, *PHRASES])
def test_a_retired_word_is_nowhere(word: str) -> None:
    instead = {**PARTS, **PHRASES}[word]
    assert list(found(word)) == [], f"say {instead!r}"


@pytest.mark.parametrize("row", WORDS, ids=[row[0] for row in WORDS])
def test_each_word_has_one_sentence_and_a_module(row: list[str]) -> None:
    _, meaning, module = row
    path = module.strip("`")
    assert meaning[0].isupper()
    assert meaning.endswith(".")
    assert (ROOT / RELAY / path).is_file() or (ROOT / path).is_file(), path


def test_the_words_are_few_and_none_is_listed_twice() -> None:
    words = [row[0] for row in WORDS]
    assert len(words) == len(set(words))
    assert 40 <= len(words) <= 70


CONTRACT = frozenset(
    {
        *("OPTIONS", "DEFAULTS", "REPLIES"),
        *("verify", "sign", "split", "interpret", "check_options"),
        *("IDS_PER_READ", "MAX_TIME_LAG_S", "REQUESTS_PER_SECOND", "read"),
    }
)
"""What every connector and every fetcher has: `connectors/contract.py`, `fetcher_contract.py`."""


ENTRIES = frozenset({"T", "command", "main"})
"""A variable of types, what a command of `relay` runs, and what a process does."""


def public_names(*packages: str) -> dict[str, set[str]]:
    """Classes, constants and functions of packages → the modules that define them."""
    where: dict[str, set[str]] = defaultdict(set)
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                for name in _defined_by(node):
                    if not name.startswith("_"):
                        where[name].add(path.relative_to(ROOT).as_posix())
    return where


def _defined_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            assigned = [one for target in targets for one in ast.walk(target)]
            return [one.id for one in assigned if isinstance(one, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def test_a_public_name_means_one_thing() -> None:
    """In all packages together: a search for it finds the one place."""
    names = public_names(RELAY, "relay_ops", "local", "mateo_emulator")
    shared = {name: sorted(modules) for name, modules in names.items() if len(modules) > 1}
    assert {name: where for name, where in shared.items() if name not in CONTRACT | ENTRIES} == {}
