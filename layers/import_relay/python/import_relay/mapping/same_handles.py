"""When two contacts have the same handle, as Mateo compares them. Pure.

Called by `shared_handles` for rows that are to be sent, and by `taken_handles` for those that were.
"""

import re
from collections.abc import Iterator, Mapping

from import_relay.mapping.keys import HANDLES, PHONE_COLUMNS

_SIGNS = re.compile(r"[\s()./-]")
Handle = tuple[str, str]
"""Column and normalised value: `("email", "ada@example.com")`."""


def handles_of(columns: Mapping[str, object]) -> Iterator[Handle]:
    """The handles of a contact's row.

    Of a list of phone numbers, which `phones = "pass"` sends, the first one counts. A national one
    is the same only in the same countries.
    """
    for column in HANDLES:
        if value := columns.get(column):
            text = str(value[0] if isinstance(value, list) else value).strip().lower()
            yield column, _number(text, columns) if column in PHONE_COLUMNS else text


def _number(text: str, columns: Mapping[str, object]) -> str:
    if not text[1:].isdecimal():  # not as the relay writes it
        text = _SIGNS.sub("", text)
    return text if text.startswith("+") else f"{text} {columns.get('country_codes') or ''}"
