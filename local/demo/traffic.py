"""What the demo's seven senders send, and what must come of it; `run` sends it.

Everyone here is invented: example.com addresses, plainly invented numbers.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from local.demo import senders
from local.demo.crms import Crms, Options
from local.demo.expected import Expected, id_prefixes
from local.demo.senders import Delivery

ERP_CHUNK = 2_500
"""Records per ERP request: below 1 MB, far below the 6 MB that a request may have."""
ODD = 5
"""ERP records with a value that cannot be used: four are sent without it, one has no id."""
FAILING = 5
"""ERP records that Mateo fails: it keeps loyalty_level as a number, and these have a text."""
REPEATED = 10
"""ERP records that are sent a second time, unchanged."""
PEOPLE = 10
"""People from each of the six other senders."""


class Traffic:
    """The senders, with the secrets of their connections."""

    def __init__(
        self,
        secrets: Mapping[str, Sequence[str]],
        connections: Options,
        contacts: int,
        now: datetime,
        *,
        by_file: bool = False,
    ) -> None:
        """`by_file`: the ERP's contacts come as a file, and only its changes as webhooks."""
        self._secrets = secrets
        self._contacts = contacts
        self._by_file = by_file
        self._now = now
        self.expected = Expected(id_prefixes(connections))
        self._crms = Crms(secrets, connections, now, self.expected, people=PEOPLE)

    def first_day(self) -> Iterator[Delivery]:
        """Signed events, the ERP's batch, and what senders do wrong."""
        yield from self._pipedrive()
        yield from self._standard_webhooks()
        yield from self._crms.deliveries()
        yield from self._erp()
        yield from self._repetitions()
        yield from self._mistakes()

    def next_day(self) -> Iterator[Delivery]:
        """The person whose deal came a day too early, and a change of a known contact."""
        yield self._person(9_900, "Late Person")
        yield self._from_erp([self._customer(3) | {"name": "Customer 3, renamed", **self._at(9)}])
        self.expected.names["C-000003"] = "Customer 3, renamed"

    def file(self) -> bytes:
        """The ERP's contacts as a gzipped file with one JSON object on each line."""
        lines = (json.dumps(self._customer(n)) + "\n" for n in range(1, self._contacts + 1))
        return gzip.compress("".join(lines).encode(), 1)

    # an ERP: JSON with a secret header

    def _erp(self) -> Iterator[Delivery]:
        numbers = range(1, self._contacts + 1)
        if not self._by_file:
            for start in range(0, self._contacts, ERP_CHUNK):
                customers = [self._customer(n) for n in numbers[start : start + ERP_CHUNK]]
                yield self._from_erp(customers)
        self.expected.add("json", "contacts", *(f"C-{n:06d}" for n in numbers))
        odd = [self._customer(self._contacts + n) for n in range(1, ODD + 1)]
        for customer in odd[:3]:  # a value that cannot be used is left out; the contact goes on
            customer |= {"phones": ["12"], "email": None}
        odd[3]["birthday"] = "31.12.1990"
        self.expected.add("json", "contacts", *(str(one["customer_no"]) for one in odd[:4]))
        odd[4] = {"name": "Nobody", "updated_at": odd[4]["updated_at"]}
        failing = [
            self._customer(self._contacts + ODD + n) | {"loyalty_level": "gold"}
            for n in range(1, FAILING + 1)
        ]
        yield self._from_erp([*odd, *failing])

    def _repetitions(self) -> Iterator[Delivery]:
        yield self._from_erp([self._customer(n) for n in range(4, 4 + REPEATED)])
        newer = self._customer(1) | {"name": "Customer 1, married"} | self._at(5)
        older = self._customer(1) | {"name": "Customer 1, as a child"} | self._at(-5)
        yield self._from_erp([newer])
        yield self._from_erp([older])
        self.expected.names["C-000001"] = "Customer 1, married"

    def _customer(self, number: int) -> dict[str, object]:
        newsletter = (True, False, None)[number % 3]
        return {
            "customer_no": f"C-{number:06d}",
            "name": f"Customer {number}",
            "email": f"customer{number}@example.com",
            "phones": [f"0151 {20_000_000 + number}"],
            "birthday": "1990-05-15",
            "address": {"street": "Beispielweg 1", "zip": "18055", "city": "Rostock"},
            "loyalty_level": number % 5,
            "newsletter": newsletter,
            **self._at(0),
        }

    def _at(self, hours: int) -> dict[str, object]:
        return {"updated_at": (self._now + timedelta(hours=hours - 24)).isoformat()}

    def _from_erp(self, records: Sequence[Mapping[str, object]]) -> Delivery:
        return senders.json_records(records, self._secrets["json"][0])

    # a Standard Webhooks sender: signed

    def _standard_webhooks(self) -> Iterator[Delivery]:
        for number in range(PEOPLE):
            yield self._signed("contact.created", number)
        yield self._signed("contact.created", 0)  # the sender tries again
        yield self._signed("contact.deleted", 1)
        self.expected.add(
            "standard_webhooks", "contacts", *(f"S-{number}" for number in range(PEOPLE))
        )

    def _signed(self, type_: str, number: int) -> Delivery:
        person = {
            "id": f"S-{number}",
            "full_name": f"Subscriber {number}",
            "email": f"subscriber{number}@example.com",
            "phone": f"+4915130{number:06d}",
        }
        event = {"type": type_, "timestamp": self._now.isoformat(), "data": person}
        message_id = f"msg_{type_.partition('.')[2]}_{number}"
        secret = self._secrets["standard_webhooks"][0]
        return senders.standard_webhook(message_id, event, secret, at=time.time())

    # Pipedrive: webhooks v2 with HTTP Basic

    def _pipedrive(self) -> Iterator[Delivery]:
        for number in range(9_000, 9_000 + PEOPLE):
            yield self._person(number, f"Person {number}")
        for number in range(700, 705):
            yield self._deal(number, person=number + 8_300)
        yield self._deal(799, person=9_900)  # the person comes a day later
        for number in range(800, 803):
            data = {
                "id": number,
                "subject": f"Visit {number}",
                "type": "meeting",
                "due_date": "2026-12-01",
                "due_time": "09:30:00",
                "person_id": number + 8_200,
            }
            yield self._event("activity", "create", number, data)
            self.expected.add("pipedrive", "appointments", str(number))
        yield self._event("person", "delete", 9_001, None)
        yield self._event("organization", "create", 5, {"id": 5, "name": "Example GmbH"})

    def _person(self, number: int, name: str) -> Delivery:
        data = {
            "id": number,
            "name": name,
            "emails": [{"value": f"person{number}@example.com", "primary": True}],
            "phones": [{"value": f"+4915140{number:06d}", "primary": True}],
        }
        self.expected.add("pipedrive", "contacts", str(number))
        return self._event("person", "create", number, data)

    def _deal(self, number: int, *, person: int) -> Delivery:
        data = {"id": number, "title": f"Deal {number}", "status": "open", "person_id": person}
        self.expected.add("pipedrive", "deals", str(number))
        return self._event("deal", "create", number, data)

    def _event(self, entity: str, action: str, number: int, data: object) -> Delivery:
        event = {
            "meta": {
                "action": action,
                "entity": entity,
                "entity_id": str(number),
                "id": f"{entity}-{action}-{number}",
                "timestamp": self._now.isoformat(),
                "version": "2.0",
                "attempt": 1,
            },
            "data": data,
            "previous": None,
        }
        return senders.pipedrive(event, self._secrets["pipedrive"][0])

    # what senders do wrong

    def _mistakes(self) -> Iterator[Delivery]:
        right = self._signed("contact.created", 5)
        yield replace(right, body=right.body + b" ", items=0, status=401)
        yield Delivery("nobody", b"{}", {}, 0, status=404)
        yield replace(self._from_erp([]), body=b"{not JSON", status=400)


def today() -> datetime:
    """Now, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
