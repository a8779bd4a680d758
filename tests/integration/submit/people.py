"""The people of these tests, as the items of a delivery."""

from tests.support.following import ADA

__all__ = ["ADA", "BAD", "BOB"]
BOB = {"id": 2, "v": 1, "name": "Bob Example", "phone": "030 23125001"}
BAD = {"v": 1, "phone": "12"}
