"""Reads form bodies (application/x-www-form-urlencoded). Called by `split` of the connectors.

In a form a plus stands for a space. Some senders do not escape pluses, and "+49 151 …" would lose
what tells it from a national number. Two things are certain. A value with a space in it was never
escaped, so its pluses are pluses. And no telephone number begins with a space, so one that seems to
was sent with a plus.
"""

import re
from urllib.parse import parse_qsl, unquote

from import_relay.domain.errors import UnreadableDelivery

MAX_FIELDS = 5_000
"""Own limit: many times the custom fields of an account."""
_start = re.compile(r"(?:tel:)?\(?", re.IGNORECASE)
_number = re.compile(r"[1-9][0-9+ ()/.-]{5,40}", re.ASCII)


def pairs(text: str) -> list[tuple[str, str]]:
    """Names and values as they were sent, decoded.

    Raises:
        UnreadableDelivery: too many of them, or what they encode is not UTF-8.
    """
    escaped = "&".join(map(_with_plus, text.strip().split("&"))) if "+" in text else text.strip()
    try:
        return parse_qsl(
            escaped, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except UnicodeDecodeError as error:
        raise UnreadableDelivery("delivery.not_utf8") from error
    except ValueError as error:
        raise UnreadableDelivery("delivery.not_form", "far too many fields") from error


def _with_plus(pair: str) -> str:
    """The pair, with those pluses escaped that do not stand for spaces."""
    name, equals, value = pair.partition("=")
    if " " in value:
        return name + equals + value.replace("+", "%2B")
    start, plus, number = value.partition("+")
    if plus and _start.fullmatch(unquote(start)) and _number.fullmatch(unquote(number)):
        return f"{name}{equals}{start}%2B{number}"
    return pair
