"""Reads the SOAP envelope of a Salesforce outbound message. Called by `outbound_events`.

The XML comes from the internet and is read before its sender is known: no document type, no
entities, no external references (defusedxml), and bounds on depth and number of elements, so that
six megabytes of tags do not become a gigabyte of objects. Nothing is kept but what is imported: the
session id, which opens the sender's API, is not even looked at.
"""

from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.ElementTree import XMLParser

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
MAX_XML_DEPTH = 20
"""Own limit; an outbound message has six levels."""
MAX_ELEMENTS = 100_000
"""Own limit on elements and attributes: Salesforce sends at most 100 notifications, and 800 is a
generous number of fields."""

Value = str | None | list["Value"] | dict[str, "Value"]


class Notification(NamedTuple):
    """One record of a message; `fields` is empty if Salesforce has no data of it any more."""

    id: str | None
    object: str | None
    fields: dict[str, Value]


class Message(NamedTuple):
    """What is kept of an outbound message."""

    organization_id: str
    action_id: str | None
    notifications: list[Notification]


class NotXml(ValueError):
    """The text is no XML that is read here."""


class NoMessage(ValueError):
    """The XML is no outbound message."""


def message(text: str) -> Message:
    """The outbound message that the text holds; an encoding that it declares has no meaning.

    Raises:
        NotXml: it is no XML, declares a document type or entities, or is far too deep or large.
        NoMessage: it is other XML.
    """
    body = _only(_root(text), f"{SOAP}Body")
    notifications = _only(body, f"{OUTBOUND}notifications")
    organization_id = _text(_only(notifications, f"{OUTBOUND}OrganizationId"))
    if organization_id is None:
        raise NoMessage("it names no organization")
    return Message(
        organization_id,
        _text(notifications.find(f"{OUTBOUND}ActionId")),
        [_notification(one) for one in notifications.findall(f"{OUTBOUND}Notification")],
    )


class _BoundedBuilder(TreeBuilder):
    """Builds a tree until it is too deep or has too many elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._elements += 1 + len(attrs)
        if self._depth > MAX_XML_DEPTH or self._elements > MAX_ELEMENTS:
            raise NotXml("too deep, or too many elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def _most_attributes(text: str) -> int:
    """The most attributes that a text can have: each has an equals sign and two quotes.

    The parser reads all attributes of an element before anything can count them.
    """
    return min(text.count("="), (text.count('"') + text.count("'")) // 2)


def _root(text: str) -> Element:
    if _most_attributes(text) > MAX_ELEMENTS:
        raise NotXml("too many attributes")
    parser = XMLParser(target=_BoundedBuilder(), forbid_dtd=True)
    try:
        parser.feed(text)
        root: Element = parser.close()
    except NotXml:
        raise
    except (ParseError, ValueError, LookupError, AssertionError) as error:
        # what defusedxml refuses is a ValueError; AssertionError: the builder got no root
        raise NotXml(type(error).__name__) from error
    if root.tag != f"{SOAP}Envelope":
        raise NoMessage("the root is no SOAP envelope")
    return root


def _only(parent: Element, tag: str) -> Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise NoMessage(f"{tag.rpartition('}')[2]} is missing or repeated")
    return found[0]


def _notification(element: Element) -> Notification:
    record = element.find(f"{OUTBOUND}sObject")
    identifier = _text(element.find(f"{OUTBOUND}Id"))
    if record is None or _is_nil(record):
        return Notification(identifier, None, {})
    return Notification(identifier, _object(record), _fields(record))


def _object(record: Element) -> str | None:
    """The local name of `xsi:type`, e.g. `Contact` of `sf:Contact`; the prefix is the sender's."""
    return record.get(f"{_INSTANCE}type", "").rpartition(":")[2] or None


def _fields(parent: Element) -> dict[str, Value]:
    """Local names and values; a field that stands there several times has a list of them."""
    found: dict[str, list[Value]] = {}
    for element in parent:
        found.setdefault(element.tag.rpartition("}")[2], []).append(_value(element))
    return {name: _joined(values) for name, values in found.items()}


def _joined(values: list[Value]) -> Value:
    """One value where all are equal: the partner schema writes `Id` twice."""
    return values[0] if all(value == values[0] for value in values) else values


def _value(element: Element) -> Value:
    if _is_nil(element):
        return None
    return _fields(element) if len(element) else (element.text or "")


def _text(element: Element | None) -> str | None:
    if element is None or len(element) or _is_nil(element):
        return None
    return (element.text or "").strip() or None


def _is_nil(element: Element) -> bool:
    return element.get(f"{_INSTANCE}nil", "").strip() in ("true", "1")
