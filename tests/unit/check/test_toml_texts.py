"""A text of several lines without its closing quotes hides nothing that comes after it."""

import pytest

from import_relay.check.toml_texts import close_texts
from tests.unit.check.conftest import Told

HEAD = '[x]\nkind = "close"\n[x.contact.fields]\n'
AFTER = '[x.deal.fields]\nname = "trimm(a)"\n'


@pytest.mark.parametrize("quotes", ["'''", '"""'])
@pytest.mark.parametrize(
    "text",
    [
        "city = {q}a\n",
        "city = {q}\na ||\nb == 'c'\n\n",
        "city = {q}a\nstreet = 'lowr(a)'\n",
        "city = {q}a\nzipcode = {q}b{q}\n",
        "city = {q}a\nzipcode = {q}\nb\n{q}\n",
    ],
)
def test_what_comes_after_an_unclosed_text_is_read(told: Told, text: str, quotes: str) -> None:
    begun = text.replace("{q}", quotes)

    lines = told(f"{HEAD}{begun}{AFTER}")

    assert "4: connection 'x', is no TOML: a text or a list is not closed" in lines[0]
    assert "trimm()" in lines[-1]
    assert len(lines) == 2 + ("lowr" in text)


def test_a_text_is_closed_before_the_next_key_or_table_or_at_the_end() -> None:
    lines = ["a = '''b", "c ||", "", "d = 1", "[x]", 'e = """', "f == 'g'", "# h"]

    assert close_texts(lines) == [1, 6]
    assert lines == ["a = '''b", "c ||'''", "", "d = 1", "[x]", 'e = """', "f == 'g'", '# h"""']


@pytest.mark.parametrize(
    "text",
    [
        "a = '''\nb = 1\n'''\n[x]\n",
        "a = '''b'''\n[x]\n",
        "a = '''\n[b.c] | [0]\n'''",
        "a = '\\'''\n",
    ],
)
def test_a_text_that_is_closed_stays_as_it_is(text: str) -> None:
    lines = text.split("\n")

    assert close_texts(lines) == []
    assert "\n".join(lines) == text
