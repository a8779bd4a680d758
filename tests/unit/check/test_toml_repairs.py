"""Every slip in the TOML of a table is found, and what comes after it is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.check.toml_repairs import repaired
from import_relay.domain.toml_tables import read_tables
from tests.unit.check.conftest import Told

FIELDS = "[x.contact.fields]\n"
HEAD = '[x]\nkind = "close"\n'


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ('city = "a', 'city = "a"'),
        ("city = 'a", "city = 'a'"),
        ("city = a", 'city = "a"'),
        ("city =", 'city = ""'),
        ("  city  = a.b # c", 'city  = "a.b # c"'),
        ('city = b"', 'city = "b"'),
        ("city == 'b'", "city = 'b'"),
        ("city = \u201eb\u201c", 'city = "b"'),
        ("city = Stra\u00dfe", 'city = "Stra\u00dfe"'),
        ("allow_reassignment = True", "allow_reassignment = true"),
        ("country_codes = [DE, AT]", 'country_codes = ["DE", "AT"]'),
        ("country_codes = ['DE', AT", 'country_codes = ["DE", "AT"]'),
        ("city = [a, b]", 'city = "[a, b]"'),
        ("[x.deal", "[x.deal]"),
        ('clears = ["city"', 'clears = ["city"]'),
    ],
)
def test_a_slip_is_told_with_what_was_probably_meant(told: Told, wrong: str, meant: str) -> None:
    lines = told(f"{HEAD}[x.contact]\n{wrong}\n")
    (slip,) = [line for line in lines if "is no TOML" in line]
    assert slip.startswith("4: connection 'x', is no TOML: ")
    assert slip.endswith(f"; did you mean {meant}?")


def test_each_slip_of_a_table_is_told_and_each_mistake_after_it(told: Told) -> None:
    text = (
        "[x]\nkind = close\nidprefix = 'a'\n\n[y]\nkind = 'jsn'\n"
        f'{FIELDS}city = "a\nname = Stra\u00dfe\nzipcode = "E-Mail"\nzipcode = "zip"\n? ? ?\n'
        'email = "trimm(lowr(a))"\n[y.deal.fields]\nname = [1\nid = "id"\n'
    )

    lines = told(text)

    assert [line.split(":")[0] for line in lines] == [
        *("2", "3", "6", "8", "9", "10", "11", "12", "13", "15")
    ]
    assert "did you mean 'id_prefix'?" in lines[1]
    assert "did you mean 'json'?" in lines[2]
    assert "'\"E-Mail\"'" in lines[5]
    assert "Cannot overwrite a value" in lines[6]
    assert "trimm(); did you mean 'trim'?" in lines[8]
    assert "lowr(); did you mean 'lower'?" in lines[8]


def test_what_a_slip_hides_does_not_count_as_missing(told: Told) -> None:
    (line,) = told('[x]\nkind = "json"\nheader = "H"\n[x.contact.fields]\n"external id" "id"\n')
    assert line.startswith("5: connection 'x', is no TOML: ")


def test_characters_that_end_a_line_elsewhere_end_none_in_toml(told: Told) -> None:
    text = f"{HEAD}{FIELDS}# {chr(0x2028) * 9}{chr(0x85)}\nwrong line\ncity = 'trimm(a)'\n"

    lines = told(text)

    assert [line.split(":")[0] for line in lines] == ["5", "6"]


def test_a_table_that_occurs_twice_is_read_as_one(told: Told) -> None:
    lines = told(f'{HEAD}[x]\nid_prefx = "a"\n')
    assert [line.split(":")[0] for line in lines] == ["3", "4"]
    assert "twice" in lines[0]
    assert "did you mean 'id_prefix'?" in lines[1]


def test_a_table_that_comes_again_after_another_is_told_and_not_joined() -> None:
    found = repaired(f'{HEAD}{FIELDS}city = "a"\n[x]\nid_prefix = "b"\n')
    assert [slip.line for slip in found.slips] == [5]
    assert found.unclear == {"x"}


@pytest.mark.parametrize(
    "text",
    [
        "[x]\na = '''\nb\n[y]\nc = 1\n",
        f"[x]\na = {'[' * 100_000}\n",
        "[x]\n]\n" * 3,
        "\n= = =\n" * 300,
        "[x]\na = [\n\n# b\n\n",
        "a\n[x]\n",
    ],
)
def test_a_text_that_cannot_be_put_right_has_at_least_one_slip(text: str) -> None:
    assert repaired(text).slips


@given(
    st.lists(
        st.sampled_from(
            (
                *("[x]", "[x.contact]", "[[x]]", "[x", "a = 1", "a = 'b", 'a = "b', "a = b", "a"),
                *("a = [", "]", '  "b",', 'a = """', '"""', "# '", "= 1", "a.b = {", "}", "\udce4"),
            )
        ),
        max_size=8,
    )
)
def test_whatever_is_wrong_the_search_ends_and_says_where(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = repaired(text)
    assert len(found.text.split("\n")) == len(text.split("\n"))
    assert all(0 <= slip.line <= max(len(lines), 1) for slip in found.slips)
    assert bool(found.slips) == bool(read_tables(text)[1])


def test_a_right_text_stays_as_it_is() -> None:
    text = f'{HEAD}{FIELDS}city = "a"\n# = [ "\n'
    assert repaired(text) == (text, [], set())


def test_each_line_of_another_encoding_is_told() -> None:
    text = "[x]\na = 'Stra\udcdfe'\nb = 1\nc = '\udce4'\n"
    found = repaired(text)
    assert [(slip.line, "did you mean" in slip.what) for slip in found.slips] == [
        (2, False),
        (4, False),
    ]
    assert found.text == "[x]\na = 'Stra?e'\nb = 1\nc = '?'\n"
