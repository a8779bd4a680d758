"""Warns of what can be used in a connection, but is probably a mistake. Called by the check."""

from collections.abc import Callable, Iterator, Mapping

from import_relay.check.expression_hints import name_for_value
from import_relay.connectors.complete_connections import with_defaults
from import_relay.domain.connections import Connection, Mistake, RecordType
from import_relay.domain.spelling import did_you_mean
from import_relay.mapping.columns import DOCUMENTED
from import_relay.mapping.record_mapping import RecordMapping

_NO_EXTERNAL_ID = (
    "maps no external_id: a record that changes its other identifiers becomes another one"
)
_CONTACTS = frozenset(("contact_external_id", "contact_id"))
_SEVERAL_COUNTRIES = (
    "lists several countries: a national number that fits more than one of them is ambiguous; "
    "map the record's own country, or give each country a connection of its own"
)


def warnings_of(given: Connection) -> Iterator[Mistake]:
    """Warnings about a connection without mistakes, by their keys."""
    weakness = _WEAK.get(given.kind)
    if weakness is not None:
        yield from weakness(given.options)
    record_types = with_defaults(given).record_types
    if given.kind == "shopify" and "contact" in record_types:
        yield from _shopify(RecordMapping(record_types["contact"]))
    for record_type in record_types.values():
        for key, what in _of_record_type(record_type):
            yield Mistake(f"{record_type.name}.{key}", what)


def _of_record_type(record_type: RecordType) -> Iterator[tuple[str, str]]:
    known = DOCUMENTED[record_type.name]
    declared = {*record_type.custom_fields, *record_type.marketing_channels, *record_type.datetimes}
    for column in sorted(record_type.fields.keys() - known - declared):
        what = (
            f"is no column that Mateo documents{did_you_mean(column, known)}; if it is your own, "
        )
        key = f"{record_type.name}.custom_fields or {record_type.name}.marketing_channels"
        yield f"fields.{column}", f"{what}name it in {key}"
    for column in sorted(declared - record_type.fields.keys()):
        key = "custom_fields" if column in record_type.custom_fields else "marketing_channels"
        if column not in record_type.datetimes:
            yield key, f"names {column!r}, which {record_type.name}.fields does not map"
    for key, expression in _expressions(record_type):
        if what := name_for_value(expression):
            yield key, what
    if record_type.name != "contact" and _CONTACTS.isdisjoint(record_type.fields):
        yield "fields", f"maps no contact: Mateo refuses a new {record_type.name} without one"
    if "external_id" not in record_type.fields:
        yield "fields", _NO_EXTERNAL_ID
    if len(record_type.country_codes) > 1:
        yield "country_codes", _SEVERAL_COUNTRIES


def _expressions(record_type: RecordType) -> Iterator[tuple[str, str]]:
    yield "when", record_type.when or ""
    yield "version", record_type.version or ""
    for column, expression in record_type.fields.items():
        yield f"fields.{column}", expression


def _shopify(mapping: RecordMapping) -> Iterator[Mistake]:
    """What keeps an opt-out out: its topics hold the customer's id and the consent alone."""
    for column in mapping.unidentified({"id": 1}):
        what = "is not in the topics about consent, which hold only `id`: no opt-out arrives"
        yield Mistake(f"contact.fields.{column}", what)
    for topic in ("email_marketing_consent", "sms_marketing_consent"):
        for column in mapping.cut_columns({"id": 1, topic: _CONSENT}):
            what = f"needs more than the topic about {topic} holds: no opt-out from it arrives"
            yield Mistake(f"contact.fields.{column}", what)


_CONSENT = {"state": "unsubscribed", "opt_in_level": None, "consent_updated_at": None}


def _outbound(options: Mapping[str, str]) -> Iterator[Mistake]:
    if options.get("auth") != "path":
        yield Mistake(
            "auth",
            "the organization's id alone, which is no secret, authenticates the sender: set "
            "auth = 'path' and put a long random text into its secrets",
        )


def _hubspot(options: Mapping[str, str]) -> Iterator[Mistake]:
    for version in options.get("older_signatures", "").split():
        extended = ", even with its body extended" if version == "v1" else ""
        yield Mistake(
            "older_signatures",
            f"{version} signs no time: anyone who has seen a request can send it again{extended}",
        )


_WEAK: Mapping[str, Callable[[Mapping[str, str]], Iterator[Mistake]]] = {
    "hubspot": _hubspot,
    "hubspot_workflow": _hubspot,
    "salesforce_outbound": _outbound,
}
"""Kind → what is weak about how its sender authenticates itself."""
