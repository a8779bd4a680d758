"""The daily page: whole, readable by a program too, and nothing in it is obeyed by a browser."""

import re
from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from import_relay.report.daily.daily_summary import DailySummary, UsedQuota
from import_relay.report.daily.day_counts import SHOWN
from import_relay.report.daily.markup import duration, prose
from import_relay.report.daily.page import page
from tests.unit.report.daily.days import group, import_line, summary_of

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></svg><svg onload=alert(1)>",
    "$title ${style} $$",
    "&lt;b&gt; &amp;",
    "\u202egnp.exe\x00\x1b[31m\ud800",
    "{0} %s {{}}",
]
VOID = {"meta", "rect", "line"}


class Document(HTMLParser):
    """What a browser sees: elements with their attributes, and that each one is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def document(summary: DailySummary) -> Document:
    return Document(page(summary).decode())


def shape(found: Document) -> Counter[tuple[str, ...]]:
    """Elements with the names of their attributes; connections are sorted by their names."""
    return Counter((tag, *attributes) for tag, attributes in found.tags)


def busy(text: str = "erp") -> DailySummary:
    """A day with something of everything, and `text` wherever a value may stand."""
    return summary_of(
        {(text, 8, what): 1_000 + place for place, what in enumerate((*SHOWN, "duplicate"))}
        | {("other", 9, "received"): 7},
        waits={3: 10, 90: 1},
        imports=[import_line(reference=text, type=text)],
        groups=[group(connection=text, code=text, field=text, reason=text, what_to_do=text)],
        stack=text,
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_value_becomes_markup(text: str) -> None:
    harmless, hostile = document(busy()), document(busy(text))

    assert shape(hostile) == shape(harmless)


def test_a_value_is_shown_as_it_is() -> None:
    shown = document(busy('<b> & "it\'s"'))

    assert shown.texts.count('<b> & "it\'s"') >= 5


def test_a_character_that_a_browser_would_obey_is_escaped() -> None:
    assert "\u202e" not in page(busy("\u202egnp.exe")).decode()
    assert "\\u202egnp.exe" in page(busy("\u202egnp.exe")).decode()


def test_a_long_text_is_cut() -> None:
    assert len(page(busy("x" * 100_000))) < 50_000


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    found = document(busy())

    assert {tag for tag, _ in found.tags} & {"script", "link", "img", "iframe", "object"} == set()
    names = {name for _, attributes in found.tags for name in attributes}
    assert names & {"src", "href", "srcset", "action", "style"} == set()
    assert not any(name.startswith("on") for name in names)
    text = page(busy()).decode()
    assert "url(" not in text
    assert "@import" not in text
    policies = [one["content"] for _, one in found.tags if one.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_the_page_follows_the_readers_screen_and_colours() -> None:
    text = page(busy()).decode()

    assert 'name="viewport" content="width=device-width' in text
    assert "prefers-color-scheme: dark" in text


def test_every_picture_says_what_it_shows() -> None:
    pictures = re.findall(r"<svg.*?</svg>", page(busy()).decode(), re.DOTALL)

    ids = []
    assert len(pictures) == 5  # all, two connections, two limits
    for text in pictures:
        picture = ET.fromstring(text)  # noqa: S314 - our own text
        title, description = picture.find("title"), picture.find("desc")
        assert title is not None
        assert description is not None
        assert title.text
        assert description.text
        assert picture.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        ids += [title.get("id"), description.get("id")]
    assert len(ids) == len(set(ids))


def test_bars_stay_within_their_picture_and_one_record_among_thousands_is_seen() -> None:
    summary = summary_of(
        {("erp", 0, "received"): 99_999, ("erp", 23, "imported"): 1, ("erp", 23, "rejected"): 1}
    )
    (text,) = re.findall(r'<svg class="hours".*?</svg>', page(summary).decode(), re.DOTALL)
    picture = ET.fromstring(text)  # noqa: S314 - our own text
    _, _, width, height = map(float, (picture.get("viewBox") or "").split())

    bars = list(picture.iter("rect"))
    assert {one.get("class") for one in bars} == {"received", "imported", "rejected"}
    for bar in bars:
        x, y, wide, high = (float(bar.get(name) or "") for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
        assert high >= 2


@pytest.mark.parametrize(
    ("most", "ends"),
    [(9, "10"), (50_000, "50,000"), (99_999, "100 k"), (1_234_567, "2 M"), (10**9, "1,000 M")],
)
def test_the_end_of_a_scale_fits_into_its_room(most: int, ends: str) -> None:
    texts = document(summary_of({("erp", 9, "received"): most})).texts

    assert ends in texts


def test_a_name_that_is_read_from_right_to_left_turns_nothing_round() -> None:
    text = page(busy("محمد")).decode()

    assert "<figcaption><bdi>محمد</bdi> <small>" in text
    assert "failed: <bdi>محمد</bdi></h3>" in text
    assert '<p dir="auto">محمد</p>' in text


def test_one_is_no_plural() -> None:
    one = page(summary_of(groups=[group()], imports=[import_line()])).decode()
    assert "in 1 group." in one
    assert "1 import that ended" in one


def test_the_figures_of_the_summary_stand_in_the_page() -> None:
    texts = document(busy()).texts

    for figure in ("1,007", "1,001", "1,002", "1,003"):
        assert figure in texts
    assert "3,111 of 25,000 entities, 12 %" in texts


def test_what_the_bulk_lane_used_stands_beside_it() -> None:
    texts = document(summary_of(entities=UsedQuota(20_119, 25_000, 20_000))).texts

    assert "20,119 of 25,000 entities, 80 %, 20,000 of them by the bulk lane" in texts


@pytest.mark.parametrize(("used", "waits"), [(24_999, False), (25_000, True)])
def test_a_spent_limit_says_what_becomes_of_further_records(used: int, waits: bool) -> None:
    text = page(summary_of(entities=UsedQuota(used, 25_000))).decode()

    assert ("Further records wait for the next day." in text) is waits


def test_a_day_without_anything_says_so() -> None:
    texts = " ".join(document(summary_of()).texts)

    assert "Nothing is open of the last 7 days." in texts
    assert "No import ended on this day." in texts


def test_a_day_that_is_not_over_says_so() -> None:
    early = summary_of(written_at=summary_of().day.begin + 60)

    assert "The day is not over yet." in page(early).decode()


def test_the_same_report_gives_the_same_page() -> None:
    assert page(busy()) == page(busy())


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        (None, "-"),
        (0, "< 1 min"),
        (1, "1 min"),
        (119.4, "119 min"),
        (120, "2.0 h"),
        (878, "14.6 h"),
    ],
)
def test_a_duration_is_short(minutes: float | None, shown: str) -> None:
    assert duration(minutes) == shown


def test_what_stands_between_backticks_is_code_and_harmless() -> None:
    assert prose("Map `<x>` in `a.toml`.") == "Map <code>&lt;x&gt;</code> in <code>a.toml</code>."
