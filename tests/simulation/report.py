"""What runs of the simulation found, in Jepsen's words: counts that add up, as text and as JSON.

Every worker of `campaign` fills a `RunTotals`; the command adds them up, shows its `Progress` and
prints a `Report`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from tests.simulation.scenario import Findings
from tests.simulation.world import Fault

WORDS: Mapping[str, str] = {  # Jepsen's, and three more
    "attempted": "items that CRMs tried to deliver, and rows of files",
    "acknowledged": "items with a 2xx, rows that were read, and items put back",
    "lost": "acknowledged items that are not where the relay says, or nowhere",
    "duplicated": "items or imports that Mateo has twice",
    "stale": "columns that something older was imported into",
    "unexpected": "outcomes that nothing explains, rows that nobody delivered",
    "over-limit": "times that a limit of the account was exceeded",
    "recovered": "acknowledged items that were redelivered, requeued or put back",
    "miscounted": "sums of the relay that do not agree with Mateo",
    "unreported": "finished imports and files without a true report",
    "stuck": "things that still wait after days of calm",
}
TERMINAL_PERIOD_S, PERIOD_S = 0.2, 10.0
"""Between two lines of progress: on a terminal, and elsewhere."""
SEEDS_NAMED = 10
"""Failing seeds that the text names for each promise; the JSON has all of them."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One promise that one seed breaks, and the first way in which it does."""

    seed: int
    promise: str
    what: str

    @property
    def brief(self) -> str:
        """Its first line: a traceback has more."""
        return self.what.partition("\n")[0]


@dataclass(slots=True)
class RunTotals:
    """Sums over seeds. `hits`: (operation, fault) → how often; `met`: condition → in how many runs.

    `busy_s`: CPU time, in s.
    """

    seeds: int = 0
    calls: int = 0
    days: float = 0.0
    busy_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    hits: Counter[tuple[str, Fault]] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def add(self, findings: Findings) -> None:
        """Count one run. Of several violations of one promise the first is kept."""
        self.seeds += 1
        self.calls += findings.calls
        self.days += findings.days
        self.counts.update(findings.counts)
        self.outcomes.update(findings.outcomes)
        self.met.update(findings.met)
        faults = findings.scenario.faults
        self.hits.update((operation, faults[n]) for n, operation in findings.hit.items())
        seed = findings.scenario.seed
        first = {one.promise: one.what for one in reversed(findings.violations)}
        self.failures += [Failure(seed, promise, first[promise]) for promise in sorted(first)]

    def merge(self, other: "RunTotals") -> None:
        """Add the sums of other seeds."""
        self.seeds += other.seeds
        self.calls += other.calls
        self.days += other.days
        self.busy_s += other.busy_s
        self.counts.update(other.counts)
        self.outcomes.update(other.outcomes)
        self.met.update(other.met)
        self.hits.update(other.hits)
        self.failures += other.failures

    @property
    def per_core(self) -> float:
        """Seeds per second of CPU time: what a core with nothing else to do runs."""
        return self.seeds / self.busy_s if self.busy_s else 0.0

    def by_promise(self) -> Mapping[str, Sequence[Failure]]:
        """The failures of each promise, by seed."""
        found: dict[str, list[Failure]] = defaultdict(list)
        for failure in sorted(self.failures, key=lambda one: (one.promise, one.seed)):
            found[failure.promise].append(failure)
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """A campaign. `wanted`: seeds that were asked for, from `first`; `seconds`: of wall time."""

    totals: RunTotals
    first: int
    wanted: int
    jobs: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Seeds per second, all cores together."""
        return self.totals.seeds / self.seconds if self.seconds else 0.0

    @property
    def is_whole(self) -> bool:
        """Whether every seed that was asked for has run."""
        return self.totals.seeds == self.wanted


@dataclass(slots=True)
class Progress:
    """How far a campaign is: one line that is rewritten on a terminal, else one every 10 s."""

    out: TextIO
    wanted: int
    begun: float
    shown: float = 0.0

    def show(self, totals: RunTotals, now: float) -> None:
        """Write it, if it is time to."""
        terminal = self.out.isatty()
        period = TERMINAL_PERIOD_S if terminal else PERIOD_S
        if now - max(self.shown, self.begun) < period:
            return
        self.shown = now
        rate = totals.seeds / (now - self.begun)
        line = (
            f"{totals.seeds:,} of {self.wanted:,} seeds | {rate:,.0f}/s, {totals.per_core:,.0f} "
            f"per core | {totals.days:,.0f} virtual days | {totals.hits.total():,} faults hit | "
            f"{len(totals.failures):,} violations"
        )
        self.out.write(f"\r\x1b[2K{line}" if terminal else f"{line}\n")
        self.out.flush()

    def note(self, failures: Sequence[Failure]) -> None:
        """Say at once which seeds failed, long before the campaign ends."""
        for one in failures:
            start = "\r\x1b[2K" if self.out.isatty() else ""
            self.out.write(f"{start}seed {one.seed}, {one.promise}: {one.what.splitlines()[0]}\n")
        self.out.flush()

    def end(self) -> None:
        """Clear the line for what comes next."""
        if self.out.isatty():
            self.out.write("\r\x1b[2K")
            self.out.flush()


def text_of(report: Report) -> str:
    """The report of a campaign, for a person."""
    totals = report.totals
    seeds = f"{totals.seeds:,} seeds from {report.first}"
    if not report.is_whole:
        seeds = f"STOPPED after {totals.seeds:,} of {report.wanted:,} seeds from {report.first}"
    speed = f"{report.per_second:,.0f} seeds/s, {totals.per_core:,.0f} per core"
    parts = [
        f"{seeds} in {report.seconds:,.1f} s by {report.jobs} jobs: {speed}",
        *_what_happened(totals),
        "How often each fault hit each operation:",
        "\n".join(coverage(totals.hits)),
        verdict(totals),
    ]
    return "\n\n".join(parts)


def text_of_one(totals: RunTotals) -> str:
    """The report of a single seed: without the table, which would be empty."""
    return "\n\n".join([*_what_happened(totals), verdict(totals)])


def _what_happened(totals: RunTotals) -> Iterator[str]:
    yield (
        f"{totals.days:,.1f} virtual days, {totals.calls:,} calls, "
        f"{totals.hits.total():,} of them hit by a fault"
    )
    others = sorted(set(totals.counts) - set(WORDS))
    yield "\n".join(
        f"  {word:<14}{totals.counts[word]:>13,}  {WORDS.get(word, '')}".rstrip()
        for word in (*WORDS, *others)
    )
    outcomes = sorted(totals.outcomes.items(), key=lambda one: (-one[1], one[0]))
    lines = [f"  {outcome:<14}{count:>13,}" for outcome, count in outcomes]
    total = [f"  {'':<14}{'-' * 13}", f"  {'total':<14}{totals.outcomes.total():>13,}"]
    yield "\n".join(["Outcomes of items:", "", *lines, *total])
    if totals.met:
        met = [f"  {count:>13,}  {name}" for name, count in totals.met.most_common()]
        yield "\n".join(["In how many worlds:", "", *met])


def coverage(hits: Mapping[tuple[str, Fault], int]) -> Iterator[str]:
    """A table of operations and faults, and the combinations that never happened."""
    operations = sorted({operation for operation, _ in hits})
    if not operations:
        yield "  no fault hit anything"
        return
    rows = [[hits.get((operation, fault), 0) for fault in Fault] for operation in operations]
    sums = [sum(column) for column in zip(*rows, strict=True)]
    table = [[f"{count:,}" if count else "-" for count in (*row, sum(row))] for row in rows]
    table.append([f"{count:,}" for count in (*sums, sum(sums))])
    heads = [(*fault.name.lower().split("_"), "")[:2] for fault in Fault]
    upper = ["", *(first for first, _ in heads), "in all"]
    lower = ["", *(second for _, second in heads), ""]
    named = [[name, *cells] for name, cells in zip([*operations, "in all"], table, strict=True)]
    yield from _aligned([upper, lower, *named])
    never = []
    for operation in operations:
        missed = [str(fault) for fault in Fault if not hits.get((operation, fault))]
        never += [f"  {operation}: {', '.join(missed)}"] if missed else []
    yield ""
    yield from ["Never hit:", *never] if never else ["Every fault hit every operation."]


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (cell.rjust(width + 2) for cell, width in zip(others, widths[1:], strict=True))
        yield f"  {first:<{widths[0]}}{''.join(cells)}".rstrip()


def verdict(totals: RunTotals) -> str:
    """The promises that were broken, with the seeds that break them."""
    broken = totals.by_promise()
    if not broken:
        return "No promise was broken." if totals.seeds else "Nothing was tried."
    lines = [f"BROKEN, in {len({one.seed for one in totals.failures}):,} seeds:"]
    for promise, failures in broken.items():
        named = ", ".join(str(one.seed) for one in failures[:SEEDS_NAMED])
        more = len(failures) - SEEDS_NAMED
        lines.append(f"  {promise}: {named}{f' and {more:,} more' if more > 0 else ''}")
        lines.append(f"    {failures[0].seed}: {failures[0].brief}")
    return "\n".join(lines)


def json_of(report: Report) -> Mapping[str, object]:
    """The report of a campaign, for a program: plain values, every failure in it."""
    totals = report.totals
    hits: dict[str, dict[str, int]] = defaultdict(dict)
    for (operation, fault), count in sorted(totals.hits.items()):
        hits[operation][fault.name] = count
    return {
        "first": report.first,
        "wanted": report.wanted,
        "seeds": totals.seeds,
        "jobs": report.jobs,
        "seconds": round(report.seconds, 3),
        "seeds_per_second": round(report.per_second, 1),
        "seeds_per_second_and_core": round(totals.per_core, 1),
        "virtual_days": round(totals.days, 3),
        "calls": totals.calls,
        "faults": totals.hits.total(),
        "items": {
            word: totals.counts[word] for word in (*WORDS, *sorted(set(totals.counts) - {*WORDS}))
        },
        "outcomes": dict(sorted(totals.outcomes.items())),
        "hits": hits,
        "violations": [
            {"seed": one.seed, "promise": one.promise, "what": one.what}
            for failures in totals.by_promise().values()
            for one in failures
        ],
    }
