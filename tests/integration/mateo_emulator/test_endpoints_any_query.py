"""Any query string is answered or refused with the reason, and never with a 5xx."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.mateo_emulator.emulator import AT_ONCE, NO_LIMITS, TOKEN, Emulator, contact

COLUMNS = ("id", "payload", "created_at", "type", "total_count", "reference_id", "hints",
           "failed_url", "allow_deal_reassignment")  # fmt: skip
WORDS = (*COLUMNS, "select", "order", "limit", "offset", "and", "or", "not", "eq", "neq", "gt",
         "lte", "like", "ilike", "in", "is", "isdistinct", "cs", "cd", "null", "true", "asc",
         "desc", "nullsfirst", "text", "int", "0", "-1", "7", "2026-11-21", "banana",
         "contact_details", "[]", "{}", '{"a":1}', "1e999", "\ud7ff", "\x00", "\\", '"', "*",
         ".", ",", ":", "::", "(", ")", "->", "->>", "-", " ", "%", "_", "1" * 30)  # fmt: skip
words = st.lists(st.sampled_from(WORDS), max_size=8).map("".join)
texts = words | st.text(max_size=12)
filters = st.builds(
    "{}.{}".format, st.sampled_from(["eq", "not.in", "is", "like", "cs", "gt", "in"]), texts
)
columns = st.sampled_from(COLUMNS)
paths = st.builds("{}->{}->>{}".format, columns, texts, texts)
parameters = st.tuples(
    texts | columns | paths | st.sampled_from(["select", "order", "limit", "offset", "and", "or"]),
    texts | filters | st.builds("({})".format, texts),
)
casts = st.builds(
    "{}::{}".format, columns | paths, st.sampled_from(["text", "int", "jsonb", "date"])
)
requests = st.lists(parameters | st.tuples(st.just("select"), casts), min_size=1, max_size=3)
accepted = st.sampled_from(["*/*", "text/csv", "application/vnd.pgrst.object+json;nulls=stripped"])
examples = settings(max_examples=400, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def filled(server: str, http: httpx.Client) -> Emulator:
    """A few imports, so that a condition meets values."""
    http.post(f"{server}/_sandbox/reset").raise_for_status()
    emulator = Emulator(server, http)
    # a slow machine must not fail these tests
    emulator.change("limits", **NO_LIMITS, request_timeout_s=60)
    emulator.change("behaviour", **AT_ONCE, reference_id="accept", strict_order=False)
    for text in (None, "", "7"):
        emulator.imported([contact(1, tags=[1, None])], reference_id=text)
    return emulator


@examples
@given(query=requests, accept=accepted, wanted=texts.filter(str.isascii))
def test_any_query_is_answered_or_refused_in_the_documented_shape(
    filled: Emulator, query: list[tuple[str, str]], accept: str, wanted: str
) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "accept": accept, "prefer": "count=exact"}
    if wanted.isprintable():
        headers["range"] = wanted.strip()
    response = filled.http.get(filled.api, params=tuple(query), headers=headers)
    assert response.status_code in (200, 206, 400, 404, 406, 416), response.text
    if response.status_code >= 400:
        assert set(response.json()) == {"code", "message", "hint", "status"}
        assert response.json()["status"] == response.status_code


@examples
@given(raw=st.binary(max_size=40))
def test_any_bytes_are_answered_or_refused(filled: Emulator, raw: bytes) -> None:
    escaped = "".join(f"%{byte:02X}" if byte not in b"=&" else chr(byte) for byte in raw)
    response = filled.http.get(
        f"{filled.api}?{escaped}", headers={"authorization": f"Bearer {TOKEN}"}
    )
    assert response.status_code in (200, 400, 404, 416), response.text


@pytest.mark.parametrize(
    "query",
    [
        "&".join(["id=is.null"] * 4000),
        "and=(" + "or(" * 10_000,
        "id=in.(" + ",".join(["3c90c3cc-0d44-4b50-8888-8dd25736052a"] * 1500) + ")",
        "total_count=in.(" + ",".join(str(number) for number in range(9000)) + ")",
        "payload=cs." + "[" * 20_000,
        "payload=eq." + "[" * 300 + "]" * 300,
        "payload" + "->0" * 15_000 + "=is.null",
        "select=" + ",".join(["id"] * 15_000),
        "order=" + ",".join(["id"] * 1600),
        "order=" + ",".join(["id"] * 10_000),
        "reference_id=like." + "%25a" * 10_000,
        "total_count=eq." + "1" * 50_000,
        "limit=" + "9" * 50_000,
    ],
    ids=lambda query: query[:20],
)
def test_a_very_long_query_is_answered_or_refused(filled: Emulator, query: str) -> None:
    response = filled.http.get(
        f"{filled.api}?{query}", headers={"authorization": f"Bearer {TOKEN}"}
    )
    assert response.status_code in (200, 400), response.text[:300]


@pytest.mark.parametrize("depth", [100, 400, 900])
@pytest.mark.parametrize(
    "query",
    [
        "select=payload",
        "select=payload::text",
        "select=payload->0->>deep",
        "payload=cs.[{}]",
        "payload->0->>deep=like.*a*",
        "payload=neq.[]",
        "order=payload",
    ],
)
def test_a_payload_nested_deep_is_shown_or_refused(
    emulator: Emulator, depth: int, query: str
) -> None:
    emulator.change("behaviour", strict_order=False)
    emulator.change("limits", request_timeout_s=60)  # a slow machine must not fail this test
    deep = "[" * depth + "]" * depth
    headers = {"authorization": f"Bearer {TOKEN}"}
    body = f'{{"type":"contact_details","payload":[{{"deep":{deep}}}]}}'
    for _ in range(2):
        assert emulator.http.post(emulator.api, content=body, headers=headers).status_code < 500
    for accept in ("application/vnd.pgrst.array+json;nulls=stripped", "text/csv"):
        response = emulator.http.get(
            f"{emulator.api}?{query}", headers={**headers, "accept": accept}
        )
        assert response.status_code in (200, 400), response.text[:200]
