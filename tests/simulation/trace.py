"""Tells what happened in a run, as a table that a person can read, and compares two runs.

The command prints the table of a seed that breaks a promise, usually after `shrink` made it short.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from itertools import zip_longest

from tests.simulation.scenario import Account, FaultProfile, Findings, Scenario, Violation
from tests.simulation.world import START, Line

GIVEN_ID = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*-)[\w-]{8,}")
"""Such as the id of a delivery or an import, or an import's reference: long, digits and a dash."""
ADDRESS = re.compile(r"\b0x[0-9a-f]+")
"""Where an object lies in memory, as the text of an error may have it."""
MAX_LINES = 120
WIDTH = 140
WIDEST_WHAT = 20
"""Of the column; longer texts, such as faults, reach into the details."""
MAX_CYCLE = 4
"""Most lines that repeat together, such as start, poll, end."""
MAX_KEPT = 40
"""If a trace is too long, this many marked lines and faults are kept; its end fills the rest."""
ENDINGS = ("died", "failed", "ran into its time limit")
"""How `World` tells that an invocation did not return."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `is_marked`: it concerns a record that the violation names."""

    at: float
    who: str
    what: str
    details: str = ""
    is_marked: bool = False
    is_fault: bool = False

    @property
    def function(self) -> str:
        """`who` without the number of the invocation: `submit 3` is `submit`."""
        return self.who.rstrip("0123456789").rstrip("#-/ ") or self.who


def tell(findings: Findings, *, full: bool = False) -> str:
    """The trace of a run: its scenario, what happened, and which promises it broke.

    `full`: every line, uncut.
    """
    violations = findings.violations
    rows = rows_of(findings.trace, names_in(violations, findings.scenario))
    rows = rows if full else folded(rows, MAX_LINES)
    lines = list(_table(rows))
    if not full:
        lines = [_cut(line, WIDTH) for line in lines]
    broken = [f"! {one.promise.upper()}: {_indented(one.what)}" for one in violations]
    return "\n".join([*describe(findings.scenario), "", *lines, *broken])


def _indented(text: str) -> str:
    return text.rstrip("\n").replace("\n", "\n    ")


def describe(scenario: Scenario) -> Iterator[str]:
    """A scenario in a few lines: its size, and what is unusual of its fault profile and account."""
    records = sum(len(webhook.records) for webhook in scenario.webhooks)
    parts = [f"{_counted(len(scenario.webhooks), 'webhook')} with {_counted(records, 'record')}"]
    parts += [_counted(len(scenario.files), "file")] if scenario.files else []
    parts += [_counted(len(scenario.put_back), "replay")] if scenario.put_back else []
    yield f"  {', '.join([*parts, _counted(len(scenario.faults), 'fault')])}"
    for name, part, plain in (
        ("fault profile", scenario.fault_profile, FaultProfile()),
        ("account", scenario.account, Account()),
    ):
        changed = {
            each.name: getattr(part, each.name)
            for each in fields(part)
            if getattr(part, each.name) != getattr(plain, each.name)
        }
        if changed:
            yield f"  {name}: {_details(changed)}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# ---------------------------------------------------------------- rows


def names_in(violations: Sequence[Violation], scenario: Scenario) -> Sequence[str]:
    """What violations name: records and events of the scenario, and ids that the run gave."""
    text = "\n".join(one.what.partition("\n")[0] for one in violations)
    known = {webhook.event for webhook in scenario.webhooks}
    known |= {record.key for webhook in scenario.webhooks for record in webhook.records}
    named = {name for name in known if name and _mentions(name).search(text)}
    return sorted(named | set(GIVEN_ID.findall(text)))


def _mentions(name: str) -> re.Pattern[str]:
    """Finds a name as a whole: `k1` is not in `k12`."""
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")


def rows_of(lines: Sequence[Line], names: Sequence[str] = ()) -> Sequence[Row]:
    """The rows of a trace; those that mention one of the names are marked."""
    wanted = [_mentions(name) for name in names]

    def row(line: Line) -> Row:
        everything = f"{line.what} {plain(line.details)}"
        return Row(
            line.at - START,
            line.who,
            line.what,
            _details(line.details),
            is_marked=any(name.search(everything) for name in wanted),
            is_fault="fault" in line.details or line.what in ENDINGS,
        )

    return [row(line) for line in lines]


def plain(value: object) -> str:
    """A value as text that is the same in every process: sets are sorted."""
    match value:
        case str():
            return value if re.fullmatch(r"[^\s=,]+", value) else repr(value)
        case Mapping():
            return f"{{{', '.join(f'{key}={plain(each)}' for key, each in value.items())}}}"
        case AbstractSet():
            return f"{{{', '.join(sorted(map(plain, value)))}}}"
        case list() | tuple():
            return f"[{', '.join(map(plain, value))}]"
    return repr(value)


def _details(details: Mapping[str, object]) -> str:
    shown = {name: value for name, value in details.items() if value != ""}
    return " ".join(f"{name}={_short(value)}" for name, value in shown.items())


def _short(value: object) -> str:
    return plain(round(value, 3) if isinstance(value, float) else value)


# ---------------------------------------------------------------- folding


def folded(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """At most `most` rows: folds repetitions, else rows alike, and else leaves out the middle."""
    short = _fold(rows, lambda row: (row.function, row.what, row.details))
    if len(short) > most:
        short = _fold(rows, _likeness)
    return short if len(short) <= most else _ends(short, most)


def _likeness(row: Row) -> object:
    """What rows have in common that need not be told one by one."""
    if row.is_marked or row.is_fault:
        return object()  # like no other
    return row.function, row.what


def _fold(rows: Sequence[Row], likeness: Callable[[Row], object]) -> Sequence[Row]:
    keys = [likeness(row) for row in rows]
    short: list[Row] = []
    start = 0
    while start < len(rows):
        cycle, times = _repetition(keys, start)
        short += rows[start : start + cycle]
        start += cycle * times
        if times > 1:
            last = rows[start - 1]
            more = f"{times - 1:,} more"
            what = f"... {more}" if cycle == 1 else f"... these {cycle} lines {more} times"
            short.append(Row(last.at, last.function, what))
    return short


def _repetition(keys: Sequence[object], start: int) -> tuple[int, int]:
    """How many rows from `start` repeat together, and how often: what saves the most rows."""
    best = (1, 1)
    saved = 0
    for cycle in range(1, MAX_CYCLE + 1):
        pattern = keys[start : start + cycle]
        times = 1
        while keys[start + cycle * times : start + cycle * (times + 1)] == pattern:
            times += 1
        if cycle * (times - 1) - 1 > saved:
            saved = cycle * (times - 1) - 1
            best = (cycle, times)
    return best


def _ends(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """The last marked rows and faults, and the end: what led to the violation."""
    kept = [number for number, row in enumerate(rows) if row.is_marked or row.is_fault]
    chosen = set(kept[-MAX_KEPT:])
    for number in reversed(range(len(rows))):
        if len(chosen) >= most - MAX_KEPT - 1:
            break
        chosen.add(number)
    short: list[Row] = []
    left_out = 0
    for number, row in enumerate(rows):
        if number not in chosen:
            left_out += 1
            continue
        if left_out:
            short.append(_gap(rows[number - 1].at, left_out))
            left_out = 0
        short.append(row)
    return short


def _gap(at: float, left_out: int) -> Row:
    return Row(at, "", f"... {_counted(left_out, 'line')} left out (--full)")


# ---------------------------------------------------------------- text


def _table(rows: Sequence[Row]) -> Iterator[str]:
    who = max((len(row.who) for row in rows), default=0)
    what = max((min(len(row.what), WIDEST_WHAT) for row in rows), default=0)
    for row in rows:
        mark = ">" if row.is_marked else " "
        text = f"{row.who:<{who}}  {row.what:<{what}}  {row.details}".rstrip()
        yield f"{mark} {clock(row.at)}  {text}"


def clock(seconds: float) -> str:
    """A time since the start: days, and hh:mm:ss.mmm."""
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days:>3}d {hours:02}:{minutes:02}:{thousandths / 1000:06.3f}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


# ---------------------------------------------------------------- two runs


def trace(findings: Findings) -> Sequence[str]:
    """Everything that two runs of one scenario must have in common, line by line."""
    head = {
        "calls": findings.calls,
        "days": findings.days,
        "counts": dict(sorted(findings.counts.items())),
        "outcomes": dict(sorted(findings.outcomes.items())),
        "violations": [(one.promise, one.what) for one in findings.violations],
        "hit": dict(findings.hit),
    }
    lines = (f"{line.at!r} {line.who} {line.what} {plain(line.details)}" for line in findings.trace)
    everything = (*(f"{name}: {plain(value)}" for name, value in head.items()), *lines)
    return [ADDRESS.sub("0x", line) for line in everything]


def difference(first: Sequence[str], second: Sequence[str]) -> str:
    """Where two traces first differ; empty if they do not."""
    for number, (one, other) in enumerate(zip_longest(first, second, fillvalue="(nothing)")):
        if one != other:
            return f"line {number + 1}:\n  {_cut(one, 4 * WIDTH)}\n  {_cut(other, 4 * WIDTH)}"
    return ""
