"""The digest of a payload: the same however Mateo writes it."""

import json

import pytest

from import_relay.domain.payload_digests import canonical_digest, payload_digest

ROW = {"external_id": "0", "full_name": "V1", "tags": [1, {"a": None}]}


def test_the_digest_does_not_depend_on_the_order_of_keys_nor_on_spaces() -> None:
    text = json.dumps(ROW, indent=2).encode()

    assert payload_digest([text]) == canonical_digest([dict(reversed(ROW.items()))])


def test_the_digest_of_rows_is_that_of_their_payload() -> None:
    rows = [
        ROW,
        {"a": 1e16, "b": [-0.0, 2.5, 1e300]},
        {"ä": "\U0001f600", "a": {"2": 1, "10": 3.0}},
    ]

    digest = payload_digest(json.dumps(row, ensure_ascii=False).encode() for row in rows)

    assert digest == canonical_digest(rows)
    assert digest != canonical_digest(rows[:2])
    assert payload_digest([]) == canonical_digest([])


@pytest.mark.parametrize(
    ("sent", "stored"), [(1e16, 10**16), (1e23, 10**23), (-0.0, 0), ([3.0], [3])]
)
def test_the_digest_does_not_depend_on_how_a_number_is_written(
    sent: object, stored: object
) -> None:
    assert canonical_digest([{"a": sent}]) == canonical_digest([{"a": stored}])


@pytest.mark.parametrize("other", [1.5, "1", True, None, [1], {"1": 1}])
def test_another_value_has_another_digest(other: object) -> None:
    assert canonical_digest([{"a": 1}]) != canonical_digest([{"a": other}])


def test_the_order_of_rows_counts() -> None:
    assert canonical_digest([1, 2]) != canonical_digest([2, 1])
