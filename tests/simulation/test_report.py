"""A report uses Jepsen's words, and its numbers add up."""

import io
import json
from collections import Counter

from tests.simulation.report import (
    Failure,
    Progress,
    Report,
    RunTotals,
    coverage,
    json_of,
    text_of,
    text_of_one,
    verdict,
)
from tests.simulation.scenario import Findings, Scenario, Violation
from tests.simulation.world import Fault

PUT = "S3.PutObject"


def run_of(seed: int, *violations: Violation, fault: Fault = Fault.SLOW) -> Findings:
    return Findings(
        Scenario(seed, (), {2: fault, 9: Fault.LOSE}),
        Counter(attempted=10, acknowledged=9, lost=len(violations)),
        Counter(imported=6, rejected=3),
        list(violations),
        calls=5,
        hit={2: PUT},
        days=1.5,
    )


def totals_of(*runs: Findings) -> RunTotals:
    totals = RunTotals(busy_s=0.5)
    for run in runs:
        totals.add(run)
    return totals


def report_of(totals: RunTotals, wanted: int | None = None) -> Report:
    return Report(totals, 1, wanted or totals.seeds, jobs=2, seconds=2.0)


class Terminal(io.StringIO):
    """A terminal, on which a line can be rewritten."""

    def isatty(self) -> bool:
        return True


def test_totals_are_the_sums_of_their_runs() -> None:
    totals = totals_of(run_of(1), run_of(2), run_of(3, Violation("lost", "k")))
    assert (totals.seeds, totals.calls, totals.days) == (3, 15, 4.5)
    assert totals.counts == {"attempted": 30, "acknowledged": 27, "lost": 1}
    assert totals.outcomes == {"imported": 18, "rejected": 9}


def test_a_fault_counts_only_where_it_hit_a_call() -> None:
    assert totals_of(run_of(1), run_of(2, fault=Fault.REFUSE)).hits == {
        (PUT, Fault.SLOW): 1,
        (PUT, Fault.REFUSE): 1,
    }


def test_merged_totals_are_the_totals_of_all_runs() -> None:
    runs = [run_of(1), run_of(2, Violation("lost", "k")), run_of(3), run_of(4)]
    first, second = totals_of(*runs[:2]), totals_of(*runs[2:])
    first.merge(second)
    whole = totals_of(*runs)
    whole.busy_s = 1.0
    assert first == whole
    assert first.per_core == 4.0


def test_a_seed_fails_once_for_each_promise_with_its_first_violation() -> None:
    totals = totals_of(
        run_of(5, Violation("stale", "a"), Violation("lost", "b"), Violation("stale", "c"))
    )
    assert totals.failures == [Failure(5, "lost", "b"), Failure(5, "stale", "a")]


def test_a_report_reads_in_jepsens_words() -> None:
    assert text_of(report_of(totals_of(run_of(1), run_of(2)))) == (
        """\
2 seeds from 1 in 2.0 s by 2 jobs: 1 seeds/s, 4 per core

3.0 virtual days, 10 calls, 2 of them hit by a fault

  attempted                20  items that CRMs tried to deliver, and rows of files
  acknowledged             18  items with a 2xx, rows that were read, and items put back
  lost                      0  acknowledged items that are not where the relay says, or nowhere
  duplicated                0  items or imports that Mateo has twice
  stale                     0  columns that something older was imported into
  unexpected                0  outcomes that nothing explains, rows that nobody delivered
  over-limit                0  times that a limit of the account was exceeded
  recovered                 0  acknowledged items that were redelivered, requeued or put back
  miscounted                0  sums of the relay that do not agree with Mateo
  unreported                0  finished imports and files without a true report
  stuck                     0  things that still wait after days of calm

Outcomes of items:

  imported                 12
  rejected                  6
                -------------
  total                    18

How often each fault hit each operation:

                   die    die  refuse  lose  vanish  repeat  partial  slow    slow  in all
                before  after                                               answer
  S3.PutObject       -      -       -     -       -       -        -     2       -       2
  in all             0      0       0     0       0       0        0     2       0       2

Never hit:
  S3.PutObject: dies before it, dies after it, refused, answer lost, request lost, sent twice, \
done in part, slow answer

No promise was broken."""
    )


def test_the_report_of_one_seed_has_no_table() -> None:
    text = text_of_one(totals_of(run_of(1)))
    assert text.startswith("1.5 virtual days, 5 calls, 1 of them hit by a fault\n\n  attempted")
    assert text.endswith("No promise was broken.")
    assert PUT not in text


def test_every_row_and_column_of_the_table_adds_up() -> None:
    hits = {("A.B", fault): 10**n for n, fault in enumerate(Fault)} | {("C.D", Fault.SLOW): 5}
    lines = list(coverage(hits))
    rows = [[int(cell.replace(",", "").replace("-", "0")) for cell in line.split()[-10:]]
            for line in lines[2:5]]  # fmt: skip
    for row in rows:
        assert sum(row[:-1]) == row[-1]
    assert [one + other for one, other in zip(*rows[:2], strict=True)] == rows[2]


def test_a_table_in_which_every_fault_hit_every_operation_says_so() -> None:
    assert list(coverage({("A.B", fault): 1 for fault in Fault}))[-1] == (
        "Every fault hit every operation."
    )


def test_a_word_that_jepsen_does_not_have_is_shown_too() -> None:
    totals = RunTotals(counts=Counter({"over-limit": 1, "late": 4}))
    assert "\n  late                      4\n" in text_of_one(totals)
    items = json_of(report_of(totals, 1))["items"]
    assert isinstance(items, dict)
    assert list(items)[-2:] == ["stuck", "late"]


def test_broken_promises_are_named_with_their_seeds() -> None:
    failures = [Failure(seed, "lost", f"k{seed}\nmore") for seed in range(30, 10, -1)]
    assert verdict(RunTotals(20, failures=[*failures, Failure(12, "crash: KeyError", "x")])) == (
        """\
BROKEN, in 20 seeds:
  crash: KeyError: 12
    12: x
  lost: 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 10 more
    11: k11"""
    )


def test_a_campaign_that_was_stopped_says_so_first() -> None:
    text = text_of(report_of(totals_of(run_of(1)), wanted=1_000))
    assert text.startswith("STOPPED after 1 of 1,000 seeds from 1 in")


def test_nothing_tried_is_not_a_success() -> None:
    assert text_of(report_of(RunTotals(), 10)).endswith("Nothing was tried.")


def test_the_json_has_the_same_numbers_and_every_failure() -> None:
    totals = totals_of(run_of(1), *(run_of(n, Violation("lost", "k\nat")) for n in range(2, 30)))
    found = json.loads(json.dumps(json_of(report_of(totals))))
    assert found["seeds"] == 29
    assert found["items"]["lost"] == 28
    assert found["outcomes"] == {"imported": 174, "rejected": 87}
    assert found["faults"] == 29
    assert found["hits"] == {PUT: {"SLOW": 29}}
    assert [one["seed"] for one in found["violations"]] == list(range(2, 30))
    assert found["violations"][0] == {"seed": 2, "promise": "lost", "what": "k\nat"}


def test_on_a_terminal_the_line_of_progress_is_rewritten() -> None:
    out = Terminal()
    progress = Progress(out, 1_000, begun=100.0)
    for now in (100.1, 100.5, 100.6, 101.0):
        progress.show(totals_of(run_of(1)), now)
    progress.end()
    first, second, last = out.getvalue().split("\r\x1b[2K")[1:]
    assert first == (
        "1 of 1,000 seeds | 2/s, 2 per core | 2 virtual days | 1 faults hit | 0 violations"
    )
    assert second.startswith("1 of 1,000 seeds | 1/s")
    assert not last


def test_elsewhere_there_is_a_line_every_ten_seconds() -> None:
    out = io.StringIO()
    progress = Progress(out, 1_000, begun=100.0)
    for now in (101.0, 109.9, 110.0, 115.0, 120.1):
        progress.show(totals_of(run_of(1)), now)
    progress.end()
    assert len(out.getvalue().splitlines()) == 2
