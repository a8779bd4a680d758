"""What a code says to a person: the form of every entry of `codes.CODES`."""

from typing import NamedTuple


class Explanation(NamedTuple):
    """What a code means and what a person does about it."""

    what: str
    what_to_do: str
