"""A saved list page of an API holds rows; a record with a list stays one row."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.bulk.formats import texts
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.list_pages import MAX_MEMBERS, outline_of, rows_path
from tests.unit.bulk.file_rows import records_of, rows_of

R = [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Bob"}]
PAGES: Mapping[str, Mapping[str, Any]] = {
    "activecampaign": {"scoreValues": [], "contacts": R, "meta": {"total": "2"}},
    "attio": {"data": R, "pagination": {"next_cursor": None}},
    "calcom": {"status": "success", "data": R, "pagination": {"hasNextPage": False}},
    "calendly": {"collection": R, "pagination": {"count": 2, "next_page_token": None}},
    "close": {"has_more": False, "total_results": 2, "data": R},
    "dataverse": {"@odata.context": "https://x/$metadata", "value": R, "@odata.nextLink": "x"},
    "hubspot": {"results": R, "paging": {"next": {"after": "1"}}},
    "hubspot 1": {"contacts": R, "has-more": True, "vid-offset": 7},
    "pipedrive": {
        "success": True,
        "data": R,
        "additional_data": {"pagination": {"start": 0}},
        "related_objects": {"user": {"7": {"id": 7}}},
    },
    "salesforce": {"totalSize": 2, "done": True, "nextRecordsUrl": "/x", "records": R},
    "shopify": {"customers": R},
    "shopify graphql": {
        "data": {"customers": {"nodes": R, "pageInfo": {"hasNextPage": False}}},
        "extensions": {"cost": {"requestedQueryCost": 5}},
    },
    "zoho": {"data": R, "info": {"per_page": 200, "count": 2, "page": 1, "more_records": False}},
    "sap": {"d": {"results": R, "__count": "2", "__next": "https://x"}},
    "hal": {"_embedded": {"contacts": R}, "_links": {"self": "/x"}, "page": {"size": 2}},
    "laravel": {
        "data": R,
        "links": [{"url": None, "label": "1"}],
        "current_page": 1,
        "from": 1,
        "to": 2,
        "last_page_url": "x",
        "total": 2,
    },
    "jira": {"startAt": 0, "maxResults": 50, "total": 2, "issues": R},
    "google": {"kind": "people", "etag": "x", "nextPageToken": "y", "totalItems": 2, "data": R},
}
SINGLE: tuple[Mapping[str, Any], ...] = (
    {"id": 1, "items": R},
    {"items": R, "id": 1},
    {"email": "a@example.com", "orders": R},
    {"Customer No": "7", "contacts": R},
    {"status": "open", "items": R},
    {"type": "person", "addresses": R},
    {"tags": [], "orders": R},
    {"code": "A-1", "positions": R},
    {"first_name": "Ada", "total": 2, "orders": R},
    {"item_number": 7, "parts": R},
    {"name": {"first": "Ada"}, "orders": R},
    {"address": {"items": R}},
    {"data": {"id": 1, "items": R}},
    {"event": "contact.updated", "data": R},
    {"emails": R, "phones": R},
    {"data": R, "contacts": R},
    {"data": {"a": 1}, "total": 1},
    {"a.b": R},
    {"": R},
    {"success": True},
    {str(number): [] for number in range(MAX_MEMBERS + 1)} | {"data": R},
)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", PAGES)
def test_a_list_page_is_its_rows(name: str, indent: int | None) -> None:
    assert records_of(json.dumps(PAGES[name], indent=indent).encode()) == R


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("record", SINGLE, ids=lambda record: "-".join(record)[:40])
def test_a_record_with_a_list_is_one_row(record: Mapping[str, Any], indent: int | None) -> None:
    assert records_of(json.dumps(record, indent=indent).encode()) == [record]


@pytest.mark.parametrize("name", ["records", "results", "collection"])
def test_an_empty_page_has_no_rows(name: str) -> None:
    assert not records_of(json.dumps({name: [], "total": 0}).encode())
    assert not records_of(json.dumps({"d": {name: []}}, indent=1).encode())


_NAMES = st.sampled_from(["id", "total", "data", "d", "contacts", "nodes", "status", "tags", "a.b"])
_VALUES = st.recursive(
    st.sampled_from([None, "x", 7]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=4))
def test_an_object_is_the_same_on_one_line_and_on_several(record: dict[str, Any]) -> None:
    """Lines are read at once, anything else by a parser of streams."""
    path = rows_path(outline_of(record))
    expected: Any = record
    for name in path:
        expected = expected[name]
    found = records_of(json.dumps(record, indent=1).encode())
    if path:
        assert found == [one if isinstance(one, dict) else None for one in expected]
    else:
        assert found == [record]


@pytest.mark.parametrize(
    "wrapped",
    ["%s", '{"records": %s}', '{"d": {"results": %s}}', '{"scoreValues": [], "contacts": %s}'],
)
@pytest.mark.parametrize("rest", ['{"id" 900}]', '{"id": '])
def test_damaged_json_names_its_row_wherever_the_rows_are(wrapped: str, rest: str) -> None:
    rows = "".join(f'{{"id": {number}}}, ' for number in range(1, 900))
    with pytest.raises(FileUnreadable) as caught:
        rows_of((wrapped % f"[{rows}{rest}").encode())
    assert (caught.value.code, caught.value.line) == ("file.broken_json", 900)
    assert caught.value.detail == "it is no JSON after 899 rows"


@pytest.mark.parametrize("chunk_b", [5, 7, 13, 64, 4_096])
@pytest.mark.parametrize(
    "text",
    [
        r"a\ud83d",
        r"a\ud83d b",
        r"\ude00x",
        r"\ud83d\ud83d\ude00",
        r"\uD83D\n",
        r"\\ud83d",
        r"\ud83d\ude00",
    ],
)
def test_half_a_surrogate_pair_is_kept_in_every_shape_of_json(
    text: str, chunk_b: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mapping rejects the text then, and says why; a question mark would be imported."""
    monkeypatch.setattr(texts, "CHUNK_B", chunk_b)
    rows = '{"id": 1}', f'{{"id": "{text}"}}', f'{{"id": "{text * 200}"}}'
    expected = [json.loads(row) for row in rows]

    assert records_of(f"[{', '.join(rows)}]".encode()) == expected
    assert records_of("\n".join(rows).encode()) == expected


def test_pairs_of_surrogates_need_no_slower_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "CHUNK_B", 64)
    monkeypatch.setattr("ijson.backends.python.items", None)
    record = {"name": "\U0001f600 \U0001f601x" * 1_000}
    assert records_of(json.dumps([record]).encode()) == [record]
