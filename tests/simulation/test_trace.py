"""A trace is short, marks what matters and shows where two runs differ."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.simulation.scenario import (
    Account,
    Findings,
    PutBack,
    Record,
    Scenario,
    Upload,
    Violation,
    Webhook,
)
from tests.simulation.trace import (
    Row,
    clock,
    describe,
    difference,
    folded,
    names_in,
    rows_of,
    tell,
    trace,
)
from tests.simulation.world import START, Fault, Line

SCENARIO = Scenario(
    7,
    [Webhook(0.0, "crm", f"e{n}", [Record(f"k{n}", 1, {})]) for n in (1, 12)],
    {4: Fault.DIE_AFTER},
    account=Account(time_zone="Europe/Berlin"),
)


def line(what: str, at: float = 0.0, who: str = "submit#1", **details: object) -> Line:
    return Line(START + at, who, what, details)


def findings(*lines: Line, what: str = "k1 has no outcome") -> Findings:
    return Findings(SCENARIO, violations=[Violation("lost", what)], trace=lines)


def looks(number: int) -> list[Row]:
    return [Row(60.0 * n, f"track#{n}", "looked", "import=7") for n in range(number)]


def whats(rows: Sequence[Row]) -> list[str]:
    return [row.what for row in rows]


def test_a_trace_reads_as_a_table_with_the_violation_last() -> None:
    told = tell(
        findings(
            line("accepted", 0.05, "receive#1", keys=["k1", "k12"], reason=""),
            line("accepted", 0.5, "receive#2", keys=["k12"]),
            line("S3.PutObject: dies after it", 86_400, "submit#1", fault=4),
            line("died", 86_400.0004, "submit#1", reason=""),
        )
    )
    assert told.splitlines() == [
        "  2 webhooks with 2 records, 1 fault",
        "  account: time_zone=Europe/Berlin",
        "",
        ">   0d 00:00:00.050  receive#1  accepted              keys=[k1, k12]",
        "    0d 00:00:00.500  receive#2  accepted              keys=[k12]",
        "    1d 00:00:00.000  submit#1   S3.PutObject: dies after it  fault=4",
        "    1d 00:00:00.000  submit#1   died",
        "! LOST: k1 has no outcome",
    ]


def test_files_and_replays_of_a_scenario_are_named() -> None:
    upload = Upload(0.0, "erp", "a.csv", [Record("k1", 1, {})])
    scenario = replace(SCENARIO, files=[upload, upload], put_back=[PutBack(60.0)])

    first, *_ = describe(scenario)

    assert first == "  2 webhooks with 2 records, 2 files, 1 replay, 1 fault"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "  0d 00:00:00.000"),
        (59.9996, "  0d 00:01:00.000"),
        (86_399.999, "  0d 23:59:59.999"),
        (12 * 86_400 + 3_661.5, " 12d 01:01:01.500"),
    ],
)
def test_a_time_is_shown_in_days_hours_minutes_seconds_and_thousandths(
    seconds: float, text: str
) -> None:
    assert clock(seconds) == text


def test_a_name_counts_only_as_a_whole() -> None:
    assert names_in([Violation("stale", "e1/k12: older")], SCENARIO) == ["e1", "k12"]


def test_ids_that_the_run_gave_count_as_names() -> None:
    what = "20261101T092104620358-408df8edef/0 of contact-0001 (k1) was within 0.980 s over-limit"
    names = names_in([Violation("lost", what)], SCENARIO)
    assert names == ["20261101T092104620358-408df8edef", "contact-0001", "k1"]


def test_lines_are_marked_that_mention_a_name_at_any_depth() -> None:
    lines = [
        line("sent", rows=[{"key": "k1"}]),
        line("sent", rows=[{"key": "k12"}]),
        line("k1 ends"),
    ]
    assert [row.is_marked for row in rows_of(lines, ["k1"])] == [True, False, True]


def test_repeated_lines_become_one_line_whichever_invocation_wrote_them() -> None:
    short = folded(looks(15), most=120)
    assert whats(short) == ["looked", "... 14 more"]
    assert short[1].at == 14 * 60.0


def test_two_equal_lines_are_not_worth_folding() -> None:
    assert whats(folded(looks(2), most=120)) == ["looked", "looked"]


def test_lines_that_repeat_together_become_one_group() -> None:
    rows = [Row(n, f"submit#{n}", what) for n in range(5) for what in ("starts", "waits", "ends")]
    assert whats(folded(rows, most=120)) == [
        "starts",
        "waits",
        "ends",
        "... these 3 lines 4 more times",
    ]


def test_lines_with_different_details_are_shown_while_there_is_room() -> None:
    rows = [Row(n, "receive", "accepted", f"event=e{n}") for n in range(50)]
    assert folded(rows, most=120) == rows
    assert whats(folded(rows, most=40)) == ["accepted", "... 49 more"]


def test_faults_and_marked_lines_are_never_folded() -> None:
    rows = [
        Row(n, "receive", "accepted", f"event=e{n}", is_marked=n == 20, is_fault=n == 30)
        for n in range(50)
    ]
    short = folded(rows, most=40)
    assert [row.at for row in short if row.is_marked or row.is_fault] == [20, 30]


@pytest.mark.parametrize("step", [2, 7, 1_000])
def test_a_trace_that_stays_too_long_keeps_what_matters_and_its_end(step: int) -> None:
    rows = [Row(n, "f", f"step {n}", is_marked=n % step == 0) for n in range(1_000)]
    short = folded(rows, most=120)
    assert len(short) <= 120
    assert short[-1] == rows[-1]
    assert [row for row in rows if row.is_marked][-1] in short
    told = [row for row in short if not row.what.startswith("...")]
    left_out = sum(int(row.what.split()[1]) for row in short if row.what.startswith("..."))
    assert len(told) + left_out == 1_000


def test_a_full_trace_has_every_line_uncut() -> None:
    trace = findings(*[line("looked", n, text="x" * 200) for n in range(300)])
    assert len(tell(trace).splitlines()) < 10
    assert max(map(len, tell(trace).splitlines())) == 140
    full = tell(trace, full=True)
    assert full.count("looked") == 300
    assert "x" * 200 in full


def test_two_equal_runs_do_not_differ() -> None:
    assert not difference(trace(findings(line("a", n=1))), trace(findings(line("a", n=1))))


@pytest.mark.parametrize(
    "other",
    [
        findings(line("a", n=2)),
        findings(line("a", n=1, at=1e-6)),
        findings(line("a", n=1), line("b")),
        findings(),
        findings(line("a", n=1), what="k12 has no outcome"),
        Findings(SCENARIO, violations=findings().violations, trace=[line("a", n=1)], calls=1),
    ],
)
def test_a_detail_a_time_a_line_a_finding_or_the_calls_can_differ(other: Findings) -> None:
    assert difference(trace(findings(line("a", n=1))), trace(other))


def test_runs_do_not_differ_in_the_order_of_a_set_or_in_an_address() -> None:
    first = trace(findings(line("a", keys=frozenset(("x", "y")), error="<object at 0x7f00>")))
    assert first == trace(findings(line("a", keys={"y", "x"}, error="<object at 0x7fff>")))
    assert "keys={x, y}" in first[-1]


def test_a_difference_names_both_lines() -> None:
    assert difference(["a", "b"], ["a", "c"]) == "line 2:\n  b\n  c"
    assert difference(["a"], ["a", "c"]) == "line 2:\n  (nothing)\n  c"
