"""An erasure removes a person from every store, and nobody else."""

import base64
import json
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import pytest

from import_relay.domain.models import Watermark
from import_relay.storage import erasures
from import_relay.storage.watermarks import Watermarks
from import_relay.submit.other_names import alias
from relay_ops.erasing.demands import RECEIPTS, pending
from relay_ops.erasing.erasure import Erasure
from relay_ops.erasing.person import Known
from relay_ops.exits import CommandError
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import (
    EVE,
    Contacts,
    contacts,
    erase,
    fill_stores,
    mentions,
    person,
    stored,
)
from tests.support import aws as resources
from tests.support.builders import message
from tests.support.finishing import finish
from tests.support.following import Killed
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

__all__ = ["contacts"]  # fixtures


@pytest.mark.parametrize("text", ["7", "eve@example.com", "0171 2345678", "Eve Ex"])
@pytest.mark.usefixtures("contacts")
def test_a_person_is_erased_everywhere_by_whatever_is_known_of_them(
    relay: Relay, mateo: MateoImports, stack: Stack, text: str
) -> None:
    fill_stores(relay, mateo)
    assert mentions(relay, "eve@example.com")

    receipt = erase(relay, stack, text)

    assert mentions(relay, "eve@example.com", "Eve", "1712345678") == []
    assert {"imports", "reports", "rejected", "items", "watermarks", "Mateo"} <= {
        *receipt["places"]
    }
    assert Erasure(stack).list_places(Known(ids={"external_id:7"})).places == {}


def test_nobody_else_is_touched(
    relay: Relay, mateo: MateoImports, stack: Stack, contacts: Contacts
) -> None:
    fill_stores(relay, mateo)
    erase(relay, stack, "7")

    for name, email in (("Ada", "ada@example.com"), ("Bob", "")):
        assert any(name in text and email in text for text in stored(relay).values())
    assert [*contacts.left] == ["1", "2"]
    marks = Watermarks(relay.aws.dynamodb, resources.WATERMARKS, clock=relay.clock)
    keys = [f"contact_details#external_id:{one}" for one in (1, 2, 7)]
    assert len(marks.read(keys)) == 2


@pytest.mark.usefixtures("contacts")
def test_the_aliases_of_a_record_are_erased_with_it(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    marks = Watermarks(relay.aws.dynamodb, resources.WATERMARKS, clock=relay.clock)
    hers, his = "contact_details#external_id:7", "contact_details#external_id:2"
    by_email = "contact_details#email:eve@example.com"
    marks.write(
        {
            by_email: Watermark({}),
            alias(by_email): Watermark({}, owner=hers),
            alias("crm:erp/person/777"): Watermark({}, owner=hers),
            alias("crm:erp/person/2"): Watermark({}, owner=his),
        }
    )

    erase(relay, stack, "7")

    found = relay.aws.dynamodb.scan(TableName=resources.WATERMARKS)["Items"]
    assert sorted(one["pk"]["S"] for one in found if "owner" in one or "email" in str(one)) == [
        "alias#crm:erp/person/2"
    ]


@pytest.mark.usefixtures("contacts")
def test_counts_and_lines_stay(relay: Relay, mateo: MateoImports, stack: Stack) -> None:
    fill_stores(relay, mateo)
    before = stored(relay)
    erase(relay, stack, "7")
    after = stored(relay)

    def lines(found: dict[str, str], part: str) -> list[Any]:
        texts = [text for key, text in found.items() if part in key]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    for part in ("rows.ndjson.gz", "failures.ndjson", "rejected/", "outcomes/"):
        assert len(lines(before, part)) == len(lines(after, part)) > 0, part
    ends = [(one["row"], one["outcome"]) for one in lines(after, "rows.ndjson.gz")]
    assert ends == [(one["row"], one["outcome"]) for one in lines(before, "rows.ndjson.gz")]
    summaries = [json.loads(text)["rows"] for key, text in after.items() if "summary" in key]
    assert summaries == [
        json.loads(text)["rows"] for key, text in before.items() if "summary" in key
    ]


@pytest.mark.usefixtures("contacts")
def test_a_receipt_says_how_much_and_not_who(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    receipt = erase(relay, stack, "7")
    (key,) = relay.aws.objects(RECEIPTS)
    said = json.loads(relay.aws.objects(RECEIPTS)[key])
    assert key == receipt["receipt"]
    assert said["places"]["imports"] == 1
    assert len(said["hashed_keys"]) == 3
    assert "eve" not in str(said).lower()
    assert pending(stack) == []


@pytest.mark.usefixtures("contacts")
def test_a_queued_change_of_an_erased_person_is_left_out(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    queued = message([{**EVE, "v": 5}], delivery="d3", received_at=int(relay.clock() * 1_000_000))
    erase(relay, stack, "7")
    posted = len(mateo.imports)
    relay.submit(queued)
    assert len(mateo.imports) == posted
    assert mentions(relay, "eve@example.com") == []


CHANGING = {
    "s3": ("put_object", "delete_object"),
    "dynamodb": ("put_item", "update_item", "batch_write_item"),
}
"""Service → the calls with which an erasure changes something."""
CHANGES = 27
"""How many of them the erasure below makes."""


@pytest.mark.parametrize("step", range(1, CHANGES + 1))
def test_an_erasure_that_died_at_any_change_is_completed_by_another(
    relay: Relay,
    mateo: MateoImports,
    stack: Stack,
    contacts: Contacts,
    step: int,
) -> None:
    fill_stores(relay, mateo)
    left = [step]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return call(*args, **kwargs)

        return made

    with pytest.MonkeyPatch.context() as patched:
        for service, names in CHANGING.items():
            client = stack.client(service)
            for name in names:
                patched.setattr(client, name, counted(getattr(client, name)))
        with pytest.raises(Killed) if step < CHANGES else nullcontext():
            erase(relay, stack, "7")
    erasure = Erasure(stack, sleep=relay.clock.sleep)
    for one in pending(stack):
        assert one.known is not None
        erasure.erase(erasure.list_places(one.known).known, one.key)

    assert mentions(relay, "eve@example.com", "Eve", "1712345678") == []
    assert [*contacts.left] == ["1", "2"]
    assert pending(stack) == []


@pytest.mark.usefixtures("contacts")
def test_an_erasure_stays_pending_while_an_import_is_unfinished(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([EVE]))
    with pytest.raises(CommandError, match="--pending"):
        erase(relay, stack, "7")
    assert [one.known.ids for one in pending(stack) if one.known] == [{"external_id:7"}]
    finish(relay, mateo)
    erasure, (kept,) = Erasure(stack), pending(stack)
    assert kept.known
    erasure.erase(kept.known, kept.key)
    assert mentions(relay, "eve@example.com") == []


@pytest.mark.usefixtures("contacts")
def test_a_short_id_deletes_no_unreadable_delivery_of_others(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    bodies = {"other": b"<a>id 7, 17 of Zoe</a>", "theirs": b"<mail>Eve@Example.com</mail>"}
    for name, body in bodies.items():
        said = {"body_base64": base64.b64encode(body).decode()}
        relay.aws.s3.put_object(
            Bucket=resources.BUCKET, Key=f"quarantine/{name}.json", Body=json.dumps(said).encode()
        )
    erase(relay, stack, "7")
    assert [*relay.aws.objects("quarantine/")] == ["quarantine/other.json"]


def test_a_full_list_of_erased_handles_is_an_error_and_the_erasure_stays_pending(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_stores(relay, mateo)
    monkeypatch.setattr(erasures, "MAX_HANDLES", 0)
    with pytest.raises(CommandError, match=r"full.*--pending"):
        erase(relay, stack, "7")
    assert len(pending(stack)) == 1


@pytest.mark.usefixtures("contacts")
def test_a_handle_that_is_learned_late_is_written_down_before_anything_is_rewritten(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_stores(relay, mateo)
    steps = Erasure(stack, sleep=relay.clock.sleep)
    listed = steps.list_places(person(stack, "7"))
    relay.submit(message([{**EVE, "v": 2, "email": "new@example.com"}], delivery="d7"))
    finish(relay, mateo)
    monkeypatch.setattr(Erasure, "_claimed", _dies)
    with suppress(Killed):
        steps.erase(listed.known)

    assert mentions(relay, "new@example.com") == [pending(stack)[0].key]
    table = erasures.Erasures(relay.aws.dynamodb, resources.LEDGER, clock=relay.clock).read()
    assert table.digest("email:new@example.com") in table.until


def _dies(*_: object) -> None:
    raise Killed
