"""What four CRMs send in the demo, each in its own shape: HubSpot, Shopify, Salesforce, Calendly.

`traffic` puts them beside its other senders. Everyone here is invented.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from local.demo import senders
from local.demo.expected import Expected
from local.demo.senders import CrmRecord, Delivery

Options = Mapping[str, Mapping[str, object]]


class Crms:
    """The four of them, with some people each.

    `connections`: the content of connections.toml, since HubSpot signs the address that it calls
    and Salesforce names its organization. `expected` is filled while they send. `clock` gives the
    time that signatures hold, in seconds.
    """

    def __init__(
        self,
        secrets: Mapping[str, Sequence[str]],
        connections: Options,
        now: datetime,
        expected: Expected,
        *,
        people: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = secrets
        self._connections = connections
        self._now = now
        self._expected = expected
        self._people = range(people)
        self._clock = clock

    def deliveries(self) -> Iterator[Delivery]:
        """Everything, one CRM after the other."""
        yield self._hubspot()
        yield from self._shopify()
        yield self._salesforce()
        yield from self._calendly()

    # HubSpot: one request with many events, each with one property of one contact

    def _hubspot(self) -> Delivery:
        """Two properties of each contact; a creation, which only a reader could import; a deletion.

        Their numbers are far from those of the other senders: all share one Mateo account.
        """
        events: list[CrmRecord] = []
        for number in self._people:
            mail = {"propertyName": "email", "propertyValue": f"hub{number}@example.com"}
            city = {"propertyName": "city", "propertyValue": "Rostock"}
            events += [
                self._hubspot_event("contact.propertyChange", number, mail),
                self._hubspot_event("contact.propertyChange", number, city),
            ]
        events.append(self._hubspot_event("contact.creation", 98, {"changeFlag": "CREATED"}))
        events.append(self._hubspot_event("contact.deletion", 99, {"changeFlag": "DELETED"}))
        self._expected.add("hubspot", "contacts", *(str(510_000 + n) for n in self._people))
        address = str(self._connections["hubspot"]["public_url"])
        secret = self._secrets["hubspot"][0]
        return senders.hubspot(events, secret, address, at=self._clock())

    def _hubspot_event(self, kind: str, number: int, content: CrmRecord) -> CrmRecord:
        return {
            "eventId": 3_816_279_000 + number,
            "subscriptionId": 25,
            "portalId": 33,
            "appId": 1_160_452,
            "occurredAt": int(self._now.timestamp() * 1_000),
            "subscriptionType": kind,
            "attemptNumber": 0,
            "objectId": 510_000 + number,
            "changeSource": "CRM_UI",
            **content,
        }

    # Shopify: one resource per request, its topic in a header

    def _shopify(self) -> Iterator[Delivery]:
        """A customer each with an order; the first order comes twice; a customer is deleted."""
        for number in self._people:
            customer = {
                "id": 706_405_506_930_370_000 + number,
                "first_name": "Shopper",
                "last_name": str(number),
                "email": f"shopper{number}@example.com",
                "phone": f"+4915170{number:06d}",
                "updated_at": self._now.isoformat(),
            }
            order = {
                "id": 820_982_911_946_154_000 + number,
                "name": f"#{1_000 + number}",
                "updated_at": self._now.isoformat(),
                "customer": customer,
            }
            self._expected.add("shopify", "contacts", str(customer["id"]))
            self._expected.add("shopify", "deals", str(order["id"]))
            yield self._from_shop("customers/update", customer, f"customer-{number}")
            yield self._from_shop("orders/create", order, f"order-{number}")
            if number == 0:
                yield self._from_shop("orders/create", order, f"order-{number}")
        yield self._from_shop("customers/delete", {"id": 1}, "deletion-1")

    def _from_shop(self, topic: str, resource: CrmRecord, webhook_id: str) -> Delivery:
        return senders.shopify(topic, resource, webhook_id, self._secrets["shopify"][0])

    # Salesforce: SOAP, many notifications in one request, all values are texts

    def _salesforce(self) -> Delivery:
        """A contact each with a meeting; an account, and one that was deleted before sending."""
        notifications: dict[str, CrmRecord] = {}
        for number in self._people:
            contact, meeting = f"003{number:012d}AAA", f"00U{number:012d}AAA"
            notifications[f"04l{number:012d}AAA"] = {
                "Contact": {
                    "Id": contact,
                    "FirstName": "Force",
                    "LastName": str(number),
                    "Email": f"force{number}@example.com",
                    "MobilePhone": f"+4915180{number:06d}",
                    "SystemModstamp": self._now.isoformat(),
                }
            }
            notifications[f"04m{number:012d}AAA"] = {
                "Event": {
                    "Id": meeting,
                    "Subject": f"Meeting {number}",
                    "StartDateTime": "2026-12-02T09:30:00.000Z",
                    "EndDateTime": "2026-12-02T10:00:00.000Z",
                    "WhoId": contact,
                    "SystemModstamp": self._now.isoformat(),
                }
            }
            self._expected.add("salesforce_outbound", "contacts", contact)
            self._expected.add("salesforce_outbound", "appointments", meeting)
        notifications["04n000000000001AAA"] = {"Account": {"Id": "001000000000001AAA"}}
        notifications["04n000000000002AAA"] = {}
        return senders.salesforce_outbound(
            notifications,
            str(self._connections["salesforce_outbound"]["organization_id"]),
            self._secrets["salesforce_outbound"][0],
        )

    # Calendly: one booking per request

    def _calendly(self) -> Iterator[Delivery]:
        """A booking each; the first one is cancelled later, another is marked as not kept."""
        for number in self._people:
            yield self._booking("invitee.created", number, 0, items=2)
            self._expected.add("calendly", "contacts", f"guest{number}@example.com")
            self._expected.add("calendly", "appointments", self._invitee(number))
        yield self._booking("invitee.canceled", 0, 5, items=1)
        yield self._booking("invitee_no_show.created", 1, 6, items=1)

    def _booking(self, event: str, number: int, minutes: int, *, items: int) -> Delivery:
        timestamp = (self._now + timedelta(minutes=minutes)).isoformat()
        payload: dict[str, object] = {
            "uri": self._invitee(number),
            "name": f"Guest {number}",
            "email": f"Guest{number}@example.com",
            "text_reminder_number": f"+4915190{number:06d}",
            "scheduled_event": {
                "uri": f"https://api.calendly.com/scheduled_events/EXAMPLE{number:04d}",
                "name": "Consultation",
                "start_time": "2026-12-03T09:30:00.000000Z",
                "end_time": "2026-12-03T10:00:00.000000Z",
            },
        }
        if event == "invitee.canceled":
            payload["cancellation"] = {"created_at": timestamp, "canceler_type": "invitee"}
        content = {"event": event, "created_at": timestamp, "payload": payload}
        secret = self._secrets["calendly"][0]
        return senders.calendly(content, secret, items, at=self._clock())

    @staticmethod
    def _invitee(number: int) -> str:
        return f"https://api.calendly.com/scheduled_events/EXAMPLE{number:04d}/invitees/EXAMPLE"
