"""What separates the cells of a CSV is found in its first lines, or named in the first."""

import pytest

from tests.unit.bulk.file_rows import records_of, rows_of

ADA = {"id": "1", "name": "Ada"}


@pytest.mark.parametrize(
    "line", ["sep=;", "sep=\t", "sep=|", "sep=,", '"sep=;"', "SEP=;", "\n\nsep=\t", "\ufeffsep=\t"]
)
def test_the_first_line_may_name_the_separator(line: str) -> None:
    one = line.strip('"')[-1]
    assert records_of(f"{line}\nid{one}name\n1{one}Ada\n".encode()) == [ADA]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        pytest.param(["id", "Name, Vorname"], ["1", "Lovelace, Ada"], id="comma"),
        pytest.param(["id", "Name, Vorname, Titel"], ["1", "King, Ada, Dr."], id="two commas"),
        pytest.param(["id", "Preis,EUR"], ["1", "2,50"], id="decimal comma"),
        pytest.param(["id", "a|b"], ["1", "2|3"], id="bar"),
    ],
)
@pytest.mark.parametrize("separator", [";", "\t"], ids=["semicolon", "tab"])
def test_a_mark_within_texts_is_no_separator(
    header: list[str], row: list[str], separator: str
) -> None:
    content = f"{separator.join(header)}\n{separator.join(row)}\n"
    assert records_of(content.encode()) == [dict(zip(header, row, strict=True))]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('id,"Name; Vorname"\n1,"Lovelace; Ada"\n', {"id": "1", "Name; Vorname": "Lovelace; Ada"}),
        ('id,"Name;Vorname"\n1,"Lovelace;Ada"\n', {"id": "1", "Name;Vorname": "Lovelace;Ada"}),
        ("id,Name; Vorname\n1,Lovelace; Ada\n", {"id": "1", "Name; Vorname": "Lovelace; Ada"}),
        ("id, name\n1, Ada\n", {"id": "1", "name": " Ada"}),
        ("id; name; zip,town\n1; Ada; 1,A\n", {"id": "1", "name": " Ada", "zip,town": " 1,A"}),
        ('name\n"Doe, Jane"\n', {"name": "Doe, Jane"}),
    ],
)
def test_a_comma_still_separates_where_it_does(content: str, expected: object) -> None:
    assert records_of(content.encode()) == [expected]


def test_a_cell_that_is_too_long_hides_no_separator() -> None:
    content = "id;name\n1;Ada\n2;" + "x" * 1_000_001 + "\n3;Eve\n"
    first, long, last = rows_of(content.encode())
    assert (first.record, long.code) == (ADA, "row.unreadable")
    assert last.record == {"id": "3", "name": "Eve"}


@pytest.mark.parametrize("empty", ["\n", " \r\n", ";\n", ";;\n"], ids=repr)
def test_any_number_of_empty_lines_before_the_header_hides_no_separator(empty: str) -> None:
    (row,) = rows_of((empty * 30 + "id;name\n1;Ada\n").encode())
    assert (row.line, row.record) == (32, ADA)
