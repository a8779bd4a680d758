"""The pictures of the daily report, as SVG: who received and ended how much in which hour. Pure.

Drawn for a phone's width; a wider screen shows several beside each other. Colours are classes of
the page, so that light and dark follow the reader.
"""

from collections.abc import Iterator

from import_relay.report.daily.daily_summary import ConnectionDay, UsedQuota
from import_relay.report.daily.day_counts import FAILED, HOURS, IMPORTED, RECEIVED, REJECTED, SHOWN
from import_relay.report.daily.markup import escaped, number

WIDTH, LEFT, RIGHT = 360, 34, 4
TOP, ABOVE, BELOW, LABEL_ROOM = 8, 84, 30, 16
HEIGHT = TOP + ABOVE + BELOW + LABEL_ROOM
BASE = TOP + ABOVE
STEP = (WIDTH - LEFT - RIGHT) / HOURS
BAR = 5.5
MIN_BAR = 2.5
"""The shortest bar: what is not zero must be visible."""


def hours_picture(day: ConnectionDay, title: str, *, name: str) -> str:
    """Bars of each hour: received and imported upwards, failed and rejected downwards.

    The two directions have scales of their own, since few of many fail. `name`: unique in the page.
    """
    up = _top(max(*day.hours[RECEIVED], *day.hours[IMPORTED]))
    bad = [sum(pair) for pair in zip(day.hours[FAILED], day.hours[REJECTED], strict=True)]
    down = _top(max(bad))
    said = ", ".join(f"{number(day.totals[what])} {what}" for what in SHOWN)
    return "".join(
        [
            f'<svg class="hours" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" ',
            f'aria-labelledby="{name}-t {name}-d">',
            f'<title id="{name}-t">{escaped(title)} by hour</title>',
            f'<desc id="{name}-d">{escaped(said)}. {escaped(_busiest(day))}</desc>',
            *_axes(up, down, sum(bad)),
            *(_hour(day, hour, up, down) for hour in range(HOURS)),
            "</svg>",
        ]
    )


def quota_picture(used: UsedQuota, what: str, *, name: str) -> str:
    """One bar: how much of a daily limit was used."""
    width = round(used.percent / 100 * WIDTH, 1)
    text = f"{number(used.used)} of {number(used.limit)} {what}"
    fill = "full" if used.percent >= 95 else "imported"
    return (
        f'<svg class="quota" viewBox="0 0 {WIDTH} 12" role="img" preserveAspectRatio="none" '
        f'aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{escaped(what)}</title>'
        f'<desc id="{name}-d">{escaped(text)}</desc>'
        f'<rect class="track" width="{WIDTH}" height="12"/>'
        f'<rect class="{fill}" width="{width}" height="12"/></svg>'
    )


def _top(most: int) -> int:
    """The end of a scale: 1, 2 or 5 and zeros, not below what is shown."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if scale * step >= most:
                return scale * step
        scale *= 10


def _busiest(day: ConnectionDay) -> str:
    received = day.hours[RECEIVED]
    if not any(received):
        return "Nothing was received."
    hour = received.index(max(received))
    return f"Most in the hour from {hour}:00, {number(received[hour])} received."


def _axes(up: int, down: int, bad: int) -> Iterator[str]:
    for at, text in ((TOP, _short(up)), (TOP + ABOVE / 2, ""), (BASE, "0")):
        yield _line(at, "base" if at == BASE else "grid")
        yield _label(LEFT - 4, at + 3, text, "end")
    if bad:
        yield _line(BASE + BELOW, "grid")
        yield _label(LEFT - 4, BASE + BELOW + 3, _short(down), "end")
    for hour in range(0, HOURS + 1, 6):
        anchor = "end" if hour == HOURS else "middle"
        yield _label(_x(hour), HEIGHT - 2, f"{hour}:00" if hour < HOURS else "24", anchor)


def _short(count: int) -> str:
    """The end of a scale in the room beside it: `50,000`, `100 k`, `5 M`."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if count >= max(unit, 100_000):
            return f"{number(count // unit)} {name}"
    return number(count)


def _line(at: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:g}" y2="{at:g}"/>'


def _label(at_x: float, at_y: float, text: str, anchor: str) -> str:
    return f'<text x="{at_x:g}" y="{at_y:g}" text-anchor="{anchor}">{text}</text>' if text else ""


def _x(hour: float) -> float:
    return round(LEFT + hour * STEP, 2)


def _hour(day: ConnectionDay, hour: int, up: int, down: int) -> str:
    counts = {what: day.hours[what][hour] for what in SHOWN}
    if not any(counts.values()):
        return ""
    said = ", ".join(f"{number(counts[what])} {what}" for what in SHOWN)
    first, second = _x(hour + 0.08), _x(hour + 0.08) + BAR + 0.7
    failed = _size(counts[FAILED], down, BELOW)
    rejected = _size(counts[REJECTED], down, BELOW)
    return "".join(
        [
            f"<g><title>{hour}:00: {said}</title>",
            _upwards("received", first, _size(counts[RECEIVED], up, ABOVE)),
            _upwards("imported", second, _size(counts[IMPORTED], up, ABOVE)),
            _bar("failed", first, BASE + 1, failed),
            _bar("rejected", second, BASE + 1, rejected),
            "</g>",
        ]
    )


def _upwards(kind: str, at: float, height: float) -> str:
    return _bar(kind, at, BASE - height, height)


def _size(count: int, top: int, room: float) -> float:
    return max(MIN_BAR, round(count / top * room, 1)) if count else 0.0


def _bar(kind: str, at_x: float, at_y: float, height: float) -> str:
    if not height:
        return ""
    return (
        f'<rect class="{kind}" x="{at_x:.2f}" y="{at_y:.1f}" width="{BAR}" height="{height:.1f}"/>'
    )
