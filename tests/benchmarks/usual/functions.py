"""Two functions as they are usually written for this job: receive a webhook, post a batch.

Powertools' `BatchProcessor` with partial batch responses, pydantic for the rows, `phonenumbers` for
the numbers, one `POST /import` for each batch of the queue. A request that fails raises, so that
SQS redelivers the batch; a record that cannot be read is reported as failed, and ends in the
dead-letter queue. https://docs.powertools.aws.dev/lambda/python/latest/utilities/batch/
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from hmac import compare_digest
from typing import Any

import httpx
import phonenumbers
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from pydantic import BaseModel

SECRET = "secret"
SQS_ENTRIES = 10
COUNTRIES = {"Deutschland": "DE", "Germany": "DE", "Österreich": "AT", "Austria": "AT"} | {
    "Schweiz": "CH",
    "Switzerland": "CH",
}


class Address(BaseModel):
    """Where a customer lives."""

    city: str = ""
    zip: str = ""
    country: str | None = None


class Customer(BaseModel):
    """A customer as the ERP sends it."""

    customer_no: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phones: Sequence[str] = ()
    address: Address = Address()
    birthday: str = ""
    newsletter: str = ""
    updated_at: datetime

    def row(self) -> dict[str, Any]:
        """The customer as Mateo takes it, without fields that say nothing."""
        row = {
            "external_id": self.customer_no,
            "full_name": f"{self.first_name} {self.last_name}".strip(),
            "email": self.email if "@" in self.email else "",
            "whatsapp": [number for number in map(self._e164, self.phones) if number],
            "city": self.address.city,
            "zipcode": self.address.zip,
            "birthday": _day(self.birthday),
            "newsletter": self.newsletter,
        }
        return {name: value for name, value in row.items() if value}

    def _e164(self, phone: str) -> str:
        country = self.address.country or "DE"
        try:
            number = phonenumbers.parse(phone, COUNTRIES.get(country, country))
        except phonenumbers.NumberParseException:
            return ""
        if not phonenumbers.is_valid_number(number):
            return ""
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def receive(
    headers: Mapping[str, str],
    records: Sequence[str],
    send_batch: Callable[[Sequence[str]], Mapping[str, Any]],
) -> int:
    """Put each record of a webhook into the queue; the answer's status.

    Args:
        send_batch: sends at most ten bodies, and answers as SendMessageBatch does.
    """
    if not compare_digest(headers.get("x-relay-secret", ""), SECRET):
        return 401
    for start in range(0, len(records), SQS_ENTRIES):
        if send_batch(records[start : start + SQS_ENTRIES]).get("Failed"):
            return 500
    return 200


class Submitter:
    """The function behind the queue. `post`: as `httpx.Client.post`, for a path and JSON."""

    def __init__(self, post: Callable[[str, dict[str, Any]], httpx.Response]) -> None:
        self._processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        self._post = post

    def handler(self, event: dict[str, Any]) -> dict[str, Any]:
        """Post one batch; the answer names the messages that have to be redelivered.

        Raises:
            httpx.HTTPError: Mateo did not take it; all messages are redelivered.
        """
        rows: list[dict[str, Any]] = []

        def add(record: SQSRecord) -> None:
            rows.append(Customer.model_validate_json(record.body).row())

        with self._processor(event["Records"], handler=add) as processor:
            processor.process()
        if rows:
            body = {"type": "contact_details", "payload": rows}
            self._post("/import", body).raise_for_status()
        return dict(self._processor.response())
