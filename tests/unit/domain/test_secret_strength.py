"""Secrets that authenticate weakly are recognised."""

import pytest

from import_relay.domain.secret_strength import weakness_of
from tests.support.webhooks import example_secrets


@pytest.mark.parametrize(
    ("secret", "weakness"),
    [
        ("", "is blank"),
        (" \n", "is blank"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "is trivial"),
        ("Password123!", "is trivial"),
        ("hook:changeme", "is trivial"),
        ("hook:", "is trivial"),
        ("k3Jd9", "is shorter than 12 characters"),
        ("a-good-long-one-7361\n", "has white space around it, which is ignored"),
        ("a-good-long-one-7361", ""),
        ("hook:a-good-long-one-7361", ""),
    ],
)
def test_a_weak_secret_is_recognised(secret: str, weakness: str) -> None:
    assert weakness_of(secret) == weakness


def test_the_example_secrets_are_not_weak() -> None:
    assert [weakness_of(one) for texts in example_secrets().values() for one in texts] == [
        "" for texts in example_secrets().values() for _ in texts
    ]
