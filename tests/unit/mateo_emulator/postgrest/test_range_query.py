"""``limit``, ``offset``, ``Range`` and counts: which rows, which status, which Content-Range."""

from __future__ import annotations

import pytest

from mateo_emulator.errors import ApiError
from mateo_emulator.postgrest.api_request.preferences import count_preference
from mateo_emulator.postgrest.range_query import Window, content_range, read_window, status_of

REVERSED = (
    "The lower boundary must be lower than or equal to the upper boundary in the Range header."
)


@pytest.mark.parametrize(
    ("limit", "offset", "window"),
    [
        (None, None, Window(0, 50)),
        ("7", None, Window(0, 7)),
        ("7", "3", Window(3, 7)),
        ("51", None, Window(0, 50)),
        ("9" * 5000, None, Window(0, 50)),
        (None, "9" * 5000, Window(10**18, 50)),
        ("many", "few", Window(0, 50)),
        ("1.5", "²", Window(0, 50)),
        ("2", "-3", Window(0, 2)),
        ("0", None, Window(0, 0)),
        ("0", "5", Window(0, 0)),
    ],
)
def test_limit_and_offset_make_a_window_of_at_most_fifty_rows(
    limit: str | None, offset: str | None, window: Window
) -> None:
    assert read_window(limit, offset) == window


@pytest.mark.parametrize(
    ("header", "window"),
    [
        ("0-24", Window(0, 25)),
        ("10-", Window(10, 50)),
        ("0-99", Window(0, 50)),
        ("items=0-24", Window(0, 50)),
        ("bytes=0-1", Window(0, 50)),
        ("0-24,30-40", Window(0, 50)),
        ("0-24\n", Window(0, 50)),
        ("-5", Window(0, 50)),
        ("", Window(0, 50)),
    ],
)
def test_a_range_header_of_the_right_form_counts_and_any_other_does_nothing(
    header: str, window: Window
) -> None:
    assert read_window(None, None, header) == window


def test_header_and_parameters_are_intersected() -> None:
    assert read_window("10", "5", "8-30") == Window(8, 7)
    assert read_window("10", "5", "0-7") == read_window("10", "5", "2-7") == Window(5, 3)
    assert read_window("0", None, "5-9") == Window(0, 0)


@pytest.mark.parametrize(
    ("limit", "header", "reason"),
    [
        ("-1", None, "Limit should be greater than or equal to zero."),
        ("-" + "9" * 5000, None, "Limit should be greater than or equal to zero."),
        (None, "1-0", REVERSED),
        ("5", "10-12", "Limit should be greater than or equal to zero."),
    ],
)
def test_an_impossible_range_is_416(limit: str | None, header: str | None, reason: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_window(limit, None, header)
    error = caught.value
    assert (error.status, error.code, error.hint) == (416, "PGRST103", reason)


@pytest.mark.parametrize(
    ("offset", "returned", "total", "status", "header"),
    [
        (0, 25, None, 200, "0-24/*"),
        (0, 0, None, 200, "*/*"),
        (100, 0, None, 200, "*/*"),
        (0, 25, 25, 200, "0-24/25"),
        (0, 25, 26, 206, "0-24/26"),
        (25, 1, 26, 206, "25-25/26"),
        (0, 0, 0, 200, "*/0"),
        (15, 0, 15, 206, "*/15"),
        (0, 0, 15, 206, "*/15"),
    ],
)
def test_a_known_total_decides_between_200_and_206(
    offset: int, returned: int, total: int | None, status: int, header: str
) -> None:
    assert status_of(offset, returned, total) == status
    assert content_range(offset, returned, total) == header


def test_an_offset_beyond_a_known_total_is_416() -> None:
    with pytest.raises(ApiError) as caught:
        status_of(100, 0, 15)
    assert caught.value.status == 416
    assert caught.value.hint == "An offset of 100 was requested, but there are only 15 rows."


@pytest.mark.parametrize(
    ("headers", "count"),
    [
        ([], None),
        (["count=exact"], "exact"),
        (["return=minimal, count=planned"], "planned"),
        (["return=minimal", "count=estimated"], "estimated"),
        (["count=none"], None),
        (["count=banana"], None),
        (["count=exact,count=planned"], "exact"),
    ],
)
def test_the_first_count_that_is_known_is_the_one(headers: list[str], count: str | None) -> None:
    assert count_preference(headers) == count
