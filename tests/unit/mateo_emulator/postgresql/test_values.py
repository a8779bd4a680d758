"""Values of filters: which texts each type takes."""

import pytest

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.values import Kind, typed

ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


@pytest.mark.parametrize(
    "text",
    [ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", "3c90-c3cc-0d44-4b50-8888-8dd2-5736-052a",
     "3c90c3cc0d44-4b50-88888dd25736052a"],
)  # fmt: skip
def test_a_uuid_may_be_in_capitals_in_braces_and_with_dashes_between_groups_of_four(
    text: str,
) -> None:
    assert typed("uuid", text) == ID


@pytest.mark.parametrize(
    "text",
    ["", f" {ID}", f"{{{ID}", f"{ID}}}", f"urn:uuid:{ID}", f"{ID}-", ID.replace("c3", "c-3"),
     ID.replace("3", "\u0663"), "0x" + ID.replace("-", "")[2:], ID.replace("-", "_")],
)  # fmt: skip
def test_a_uuid_has_no_other_form(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        typed("uuid", text)
    assert caught.value.code == "22P02"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("boolean", "1", True), ("boolean", "on", True), ("boolean", "Yes", True),
     ("boolean", "off", False), ("integer", " 12 ", 12), ("text", " 12 ", " 12 ")],
)  # fmt: skip
def test_a_filter_takes_what_the_type_takes(kind: Kind, text: str, value: object) -> None:
    assert typed(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "1_000"), ("integer", "\u0663"), ("integer", "1e3"), ("boolean", "o"),
     ("import_type", "Contact_details"), ("import_type", " contact_details"), ("json", "[1,]"),
     ("json", "'x'"), ("json", "Infinity")],
)  # fmt: skip
def test_a_filter_takes_nothing_else(kind: Kind, text: str) -> None:
    with pytest.raises(ApiError) as caught:
        typed(kind, text)
    assert caught.value.code == "22P02"
