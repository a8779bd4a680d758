"""What Mateo is asked for on behalf of `relay find --in-mateo`."""

from typing import Any

import pytest

from relay_ops import in_mateo
from relay_ops.history import MateoRecord
from relay_ops.in_mateo import MAX_RECORDS, asked_for, stored_in_mateo

TYPE = "contact_details"


def test_a_record_is_asked_for_by_what_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    class Account:
        def __init__(self, stack: object) -> None: ...

        def get(self, path: str, parameters: dict[str, str]) -> list[dict[str, str]]:
            asked.append((path, parameters))
            return [{"full_name": "Ada"}]

    monkeypatch.setattr(in_mateo, "MateoAccount", Account)
    named = [MateoRecord(TYPE, "external_id", "1"), MateoRecord(TYPE, "email", "A@example.com")]
    unused: Any = None

    found = stored_in_mateo(unused, named)

    rows = [{"full_name": "Ada"}]
    assert found == [
        {"type": TYPE, "external_id": "1", "rows": rows},
        {"type": TYPE, "email": "A@example.com", "rows": rows},
    ]
    assert asked == [
        (TYPE, {"external_id": "eq.1"}),
        (TYPE, {"email": "eq.A@example.com"}),
    ]
    assert stored_in_mateo(unused, []) == []


def test_a_record_without_a_name_is_not_asked_for_and_only_a_few_others_are() -> None:
    many = [MateoRecord(TYPE, "external_id", str(number)) for number in range(MAX_RECORDS + 5)]

    assert list(asked_for([MateoRecord(TYPE, "", ""), *many])) == many[:MAX_RECORDS]
