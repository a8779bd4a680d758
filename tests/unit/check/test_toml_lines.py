"""Each key of a TOML text stands at its line, whatever values look like a key or a table."""

import pytest

from import_relay.check.toml_lines import key_lines, line_of

TEXT = '''kind = "json"

[shop]  # a comment with [brackets]
"public url" = "a"
notes = [
  "[erp]",
  "id = 1",
]
text = """
[erp]
id = 1
"""
[shop . contact.'fields']
external_id = "id"
city.name = { a = "[", b = "}" }
[[erp]]
id = 2
'''


def test_tables_and_keys_have_their_lines() -> None:
    assert key_lines(TEXT) == {
        "kind": 1,
        "shop": 3,
        "shop.public url": 4,
        "shop.notes": 5,
        "shop.text": 9,
        "shop.contact.fields": 13,
        "shop.contact.fields.external_id": 14,
        "shop.contact.fields.city.name": 15,
        "erp": 16,
        "erp.id": 17,
    }


def test_of_a_key_that_occurs_twice_the_first_counts() -> None:
    assert key_lines("[a]\nb = 1\nb = 2\n[a]\n") == {"a": 1, "a.b": 2}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("shop.contact.fields.external_id", 14),
        ("shop.contact.fields.email", 13),
        ("shop.contact", 13),
        ("shop.deal.fields", 3),
        ("other", 1),
    ],
)
def test_a_key_that_is_missing_has_the_line_of_the_nearest_table(path: str, line: int) -> None:
    assert line_of(key_lines(TEXT), path) == line


def test_a_mistake_that_names_its_line_has_that() -> None:
    assert line_of(key_lines(TEXT), "shop", "is no TOML: no value (at line 7, column 3)") == 7
