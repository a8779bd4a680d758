"""The functions that expressions of connections.toml have beside those of JMESPath.

Called by `expressions`. Each gives null for null, so that a missing field stays missing, and raises
`Unusable` with the value that it cannot read: the column is left out with a note that names it.
docs/connections.md describes them for people who write mappings.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jmespath.functions import Functions, signature

from import_relay.domain.spelling import did_you_mean
from import_relay.mapping.datetimes import (
    epoch_time,
    explicit_datetime,
    formatted_time,
    has_zone,
    is_only_a_date,
    parse_format,
    time_zone,
)
from import_relay.mapping.first_names import first_name
from import_relay.mapping.texts import clean_text, is_empty
from import_relay.mapping.values import Unusable, plain_number

if TYPE_CHECKING:
    from jmespath.functions import _Signature

BAD = "value.bad_expression"
MAX_FUNCTION_TEXT = 100_000
"""Characters of a text that a function works on; `replace` may make it longer."""
_UNITS = MappingProxyType({"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 10**9})
_EPOCH = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_ANY: "_Signature" = {"types": ["string", "number", "boolean", "null", "array", "object"]}
_TEXT: "_Signature" = {"types": ["string"]}
_TABLE: "_Signature" = {"types": ["object"]}


class RelayFunctions(Functions):
    """JMESPath's own functions and ours; one for all expressions, it keeps no state."""

    @signature(_ANY, _TEXT)
    def _func_to_date(self, value: object, form: str) -> str | None:
        """`to_date(birthday, 'DD.MM.YYYY')`: the date that a text of this form says."""
        text = _text(value, "to_date")
        return text and _reading(text, lambda: formatted_time(text, form).date().isoformat())

    @signature(_ANY, _TEXT)
    def _func_to_datetime(self, value: object, form: str) -> str | None:
        """`to_datetime(start, 'DD.MM.YYYY HH:mm')`: the time; it is in the `time_zone`.

        Of a form without `HH` it is the date, as no time of day was said.
        """
        if "HH" not in form:
            return self._func_to_date(value, form)
        text = _text(value, "to_datetime")
        return text and _reading(text, lambda: formatted_time(text, form).isoformat())

    @signature(_ANY, _TEXT)
    def _func_from_epoch(self, value: object, unit: str) -> str | None:
        """`from_epoch(created, 'ms')`: the time so many `s`, `ms`, `us`, `ns` after 1970."""
        text = repr(value) if type(value) in (int, float) else _text(value, "from_epoch")
        if not text:
            return None
        if not _EPOCH.fullmatch(text):
            raise Unusable(BAD, value, "from_epoch: not a number")
        return _reading(value, lambda: epoch_time(Decimal(text), _unit(unit)).isoformat())

    @signature(_ANY, _ANY)
    def _func_in_zone(self, value: object, zone: object) -> str | None:
        """`in_zone(start, timezone)`: a time without a zone is in this one, e.g. of a field.

        A date stays a date, as no time of day was said.
        """
        text, name = _text(value, "in_zone"), _text(zone, "in_zone")
        if not text or not name or is_only_a_date(text):
            return text
        if has_zone(text):
            return text
        return _reading(text, lambda: explicit_datetime(text, time_zone(name)))

    @signature(_ANY, _TEXT)
    def _func_to_decimal(self, value: object, mark: str) -> int | float | None:
        """`to_decimal(revenue, ',')`: the number of `1.234,50`; the mark is `,` or `.`."""
        if type(value) in (int, float):
            return value  # type: ignore[return-value]  # checked by its type
        text = _text(value, "to_decimal")
        if not text:
            return None
        whole = _decimal(mark).fullmatch(text.replace("\u2212", "-"))
        if whole is None:
            raise Unusable(BAD, value, f"to_decimal: not a number with the decimal mark {mark}")
        digits = re.sub(r"[^0-9+-]", "", whole["whole"])
        return plain_number(f"{digits}.{whole['part'] or 0}")

    @signature(_ANY, _TEXT)
    def _func_split(self, value: object, separator: str) -> list[str] | None:
        """`split(tags, ',')`: the parts of a text, trimmed, without empty ones."""
        text = _text(value, "split")
        if text is None:
            return None
        parts = map(clean_text, text.split(separator) if separator else [text])
        return [part for part in parts if part]

    @signature(_ANY, _TEXT, _TEXT)
    def _func_replace(self, value: object, old: str, new: str) -> str | None:
        """`replace(email, 'mailto:', '')`: the text with every occurrence replaced."""
        text = _text(value, "replace")
        return text.replace(old, new) if text and old else text

    @signature(_ANY)
    def _func_lower(self, value: object) -> str | None:
        """`lower(status)`: the text in small letters."""
        text = _text(value, "lower")
        return text and text.lower()

    @signature(_ANY)
    def _func_upper(self, value: object) -> str | None:
        """`upper(country)`: the text in capital letters."""
        text = _text(value, "upper")
        return text and text.upper()

    @signature(_ANY)
    def _func_trim(self, value: object) -> str | None:
        """`trim(name)`: the text without white space and invisible signs around it."""
        return _text(value, "trim")

    @signature(_ANY, _TABLE)
    def _func_lookup(self, value: object, table: Mapping[str, object]) -> object:
        """`lookup(vip, `{"Ja": true, "Nein": false}`)`: what stands for a word in a table."""
        word = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else value
        word = str(word) if type(word) is int else _text(word, "lookup")
        if not word:
            return None
        if word in table:
            return table[word]
        raise Unusable(BAD, value, f"lookup: not one of {', '.join(table)}")

    @signature(_ANY)
    def _func_first_name(self, value: object) -> str | None:
        """`first_name(name)`: `Ada` of `Dr. Ada Example` and of `Example, Ada`."""
        text = _text(value, "first_name")
        return first_name(text) if text else None


def _text(value: object, function: str) -> str | None:
    """The text of an argument, trimmed; None for what says nothing."""
    if value is None or (isinstance(value, list) and is_empty(value)):
        return None
    if not isinstance(value, str):
        raise Unusable(BAD, value, f"{function}: not a text")
    if len(value) > MAX_FUNCTION_TEXT:
        raise Unusable(BAD, None, f"{function}: a text of {len(value)} characters")
    try:
        return clean_text(value) or None
    except ValueError as error:
        raise Unusable("value.bad_text", value, str(error)) from error


def _reading(value: object, read: Callable[[], str]) -> str:
    try:
        return read()
    except ValueError as error:
        raise Unusable(BAD, value, str(error)) from error


def _unit(name: str) -> int:
    if name not in _UNITS:
        raise ValueError(f"the unit is one of {', '.join(_UNITS)}, not {name}")
    return _UNITS[name]


def _decimal(mark: str) -> re.Pattern[str]:
    """A number with this decimal mark and perhaps groups of three digits.

    Raises:
        ValueError: the mark is neither a comma nor a point.
    """
    if mark not in _DECIMALS:
        raise ValueError(f"the decimal mark is ',' or '.', not {mark!r}")
    return _DECIMALS[mark]


_DECIMALS = {
    mark: re.compile(
        rf"(?P<whole>[+-]?([0-9]{{1,300}}|[0-9]{{1,3}}([{group}][0-9]{{3}}){{1,99}}))"
        rf"([{mark}](?P<part>[0-9]{{1,300}}))?"
    )
    for mark, group in ((",", r".'\u2019\s"), (".", r",'\u2019\s"))
}
_CHECKS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "to_date": parse_format,
        "to_datetime": parse_format,
        "from_epoch": _unit,
        "to_decimal": _decimal,
        "in_zone": time_zone,
    }
)
"""Functions whose second argument has a form of its own, and what raises ValueError for another."""


def function_mistakes(node: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the functions of a parsed expression, wherever in it they are called."""
    if node["type"] == "function_expression":
        yield from _call_mistakes(node["value"], node["children"])
    for child in node["children"]:
        if isinstance(child, dict):  # of a slice they are numbers
            yield from function_mistakes(child)


def _call_mistakes(name: str, arguments: list[Mapping[str, Any]]) -> Iterator[str]:
    known = RelayFunctions.FUNCTION_TABLE.get(name)
    if known is None:
        table = RelayFunctions.FUNCTION_TABLE
        meant = did_you_mean(name, table) or f"; there are {', '.join(table)}"
        yield f"unknown function {name}(){meant}"
        return
    wanted = known["signature"]
    is_variadic = bool(wanted) and wanted[-1].get("variadic", False)
    if len(arguments) < len(wanted) or (len(arguments) > len(wanted) and not is_variadic):
        takes = f"{len(wanted)}{' or more' if is_variadic else ''}"
        yield f"{name}() takes {takes} arguments, not {len(arguments)}"
        return
    yield from _literal_mistakes(name, arguments, wanted)


def _literal_mistakes(
    name: str, arguments: list[Mapping[str, Any]], wanted: list[Mapping[str, Any]]
) -> Iterator[str]:
    """Of arguments that do not depend on the record, those that the function cannot take."""
    if name not in _OWN:
        return
    for argument, one in zip(arguments[1:], wanted[1:], strict=True):
        if argument["type"] != "literal":
            continue
        value = argument["value"]
        type_ = "object" if isinstance(value, dict) else "string"
        if not isinstance(value, str | dict) or type_ not in one["types"]:
            yield f"{name}() cannot take {value!r}"
        elif name in _CHECKS:
            try:
                _CHECKS[name](str(value))
            except ValueError as error:
                yield f"{name}(): {error}"


_OWN = frozenset(RelayFunctions.FUNCTION_TABLE) - frozenset(Functions.FUNCTION_TABLE)
OWN_FUNCTIONS = tuple(sorted(_OWN))
"""Their names, for the documentation."""
