"""Which types an expression can give, by its text alone."""

import pytest
from jmespath.exceptions import JMESPathError

from import_relay.mapping.expression_types import possible_types


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("'crm'", {"string"}),
        ("`7`", {"number"}),
        ("`{}`", {"object"}),
        ("`null`", set()),
        ("null", set()),
        ("a == b", {"boolean"}),
        ("!a", {"boolean"}),
        ("[a, b]", {"list"}),
        ("a[?b]", {"list"}),
        ("join(' ', [a])", {"string"}),
        ("a | length(@)", {"number"}),
        ("a && 'accepted' || null", {"string"}),
        ("a == `true` && 'accepted' || a == `false` && 'declined' || `null`", {"string"}),
        ("length(a) || 'none'", {"number", "string"}),
    ],
)
def test_a_type_that_follows_from_the_text_is_known(text: str, types: set[str]) -> None:
    assert possible_types(text) == frozenset(types)


@pytest.mark.parametrize("text", ["a", "a.b", "a || 'x'", "a | [0]", "max(a)", "not_null(a)"])
def test_a_type_that_depends_on_the_record_is_unknown(text: str) -> None:
    assert possible_types(text) is None


def test_a_text_that_is_no_expression_is_an_error() -> None:
    with pytest.raises(JMESPathError):
        possible_types("a..b")
