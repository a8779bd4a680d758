"""What Salesforce's objects map by default: contacts and leads, opportunities, events.

Change events and Salesforce's API hold a name and an address as one field with parts; outbound
messages hold each part as a field of its own, and leads without `Mailing` before it.
"""

from collections.abc import Mapping

from import_relay.connectors.shared.all_day import timed
from import_relay.domain.connections import RecordType, RecordTypeName

_CONTACT: Mapping[str, str] = {
    "external_id": "Id",
    "full_name": "join(' ', [Name.FirstName, Name.LastName][?@])",
    "email": "Email",
    "whatsapp": "[MobilePhone, Phone][?@]",
    "country_codes": "MailingAddress.CountryCode || MailingAddress.Country",
    "birthday": "Birthdate",
    "address_line1": "MailingAddress.Street",
    "zipcode": "MailingAddress.PostalCode",
    "city": "MailingAddress.City",
}
_CONTACT_OF_PARTS: Mapping[str, str] = {
    **_CONTACT,
    "external_id": "PersonContactId || Id",
    "full_name": "Name || join(' ', [FirstName, LastName][?@])",
    "country_codes": "MailingCountryCode || MailingCountry || CountryCode || Country",
    "address_line1": "MailingStreet || Street",
    "zipcode": "MailingPostalCode || PostalCode",
    "city": "MailingCity || City",
}
_OTHERS: Mapping[RecordTypeName, RecordType] = {
    "deal": RecordType(
        "deal",
        {
            "external_id": "Id",
            "name": "Name",
            "description": "Description",
            "contact_external_id": "ContactId",
        },
        allow_reassignment=True,
    ),
    "appointment": RecordType(
        "appointment",
        {
            "external_id": "Id",
            "name": "Subject",
            "description": "Description",
            "start_time": timed("IsAllDayEvent", "StartDateTime"),
            "end_time": timed("IsAllDayEvent", "EndDateTime"),
            "contact_external_id": "WhoId",
        },
        allow_reassignment=True,
    ),
}
OF_CHANGE_EVENTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType("contact", _CONTACT),
    **_OTHERS,
}
OF_OUTBOUND_MESSAGES: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType("contact", _CONTACT_OF_PARTS),
    **_OTHERS,
}
