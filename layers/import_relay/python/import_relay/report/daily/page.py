"""The page of the daily report: one HTML document that loads nothing. Pure; called by `writing`.

Every value is escaped, and its policy lets a browser run and load nothing even if one were not.
"""

from collections.abc import Iterator
from importlib.resources import files
from string import Template

from import_relay.report.daily.daily_summary import ConnectionDay, DailySummary, UsedQuota
from import_relay.report.daily.day_counts import FAILED, HOURS, IMPORTED, RECEIVED, REJECTED, SHOWN
from import_relay.report.daily.markup import (
    date_and_time,
    duration,
    escaped,
    how_many,
    html_table,
    number,
    prose,
    time_of_day,
)
from import_relay.report.daily.pictures import hours_picture, quota_picture
from import_relay.report.problems import ProblemGroup


def page(summary: DailySummary) -> bytes:
    """The document, in UTF-8."""
    day = summary.day.calendar
    frame = files("import_relay.report.daily").joinpath("page.html").read_text(encoding="utf-8")
    text = Template(frame).substitute(
        title=f"Import relay, {summary.day}",
        heading=f"{day:%A}, {day.day} {day:%B %Y}",
        about=escaped(_about(summary)),
        tiles="".join(_tiles(summary)),
        quota="".join(_quota(summary)),
        pictures="".join(_pictures(summary)),
        connections=_connections(summary),
        problems="".join(_problems(summary)),
        imports=_imports(summary),
        hours=_hours(summary),
    )
    return text.encode()


def _about(summary: DailySummary) -> str:
    written = date_and_time(summary.written_at, summary.day.zone)
    so_far = "" if summary.is_over else " The day is not over yet."
    return f"{summary.stack}. Times in {summary.day.zone.key}. Written on {written}.{so_far}"


def _tiles(summary: DailySummary) -> Iterator[str]:
    for what in SHOWN:
        count = summary.total.totals[what]
        is_bad = what in (FAILED, REJECTED) and count > 0
        yield _tile(what, number(count), "bad" if is_bad else "")
    yield _tile("open problems", number(summary.problem_count), "bad" * bool(summary.problem_count))
    yield _tile("until imported, median", duration(summary.waits.median))
    yield _tile("until imported, 95\u00a0%", duration(summary.waits.percent_95))


def _tile(what: str, shown: str, kind: str = "") -> str:
    return f'<div class="tile {kind}"><dt>{escaped(what)}</dt><dd>{escaped(shown)}</dd></div>'


def _quota(summary: DailySummary) -> Iterator[str]:
    used: tuple[tuple[str, UsedQuota], ...] = (
        ("entities", summary.entities),
        ("requests", summary.requests),
    )
    for what, one in used:
        of_day = f"{number(one.used)} of {number(one.limit)} {what}"
        text = f"{of_day}, {one.percent:.0f} %{one.by_lane}"
        spent = ". Further records wait for the next day." if one.used >= one.limit else ""
        yield f"<p>{text}{spent}</p>{quota_picture(one, what, name=f'quota-{what}')}"


def _pictures(summary: DailySummary) -> Iterator[str]:
    shown = [("All connections", summary.total)] if len(summary.connections) != 1 else []
    shown += [(one.name, one) for one in summary.connections]
    for place, (title, day) in enumerate(shown):
        yield (
            f"<figure><figcaption><bdi>{escaped(title)}</bdi> "
            f"<small>{_said(day)}</small></figcaption>"
            f"{hours_picture(day, title, name=f'hours-{place}')}</figure>"
        )


def _said(day: ConnectionDay) -> str:
    return f"{number(day.totals[RECEIVED])} received, {number(day.totals[IMPORTED])} imported"


def _connections(summary: DailySummary) -> str:
    others = [what for what in summary.total.totals if what not in SHOWN]
    rows: list[list[str | int]] = [
        [one.name, *(one.totals.get(what, 0) for what in (*SHOWN, *others))]
        for one in (*summary.connections, summary.total._replace(name="together"))
    ]
    return html_table("Records of each connection", ("connection", *SHOWN, *others), rows)


def _problems(summary: DailySummary) -> Iterator[str]:
    if not summary.problems:
        yield f'<p class="good">Nothing is open of the last {summary.open_since_days} days.</p>'
        return
    yield (
        f"<p>{number(summary.problem_count)} of the last {summary.open_since_days} days that no "
        f"later success closed, in {how_many(summary.group_count, 'group')}. "
        f"<code>failures.xlsx</code> beside this page lists "
        f"{number(summary.listed)} of them, to be corrected and imported again.</p>"
    )
    yield from (_problem(summary, one) for one in summary.problems)


def _problem(summary: DailySummary, one: ProblemGroup) -> str:
    zone = summary.day.zone
    first, last = (date_and_time(at / 1_000_000, zone) for at in (one.first, one.last))
    when = first if first == last else f"{first} to {last}"
    column = f", column <code>{escaped(one.field)}</code>" if one.field else ""
    return (
        f'<article><h3><span class="count">{number(one.count)}</span> {escaped(one.kind)}: '
        f"<bdi>{escaped(one.connection)}</bdi></h3>"
        f"<p><code>{escaped(one.code)}</code>{column} <small>{escaped(when)}</small></p>"
        f'<p dir="auto">{prose(one.reason)}</p>'
        f"<p><b>What to do:</b> {prose(one.what_to_do)}</p></article>"
    )


def _imports(summary: DailySummary) -> str:
    if not summary.imports:
        return "<p>No import ended on this day.</p>"
    left = summary.import_count - len(summary.imports)
    caption = f"{how_many(summary.import_count, 'import')} that ended on this day"
    if left:
        caption += f", the {number(len(summary.imports))} longest"
    zone = summary.day.zone
    return html_table(
        caption,
        ("begun", "took", "type", "rows", "failed", "import"),
        [
            (
                time_of_day(one.created_at, zone),
                duration(one.minutes),
                one.type,
                one.rows,
                one.failed + one.unaccounted,
                one.reference,
            )
            for one in summary.imports
        ],
    )


def _hours(summary: DailySummary) -> str:
    hours = summary.total.hours
    return html_table(
        "All connections by hour",
        ("hour", *SHOWN),
        [(f"{hour}:00", *(hours[what][hour] for what in SHOWN)) for hour in range(HOURS)],
    )
