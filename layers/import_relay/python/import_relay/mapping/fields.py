"""One column of a mapping: how its value is found and converted. Called by `mapping`."""

from typing import NamedTuple

from import_relay.mapping.expressions import EVALUATION_ERRORS, Expression, Path
from import_relay.mapping.texts import is_empty
from import_relay.mapping.values import Converter, Unusable


class Field(NamedTuple):
    """One column: how its value is found and converted, and the paths that it depends on."""

    column: str
    evaluate: Expression
    convert: Converter
    paths: frozenset[Path]

    def read(self, record: object) -> object:
        """The column's value; None if the record says nothing.

        Raises:
            Unusable: it says something that cannot be sent.
        """
        try:
            value = self.evaluate(record)
        except Unusable:
            raise
        except EVALUATION_ERRORS as error:
            raise Unusable("value.bad_expression", str(error), "the expression fails") from error
        if value is None or (type(value) is list and is_empty(value)):
            return None
        return self.convert(value)  # which finds out whether a text is empty

    def is_said(self, record: object) -> bool:
        """Whether the record says anything for the column, even if it is unusable."""
        try:
            return self.read(record) is not None
        except Unusable:
            return True
