"""Where the rows stand in an object: whether it is a list page of an API, or a row itself. Pure.

A page has one list of objects. Everything besides must be about the page: a record has names that
no page has, e.g. an id. Called by `json_files`.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

_LISTS = ("records", "data", "value", "items", "results", "collection")
"""Keys whose list holds rows even if it is empty. A list under another key holds rows only if all
its elements are objects."""
_VALUE, _EMPTY, _ROWS, _MIXED = "value", "an empty list", "a list of objects", "a list"
Held: TypeAlias = "str | dict[str, Held]"
"""What a member of an object holds: one of the words above, or the members of an object."""
Outline: TypeAlias = dict[str, Held]
MAX_PAGE_DEPTH = 3
"""Objects within objects, as far as a page may be in them."""
MAX_MEMBERS = 100
"""Of a page; what has more is a row."""
_LEVELS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}
_ABOUT = frozenset(
    """
    additional_data count cursor done limit links meta metadata next object offset page pages
    pagination paging previous prev related_objects request_id requestId success took total url
    """.split()  # noqa: SIM905 - a word a line would fill the page
)
"""Other keys that a page may have: none belongs to a record."""
_ABOUT_WORDS = frozenset(
    """
    additional at count current cursor done elements estimate first found has index info is items
    last left limit link links max more next no num number of offset page pages per prev previous
    records result results size start token total url vid
    """.split()  # noqa: SIM905
)
"""So is a key of several words if all of them are of these, e.g. `nextRecordsUrl`, `has-more`."""
_ABOUT_DATA = frozenset(
    """
    code error errors etag extensions from included info jsonapi kind locale message msg path query
    status statusCode time timestamp to type version warnings
    """.split()  # noqa: SIM905
)
"""So are these beside a list that only pages have. They could be a record's beside another one."""
_DATA = frozenset(_LISTS) - {"items"}
_WRAPPERS = frozenset({"d", "data", "result", "response", "_embedded"})
"""Keys of an object in which a page stands, as in OData 2: `{"d": {"results": [...]}}`."""
_CONNECTION = frozenset({"nodes", "edges"})
"""Keys of the list in an object of GraphQL, which any key of `data` may hold."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def rows_path(page: Outline, *, is_whole: bool = True) -> tuple[str, ...]:
    """The keys under which the rows of an object are; none if it is a row itself.

    Args:
        page: what the object holds.
        is_whole: whether that is all; otherwise the rest is damaged.
    """
    own = {name: held for name, held in page.items() if not is_about(name)}
    has_about = len(own) < len(page) or not is_whole
    found = [path for name, held in own.items() if (path := _path(name, held))]
    filled = [path for path in found if page[path[0]] != _EMPTY] or found
    listed = [path for path in filled if path[0] in _DATA] or filled
    if len(listed) != 1:
        return ()
    (path,) = listed
    rest = (name for name in own if name != path[0])
    are_beside = (
        (own[name] == _EMPTY and has_about) or (name in _ABOUT_DATA and bool(_DATA & set(path)))
        for name in rest
    )
    return path if all(are_beside) else ()


def is_about(name: str) -> bool:
    """Whether a key belongs to pages alone, whatever it holds."""
    if name in _ABOUT or name.startswith(("@", "__")) or name == "_links":
        return True
    words = _WORD.findall(name)
    is_of_words = "".join(words) == name.replace("_", "").replace("-", "") and len(words) > 1
    return is_of_words and all(word.lower() in _ABOUT_WORDS for word in words)


def is_own(name: str, held: Held) -> bool:
    """Whether a member shows that its object is a row, whatever else that has."""
    is_known = is_about(name) or name in _ABOUT_DATA or held in (_EMPTY, _ROWS)
    return not is_known and not (name in _LISTS and held == _MIXED) and not isinstance(held, dict)


def _path(name: str, held: Held) -> tuple[str, ...]:
    """The keys to rows in a member."""
    if not name or "." in name:  # `ijson` would take it for none, or two
        return ()
    if isinstance(held, dict):
        inner = rows_path(held)
        is_wrapper = name in _WRAPPERS or bool(_CONNECTION & set(inner[-1:]))
        return (name, *inner) if inner and is_wrapper else ()
    is_listed = held == _ROWS or (name in _LISTS and held in (_EMPTY, _MIXED))
    return (name,) if is_listed else ()


def outline_of(record: Mapping[str, Any], depth: int = MAX_PAGE_DEPTH) -> Outline:
    """What an object that was read holds."""
    return {name: _held(value, depth - 1) for name, value in record.items()}


def _held(value: object, depth: int) -> Held:
    if isinstance(value, dict):
        return outline_of(value, depth) if depth else {}
    if not isinstance(value, list):
        return _VALUE
    if not value:
        return _EMPTY
    return _ROWS if all(isinstance(one, dict) for one in value) else _MIXED


class Outlined:
    """Collects what an object holds from the events of a parser, and stops where it is a row.

    Attributes:
        page: what is known of the object; nothing of an array, or of what is neither.
        is_array: whether it is an array.
    """

    def __init__(self) -> None:
        self.page: Outline = {}
        self.is_array = False
        self._open: list[Outline] = []
        self._names: list[str] = []
        self._is_list = False
        self._skipped = 0

    def take(self, event: str, value: Any) -> bool:
        """Take an event; whether nothing more is to be known."""
        if self._skipped:  # within an element of a list, or too deep
            self._skipped += _LEVELS.get(event, 0)
        elif event == "map_key":
            self._names[-1] = value
        elif event == "end_array":
            self._is_list = False
        elif event == "end_map":
            self._open.pop()
            self._names.pop()
        elif self._is_list:
            self._take_element(event)
        elif not self._open:
            return self._take_whole(event)
        else:
            return self._take_member(event)
        return False

    def _take_whole(self, event: str) -> bool:
        self.is_array = event == "start_array"
        self._open, self._names = [self.page], [""]
        return event != "start_map"

    def _take_member(self, event: str) -> bool:
        holder, name = self._open[-1], self._names[-1]
        held: Held = _EMPTY if event == "start_array" else {} if event == "start_map" else _VALUE
        if name in holder:
            held = _VALUE  # the key stands twice
        holder[name] = held
        if event == "start_array" and held == _EMPTY:
            self._is_list = True
        elif isinstance(held, dict) and len(self._open) < MAX_PAGE_DEPTH:
            self._open.append(held)
            self._names.append("")
        else:
            self._skipped = _LEVELS.get(event, 0)
        if len(holder) > MAX_MEMBERS:
            self.page.clear()
        return not self.page or (holder is self.page and is_own(name, held))

    def _take_element(self, event: str) -> None:
        holder, name = self._open[-1], self._names[-1]
        is_object = event == "start_map" and holder[name] in (_EMPTY, _ROWS)
        holder[name] = _ROWS if is_object else _MIXED
        self._skipped = _LEVELS.get(event, 0)
