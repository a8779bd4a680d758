"""The mail about a day: counts, and where its page is. No personal data. Pure."""

from collections.abc import Iterator
from urllib.parse import quote

from import_relay.report.daily.daily_summary import DailySummary
from import_relay.report.daily.day_counts import FAILED, REJECTED, SHOWN
from import_relay.report.daily.markup import duration, number


def subject(summary: DailySummary) -> str:
    """One line that says whether somebody has to act."""
    totals = summary.total.totals
    bad = totals[FAILED] + totals[REJECTED]
    told = f"{number(bad)} failed or rejected" if bad else "nothing failed"
    return f"{summary.stack} {summary.day}: {number(totals['imported'])} imported, {told}"


def text(summary: DailySummary, address: str, key: str) -> str:
    """The mail: `address` opens the page in the AWS console, `key` is where it lies."""
    return "\n".join([*_counts(summary), "", f"Page: {key}", address, *_commands(summary)]) + "\n"


def console_address(region: str, bucket: str, key: str) -> str:
    """The page of the AWS console for an object: its button Open shows it."""
    return (
        f"https://{region}.console.aws.amazon.com/s3/object/{bucket}"
        f"?region={region}&prefix={quote(key, safe='/')}"
    )


def _counts(summary: DailySummary) -> Iterator[str]:
    totals, waits = summary.total.totals, summary.waits
    yield f"{summary.stack}, {summary.day} ({summary.day.zone.key})"
    yield ""
    yield from (f"{what:<10}{number(totals[what]):>10}" for what in SHOWN)
    yield f"{'open':<10}{number(summary.problem_count):>10}"
    yield ""
    yield f"Until imported: median {duration(waits.median)}, 95 % {duration(waits.percent_95)}"
    for what, used in (("Entities", summary.entities), ("Requests", summary.requests)):
        yield f"{what}: {number(used.used)} of {number(used.limit)}{used.by_lane}"
    if summary.connections:
        yield ""
        yield f"{'connection':<24}{''.join(f'{what:>10}' for what in SHOWN)}"
    for one in summary.connections:
        yield f"{one.name:<24}{''.join(f'{number(one.totals[what]):>10}' for what in SHOWN)}"


def _commands(summary: DailySummary) -> Iterator[str]:
    yield f"`relay open --stack {summary.stack}` shows the page."
    if summary.total.totals[FAILED] or summary.total.totals[REJECTED] or summary.problem_count:
        yield f"`relay failures --stack {summary.stack}` lists what is open."
