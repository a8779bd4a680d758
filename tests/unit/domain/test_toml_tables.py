"""A slip in one table of a TOML text leaves the others readable, and is told with its line."""

import codecs
from datetime import date
from pathlib import Path

import pytest

from import_relay.domain.errors import ConfigurationError
from import_relay.domain.toml_tables import read_tables, read_text

BROKEN = """\
[shop]
kind = "shopify"
[shop.contact.fields]
city = "a"

[erp]
kind = "json
[ "c r m" ]
kind = "close"
"""


def test_a_right_text_has_its_tables_and_nothing_wrong() -> None:
    assert read_tables('[shop]\nkind = "json"\n') == ({"shop": {"kind": "json"}}, {})


def test_a_slip_in_one_table_costs_that_table_alone() -> None:
    tables, broken = read_tables(BROKEN)

    assert tables == {
        "shop": {"kind": "shopify", "contact": {"fields": {"city": "a"}}},
        "c r m": {"kind": "close"},
    }
    assert list(broken) == ["erp"]
    assert "line 7" in broken["erp"]


@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_a_line_in_brackets_within_a_text_is_no_header(quotes: str) -> None:
    expression = "join(' ',\n[p.first, p.last][?@])\n"
    sound = f"[shop.fields]\nname = {quotes}\n{expression}{quotes}\ncity = 'c'\n"

    tables, broken = read_tables(f"{sound}[erp]\nkind = json\n")

    assert tables == {"shop": {"fields": {"name": expression, "city": "c"}}}
    assert list(broken) == ["erp"]


def test_a_text_that_nothing_closes_costs_its_own_table_alone() -> None:
    sound = "[shop]\nname = '''\n[a][0]\n'''\n"

    tables, broken = read_tables(f"[erp]\nname = '''\n[a]\n{sound}")

    assert tables["shop"] == {"name": "[a][0]\n"}
    assert "erp" in broken


def test_what_stands_before_the_first_table_has_no_name() -> None:
    tables, broken = read_tables('kind = \n[shop]\nkind = "json"\n')

    assert tables == {"shop": {"kind": "json"}}
    assert list(broken) == [""]


def test_lines_are_counted_with_the_line_ends_of_windows_too() -> None:
    assert read_tables(BROKEN.replace("\n", "\r\n")) == read_tables(BROKEN)


def test_a_value_that_is_nested_too_deeply_costs_its_table_alone() -> None:
    tables, broken = read_tables(f"[a]\nb = {'[' * 100_000}\n[c]\nd = 1\n")

    assert tables == {"c": {"d": 1}}
    assert list(broken) == ["a"]


@pytest.mark.parametrize(
    "content",
    [
        "[ä]".encode(),
        codecs.BOM_UTF8 + "[ä]".encode(),
        codecs.BOM_UTF16_LE + "[ä]".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "[ä]".encode("utf-16-be"),
    ],
)
def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "connections.toml"
    file.write_bytes(content)

    assert read_text(file) == "[ä]"


def test_bytes_of_another_encoding_cost_their_own_table_alone(tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_bytes('[a]\nb = "c"\n[d]\nh = "Straße"\n[e]\nf = "g"\n[Müll]\n'.encode("latin-1"))

    tables, broken = read_tables(read_text(file))

    assert tables == {"a": {"b": "c"}, "e": {"f": "g"}}
    assert broken == {
        "d": "is not UTF-8 (at line 4, column 10): save the file in this encoding",
        "M?ll": "is not UTF-8 (at line 7, column 3): save the file in this encoding",
    }


@pytest.mark.parametrize("broken", ["", "[h]\nb =\n"], ids=["whole", "with a slip elsewhere"])
def test_bytes_of_another_encoding_in_a_comment_cost_no_table(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "connections.toml"
    text = f"# Größe\n[a]\nb = 2020-01-01  # für\n\n  # Straße\n[c]\nd = 1\n{broken}"
    file.write_bytes(text.encode("latin-1"))

    tables, wrong = read_tables(read_text(file))

    assert tables == {"a": {"b": date(2020, 1, 1)}, "c": {"d": 1}}
    assert list(wrong) == (["h"] if broken else [])


def test_a_value_that_only_looks_like_a_comment_is_not_altered(tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_bytes('[a]\nb = """\n# Straße"""\n[c]\nd = 1\n'.encode("latin-1"))

    tables, wrong = read_tables(read_text(file))

    assert tables == {"c": {"d": 1}}
    assert list(wrong) == ["a"]
    assert "not UTF-8" in wrong["a"]


def test_utf_16_that_is_damaged_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_bytes(codecs.BOM_UTF16_LE + b"a")

    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_text(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read"):
        read_text(tmp_path / "none.toml")
