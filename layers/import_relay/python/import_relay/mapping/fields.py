"""One column of a mapping: how its value is found and converted. Called by `mapping`."""

from collections.abc import Callable

from import_relay.mapping.expressions import EVALUATION_ERRORS, Expression, Path
from import_relay.mapping.texts import is_empty
from import_relay.mapping.values import Converter, Unusable


class Field:
    """One column: how its value is found and converted, and the paths that it depends on.

    `read` gives the column's value, None if the record says nothing. It raises `Unusable` if the
    record says something that cannot be sent.
    """

    __slots__ = ("column", "paths", "read")

    def __init__(
        self, column: str, evaluate: Expression, convert: Converter, paths: frozenset[Path]
    ) -> None:
        self.column = column
        self.paths = paths
        self.read = _reader(evaluate, convert)

    def is_said(self, record: object) -> bool:
        """Whether the record says anything for the column, even if it is unusable."""
        try:
            return self.read(record) is not None
        except Unusable:
            return True


def _reader(evaluate: Expression, convert: Converter) -> Callable[[object], object]:
    """`Field.read`, as a closure: each record calls ten of these."""

    def read(record: object) -> object:
        try:
            value = evaluate(record)
        except Unusable:
            raise
        except EVALUATION_ERRORS as error:
            raise Unusable("value.bad_expression", str(error), "the expression fails") from error
        if value is None or (type(value) is list and is_empty(value)):
            return None
        return convert(value)  # which finds out whether a text is empty

    return read
