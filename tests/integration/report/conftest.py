"""Fixtures of the tests of reporting: a relay whose Mateo keeps imports."""

from tests.support.fixtures import made, mateo, relay

__all__ = ["made", "mateo", "relay"]
