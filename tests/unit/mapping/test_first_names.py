"""Which first name a text in a field for names holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.mapping.first_names import first_name


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "Ada Example",
        "Dr. Ada Example",
        "Frau Dr.-Ing. Ada Example",
        "Dipl.-Ing. Ada Example",
        "Prof. Dr. med. dent. Ada Maria Example",
        "Mag. Ada Example",
        "Hr. Ada Example",
        "Fr. Ada Example",
        "MR ADA Example",
        "Example, Ada",
        "Example, Dr. Ada Maria",
        "Example , Ada",
        ", Ada",
        "Ada Example, MBA",
        "Ada Example, Ph.D.",
        "Ada Example,",
        "Ada und Jo Example",
        "Dr. phil. Ada Example",
        "Dr. rer. nat. Ada Example",
        "Dr.med. Ada Example",
        "Dr. h.c. Ada Example",
        "Prof. em. Ada Example",
        "PD Dr. Ada Example",
        "Mag. (FH) Ada Example",
        "Frau med. Ada Example",
        "Example, Dr. phil. Ada",
    ],
)
def test_the_first_name_is_found(name: str) -> None:
    found = first_name(name)
    assert found is not None
    assert found.title() == "Ada"


@pytest.mark.parametrize(
    "name",
    [
        "Frau Example",
        "Dr. Example",
        "Herr Dr.-Ing. Example",
        "Herr und Frau Example",
        "Familie Example",
        "Fam. Example",
        "Eheleute Example",
        "Firma Example GmbH",
        "Example,",
        "Herr",
        "Prof. Dr.",
        ",",
        ".",
        "",
    ],
)
def test_a_name_without_a_first_name_gives_none(name: str) -> None:
    assert first_name(name) is None


@pytest.mark.parametrize("first", ["Phil", "Nat", "Pol", "Med"])
@pytest.mark.parametrize("name", ["{} Example", "Mr. {} Example", "Example, {}", "{} Ali Example"])
def test_a_word_of_titles_is_a_first_name_unless_a_title_stands_before_it(
    first: str, name: str
) -> None:
    assert first_name(name.format(first)) == first


@given(st.text(max_size=60))
def test_a_first_name_is_a_word_of_the_name(name: str) -> None:
    found = first_name(name)
    assert found is None or found in name.replace(",", " ").split()
