"""`relay erase`: a person is nowhere any more, everybody else is where they were."""

import base64
import gzip
import io
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import openpyxl
import pytest
import time_machine

import relay_ops.mateo
from import_relay.domain.files import FileRow
from import_relay.domain.models import ErasureDemand, Watermark
from import_relay.report.tables import as_csv, as_workbook
from import_relay.storage import erasures
from import_relay.storage.erasure_demands import PENDING
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import Files, RowFile
from import_relay.storage.watermarks import Watermarks
from import_relay.submit.other_names import alias
from relay_ops.erasing.choosing import Choosing, demanded
from relay_ops.erasing.daily import daily_report
from relay_ops.erasing.demands import RECEIPTS, pending
from relay_ops.erasing.erasure import Erasure
from relay_ops.erasing.in_mateo import delete_contacts, filters_of
from relay_ops.erasing.person import Known, Person, learn_row
from relay_ops.erasing.versions import erase_old_versions
from relay_ops.exits import CommandError
from relay_ops.matching import needle
from relay_ops.mateo import MateoAccount
from relay_ops.stack import Stack
from tests.support import aws as resources
from tests.support.aws import BUCKET
from tests.support.builders import NOON, connections, message
from tests.support.daily import run as run_daily_report
from tests.support.ended import end
from tests.support.ends import ADA, BOB
from tests.support.mateo import MateoImports
from tests.support.relay import Relay
from tests.support.watching import watch

PHONE = "+491712345678"
EVE = {"id": 7, "v": 1, "name": "Eve Example", "email": "eve@example.com", "phone": PHONE}
REJECTED = {"v": 1, "name": "Eve", "note": "eve@example.com", "phone": "12"}


class Contacts:
    """Mateo's contacts: external id → Mateo's id. Every request is noted."""

    def __init__(self, *external_ids: str) -> None:
        self.left = {
            one: f"00000000-0000-4000-8000-{number:012}" for number, one in enumerate(external_ids)
        }
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parameters = dict(request.url.params)
        self.asked.append((request.method, parameters))
        if request.method == "DELETE":
            assert list(parameters) == ["id"]
            self.left = {k: v for k, v in self.left.items() if f"eq.{v}" != parameters["id"]}
            return httpx.Response(204)
        wanted = parameters.get("external_id", "").removeprefix("eq.")
        rows = [{"id": self.left[wanted], "external_id": wanted}] if wanted in self.left else []
        return httpx.Response(200, json=rows)


@pytest.fixture
def contacts(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Contacts:
    """Mateo has Ada, Bob and Eve."""
    found = Contacts("1", "2", "7")
    settings = {
        "REQUESTS_PER_SECOND": "1000",
        "REQUESTS_PER_DAY": "10000",
        "ENTITIES_PER_DAY": "25000",
        "BULK_SHARE_PERCENT": "50",
        "MATEO_BASE_URL": "https://mateo.example/api/v1",
    }
    monkeypatch.setitem(stack.__dict__, "settings", settings)
    monkeypatch.setattr(relay_ops.mateo, "_token", lambda _: "token")
    real = httpx.Client

    def client(**options: Any) -> httpx.Client:
        return real(**{"transport": httpx.MockTransport(found), **options})

    monkeypatch.setattr(httpx, "Client", client)
    return found


def person(stack: Stack, text: str) -> Known:
    (found,) = Choosing(stack, needle(text)).persons()
    return found


def erase(relay: Relay, stack: Stack, text: str) -> dict[str, Any]:
    erasure = Erasure(stack, sleep=relay.clock.sleep)
    listed = erasure.list_places(person(stack, text))
    return erasure.erase(listed.known)


def stored(relay: Relay) -> dict[str, str]:
    return {
        key: (gzip.decompress(body) if key.endswith(".gz") else body).decode("utf-8", "replace")
        for key, body in relay.aws.objects().items()
    }


def mentions(relay: Relay, *texts: str) -> list[str]:
    return [key for key, text in stored(relay).items() if any(one in text for one in texts)]


def practised(relay: Relay, mateo: MateoImports) -> None:
    """Ada, Bob and Eve are imported; Eve's row fails; a record of hers is rejected."""
    relay.submit(message([ADA, BOB, EVE, REJECTED], delivery="d1"))
    row = next(one for one in mateo.imports[-1].payload if one["external_id"] == "7")
    end(relay, mateo, {"code": "23514", "message": "(email)=(eve@example.com)", "input": row})
    relay.submit(message([{**EVE, "v": 0}, {**ADA, "v": 0}], delivery="d2"))


@pytest.mark.parametrize("text", ["7", "eve@example.com", "0171 2345678", "Eve Ex"])
@pytest.mark.usefixtures("contacts")
def test_a_person_is_erased_everywhere_by_whatever_is_known_of_them(
    relay: Relay, mateo: MateoImports, stack: Stack, text: str
) -> None:
    practised(relay, mateo)
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
    practised(relay, mateo)
    erase(relay, stack, "7")

    for name, email in (("Ada", "ada@example.com"), ("Bob", "")):
        assert any(name in text and email in text for text in stored(relay).values())
    assert [*contacts.left] == ["1", "2"]
    marks = Watermarks(relay.aws.dynamodb, resources.WATERMARKS, clock=relay.clock)
    keys = [f"contact_details#external_id:{one}" for one in (1, 2, 7)]
    assert len(marks.read(keys)) == 2


@pytest.mark.usefixtures("contacts")
def test_the_names_of_a_record_are_forgotten_with_it(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
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
def test_what_is_counted_stays(relay: Relay, mateo: MateoImports, stack: Stack) -> None:
    practised(relay, mateo)
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
    practised(relay, mateo)
    receipt = erase(relay, stack, "7")
    (key,) = relay.aws.objects(RECEIPTS)
    said = json.loads(relay.aws.objects(RECEIPTS)[key])
    assert key == receipt["receipt"]
    assert said["places"]["imports"] == 1
    assert len(said["hashed_keys"]) == 3
    assert "eve" not in str(said).lower()
    assert pending(stack) == []


@pytest.mark.usefixtures("contacts")
def test_what_waits_in_the_queue_is_left_out(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
    queued = message([{**EVE, "v": 5}], delivery="d3", received_at=int(relay.clock() * 1_000_000))
    erase(relay, stack, "7")
    posted = len(mateo.imports)
    relay.submit(queued)
    assert len(mateo.imports) == posted
    assert mentions(relay, "eve@example.com") == []


class Dies(Exception):
    """The process was killed."""


@pytest.mark.parametrize("step", range(1, 30))
def test_an_erasure_that_died_anywhere_is_completed_by_another(
    relay: Relay,
    mateo: MateoImports,
    stack: Stack,
    contacts: Contacts,
    step: int,
) -> None:
    practised(relay, mateo)
    s3, left = stack.client("s3"), [step]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Dies
            return call(*args, **kwargs)

        return made

    with pytest.MonkeyPatch.context() as patched:
        for name in ("put_object", "delete_object"):
            patched.setattr(s3, name, counted(getattr(s3, name)))
        with suppress(Dies):
            erase(relay, stack, "7")
    erasure = Erasure(stack, sleep=relay.clock.sleep)
    for one in pending(stack):
        assert one.known is not None
        erasure.erase(erasure.list_places(one.known).known, one.key)

    assert mentions(relay, "eve@example.com", "Eve", "1712345678") == []
    assert [*contacts.left] == ["1", "2"]
    assert pending(stack) == []


@pytest.mark.usefixtures("contacts")
def test_an_unfinished_import_is_waited_for(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([EVE]))
    with pytest.raises(CommandError, match="--pending"):
        erase(relay, stack, "7")
    assert [one.known.ids for one in pending(stack) if one.known] == [{"external_id:7"}]
    end(relay, mateo)
    erasure, (kept,) = Erasure(stack), pending(stack)
    assert kept.known
    erasure.erase(kept.known, kept.key)
    assert mentions(relay, "eve@example.com") == []


@pytest.mark.usefixtures("contacts")
def test_a_handle_that_another_contact_has_as_well_erases_nobody_else(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    husband = {**BOB, "id": 8, "name": "Paul Example", "phone": PHONE, "email": "p@example.com"}
    relay.submit(message([EVE], delivery="d1"))
    end(relay, mateo)
    relay.submit(message([husband], delivery="d2"))
    end(relay, mateo)
    queued = message([{**husband, "v": 9}], received_at=int(relay.clock() * 1_000_000))

    erase(relay, stack, "7")
    relay.submit(queued)

    assert mentions(relay, "Paul")
    assert mateo.imports[-1].payload[0]["external_id"] == "8"


def test_several_persons_are_told_apart(relay: Relay, mateo: MateoImports, stack: Stack) -> None:
    practised(relay, mateo)
    found = Choosing(stack, needle("Example")).persons()
    assert sorted(min(one.ids) for one in found) == [
        "external_id:1",
        "external_id:2",
        "external_id:7",
    ]
    assert [one.ids for one in Choosing(stack, needle("7")).persons()] == [{"external_id:7"}]


def test_old_versions_go_where_a_bucket_keeps_them(
    relay: Relay, mateo: MateoImports, stack: Stack, contacts: Contacts
) -> None:
    del contacts
    relay.aws.s3.put_bucket_versioning(
        Bucket=resources.BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    practised(relay, mateo)
    with time_machine.travel(NOON + 3_600, tick=True):  # moto orders versions by their time
        erase(relay, stack, "7")
    versions = relay.aws.s3.list_object_versions(Bucket=resources.BUCKET)["Versions"]
    for one in versions:
        body = relay.aws.s3.get_object(
            Bucket=resources.BUCKET, Key=one["Key"], VersionId=one["VersionId"]
        )["Body"].read()
        text = gzip.decompress(body) if one["Key"].endswith(".gz") else body
        assert b"eve@example.com" not in text, one["Key"]


def test_a_deletion_in_mateo_names_one_contact(stack: Stack, contacts: Contacts) -> None:
    for wrong in ("", "*", "eq.1", "7"):
        with pytest.raises(ValueError, match="UUID"):
            MateoAccount(stack).delete_contact(wrong)
    assert contacts.asked == []


SHOP = """
[shop]
kind = "shopify"
id_prefix = "shop-"
"""


def redact(customer: int) -> dict[str, Any]:
    data = {"shop_id": 1, "customer": {"id": customer, "email": "eve@example.com"}}
    return {"topic": "customers/redact", "triggered_at": None, "test": None, "data": data}


def test_a_webhook_that_demands_an_erasure_waits_for_a_person(
    relay: Relay, stack: Stack, contacts: Contacts
) -> None:
    contacts.left = {"shop-7": "00000000-0000-4000-8000-000000000007"}
    relay.connections = connections(SHOP)
    demand = message([redact(7)], connection="shop", delivery="d9")
    relay.submit(demand)
    relay.submit(demand)

    test = redact(8)
    test["data"]["customer"]["email"] = "zoe@example.com"
    relay.submit(message([test], connection="shop", delivery="d8", is_test=True))

    (kept,) = pending(stack)
    assert watch(relay).erasures == 1
    assert kept.demand == ErasureDemand("7", "shop-7")
    assert "eve" not in relay.aws.objects(PENDING)[kept.key].decode()

    erasure = Erasure(stack, sleep=relay.clock.sleep)
    assert kept.demand
    listed = erasure.list_places(demanded(stack, kept.connection, kept.demand))
    erasure.erase(listed.known, kept.key)

    assert contacts.left == {}
    assert mentions(relay, "eve@example.com") == []
    assert (pending(stack), watch(relay).erasures) == ([], 0)


def test_a_demand_finds_the_contact_by_its_crm_s_id_and_no_deal_of_the_same_number(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
    found = demanded(stack, "erp", ErasureDemand("7"))
    assert found.ids == {"external_id:7"}
    assert demanded(stack, "crm", ErasureDemand("7")).ids == set()


def test_a_demand_means_no_record_whose_external_id_ends_alike(relay: Relay, stack: Stack) -> None:
    line = {"item_id": "d1/0", "connection": "erp", "type": "contact_details"}
    other = {**line, "external_id": "ACC-51", "item": {"id": "9"}}
    theirs = {**line, "external_id": "K-51", "item": {"id": "51"}}
    body = "\n".join(map(json.dumps, (other, theirs))).encode()
    relay.aws.s3.put_object(Bucket=BUCKET, Key="rejected/2026/one.ndjson", Body=body)
    assert demanded(stack, "erp", ErasureDemand("51")).ids == {"external_id:K-51"}
    assert demanded(stack, "erp", ErasureDemand("9", "ACC-51")).ids == {"external_id:ACC-51"}


@pytest.mark.usefixtures("contacts", "daily_environment")
def test_a_person_is_erased_from_daily_reports_and_from_answers_of_athena(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
    run_daily_report({"date": ""}, at="2026-11-21T13:00:00")
    for name, text in (("eve", "7,eve@example.com"), ("ada", "1,ada@example.com")):
        relay.aws.s3.put_object(Bucket=BUCKET, Key=f"athena/{name}.csv", Body=text.encode())
    folder = "daily/date=2026-11-21"
    assert f"{folder}/index.html" in mentions(relay, "eve@example.com")
    before = json.loads(stored(relay)[f"{folder}/summary.json"])

    receipt = erase(relay, stack, "7")

    assert mentions(relay, "eve@example.com", "Eve", "1712345678") == []
    after = json.loads(stored(relay)[f"{folder}/summary.json"])
    assert (after["totals"], after["open"]["count"]) == (before["totals"], before["open"]["count"])
    workbook = openpyxl.load_workbook(
        io.BytesIO(relay.aws.objects(folder)[f"{folder}/failures.xlsx"])
    )
    assert [row[0].value for row in workbook.worksheets[0].iter_rows()] == ["relay_problem"]
    assert set(relay.aws.objects("athena/")) == {"athena/ada.csv"}
    assert {"daily", "athena"} <= {*receipt["places"]}
    assert Erasure(stack).list_places(Known(ids={"external_id:7"})).places == {}


@pytest.mark.usefixtures("contacts")
def test_files_of_rows_forget_the_person_once_they_are_read(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
    s3, key = relay.aws.s3, "inbox/erp/people.csv"
    table = "id,name,email\r\n2,Bob,bob@example.com\r\n7,Eve,eve@example.com\r\n"
    etag = s3.put_object(Bucket=resources.BUCKET, Key=key, Body=table.encode())["ETag"]
    file = RowFile(key, etag.strip('"'), "erp", int(relay.clock() * 1_000_000))
    files = Files(relay.aws.dynamodb, resources.LEDGER, relay.outcome_counts, clock=relay.clock)
    assert files.begin(file)
    with pytest.raises(CommandError, match=r"people\.csv is not finished"):
        erase(relay, stack, "7")

    text = "7;Eve;eve@example.com"
    rows = [FileRow(2, {"id": "2", "name": "Bob"}), FileRow(3, {"id": "7", "name": "Eve"})]
    rows.append(FileRow(4, None, "file.cells", "", text))
    FileObjects(s3, resources.BUCKET).put_page(file.id, 0, rows)
    s3.put_object(Bucket=resources.BUCKET, Key=f"{file.folder}/failures.csv", Body=table.encode())
    unread = f"id,relay_code\r\n{text},file.cells\r\n2;Bob,file.cells\r\n".encode()
    s3.put_object(Bucket=resources.BUCKET, Key=f"{file.folder}/more/failures.csv", Body=unread)
    said = {"item_id": "f/4", "connection": "erp", "type": None, "external_id": None}
    line = json.dumps({**said, "item": text, "value": text, "outcome": "rejected"})
    s3.put_object(Bucket=resources.BUCKET, Key="rejected/file-4.ndjson", Body=line.encode())
    assert files.advance(file, pages=1, rows=2, is_read=True)
    (kept,) = pending(stack)
    assert kept.known
    erasure = Erasure(stack)
    erasure.erase(erasure.list_places(kept.known).known, kept.key)

    left = stored(relay)
    assert key not in left
    assert "bob@example.com" in left[f"{file.folder}/failures.csv"]
    assert "Bob" in next(text for name, text in left.items() if name.startswith("rows/"))
    assert mentions(relay, "eve@example.com", "Eve") == []


@pytest.mark.usefixtures("contacts")
def test_a_short_id_deletes_no_unreadable_delivery_of_others(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
    bodies = {"other": b"<a>id 7, 17 of Zoe</a>", "theirs": b"<mail>Eve@Example.com</mail>"}
    for name, body in bodies.items():
        said = {"body_base64": base64.b64encode(body).decode()}
        relay.aws.s3.put_object(
            Bucket=resources.BUCKET, Key=f"quarantine/{name}.json", Body=json.dumps(said).encode()
        )
    erase(relay, stack, "7")
    assert [*relay.aws.objects("quarantine/")] == ["quarantine/other.json"]


def test_a_deal_that_moved_to_somebody_else_stays_theirs() -> None:
    eve = Person(Known(ids={"external_id:7"}, keys={"deal_details#external_id:D-1"}))
    assert eve.has_row("deal_details", {"external_id": "D-1", "contact_external_id": "7"})
    assert eve.has_row("deal_details", {"external_id": "D-1", "name": "moved"})
    assert not eve.has_row("deal_details", {"external_id": "D-1", "contact_external_id": "2"})


def test_a_full_list_is_told_and_can_be_gone_on_with(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    practised(relay, mateo)
    monkeypatch.setattr(erasures, "MAX_HANDLES", 0)
    with pytest.raises(CommandError, match=r"full.*--pending"):
        erase(relay, stack, "7")
    assert len(pending(stack)) == 1


@pytest.mark.usefixtures("contacts")
def test_a_broken_upload_keeps_nobody_from_being_erased(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
    packed = gzip.compress(b"id,name\r\n9,Zoe\r\n" * 99)
    for name, body in (("cut", packed[:-9]), ("other", b"\x1f\x8b nothing")):
        relay.aws.s3.put_object(Bucket=BUCKET, Key=f"inbox/erp/{name}.csv.gz", Body=body)
    receipt = erase(relay, stack, "7")
    assert receipt["unreadable_uploads"] == 2
    assert len(relay.aws.objects("inbox/")) == 2


@pytest.mark.usefixtures("contacts")
def test_a_refused_upload_of_others_is_not_deleted(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
    key, table = "inbox/nobody/people.csv", b"id,email\r\n7,eve@example.com\r\n2,b@example.com\r\n"
    etag = relay.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=table)["ETag"].strip('"')
    file = RowFile(key, etag, "nobody", int(relay.clock() * 1_000_000))
    files = Files(relay.aws.dynamodb, resources.LEDGER, relay.outcome_counts, clock=relay.clock)
    assert files.begin(file)
    assert files.refuse(file, "file.unknown_connection")
    with pytest.raises(CommandError, match=r"people\.csv was refused.*--pending"):
        erase(relay, stack, "7")
    assert relay.aws.objects("inbox/")[key] == table


@pytest.mark.usefixtures("contacts")
def test_what_is_learned_late_is_kept_and_listed_before_anything_is_rewritten(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    practised(relay, mateo)
    steps = Erasure(stack, sleep=relay.clock.sleep)
    listed = steps.list_places(person(stack, "7"))
    relay.submit(message([{**EVE, "v": 2, "email": "new@example.com"}], delivery="d7"))
    end(relay, mateo)
    monkeypatch.setattr(Erasure, "_claimed", _dies)
    with suppress(Dies):
        steps.erase(listed.known)

    assert mentions(relay, "new@example.com") == [pending(stack)[0].key]
    table = erasures.Erasures(relay.aws.dynamodb, resources.LEDGER, clock=relay.clock).read()
    assert table.digest("email:new@example.com") in table.until


def _dies(*_: object) -> None:
    raise Dies


def test_mateo_is_asked_for_each_spelling_and_for_no_blank() -> None:
    known = Known(ids={"external_id: ", "external_id:"})
    learn_row(known, "contact_details", {"email": "Eve@Example.com", "instagram": "eve"}, "")
    again = Known.of_object(json.loads(json.dumps(known.as_object())))
    assert sorted(filters_of(again)) == [
        ("email", "Eve@Example.com"),
        ("email", "eve@example.com"),
        ("instagram", "eve"),
    ]


def test_an_id_of_mateo_that_is_none_is_told(stack: Stack, contacts: Contacts) -> None:
    contacts.left["7"] = "no id"
    with pytest.raises(CommandError, match="none"):
        delete_contacts(stack, Known(ids={"external_id:7"}))
    assert {method for method, _ in contacts.asked} == {"GET"}


def test_an_old_workbook_is_looked_into(relay: Relay, stack: Stack) -> None:
    relay.aws.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    eve = Person(Known(handles={"email:eve@example.com"}))
    for name, email in (("eve", "Eve@example.com"), ("bob", "bob@example.com")):
        table = as_workbook("failures", ["email"], [[email]], created_at=NOON)
        for body, at in ((table, NOON), (b"", NOON + 60)):
            with time_machine.travel(at, tick=False):
                relay.aws.s3.put_object(Bucket=BUCKET, Key=f"daily/{name}.xlsx", Body=body)
    assert erase_old_versions(stack, eve) == 1
    assert erase_old_versions(stack, eve, {"daily/bob.xlsx"}) == 1


DAILY_ROWS = {
    "theirs": {"relay_problem": "failed", "external_id": "7"},
    "their deal": {"relay_problem": "failed", "external_id": "D", "contact_external_id": "7"},
    "their record": {"relay_problem": "rejected", "relay_connection": "erp", "id": "77"},
    "in JSON": {"relay_problem": "rejected", "contact": '[{"mail": "Eve@example.com"}]'},
    "in the last column": {"relay_problem": "rejected", "relay_more": '{"m": "eve@example.com"}'},
    "deal of Bob": {"relay_problem": "failed", "external_id": "7", "contact_external_id": "2"},
    "record of a shop": {"relay_problem": "rejected", "relay_connection": "shop", "id": "77"},
}


def test_rows_of_a_day_are_known_by_all_that_says_whose_they_are() -> None:
    known = Known({"external_id:7"}, {"email:eve@example.com"}, records={("erp", "77")})
    header = ["name", *sorted({name for row in DAILY_ROWS.values() for name in row})]
    rows = [
        [{**row, "name": key}.get(one, "") for one in header] for key, row in DAILY_ROWS.items()
    ]
    tables = {
        "failures.csv": as_csv(header, rows),
        "failures.xlsx": as_workbook("open failures", header, rows, created_at=NOON),
    }
    for found in daily_report(Person(known), tables):
        assert found.count == 5, found.key
        assert found.content
        assert b"deal of Bob" in found.content or found.key.endswith(".xlsx")


@pytest.mark.parametrize(
    "record",
    [
        "7;Eve;Eve@example.com;x",
        "7,Eve,+49 171 2345678",
        {"people": '[{"mail": "eve@example.com"}]'},
    ],
)
def test_a_row_that_nobody_could_split_and_a_cell_of_json_are_read(record: object) -> None:
    eve = Person(Known(handles={"email:eve@example.com", "phone:491712345678"}))
    assert eve.has_record(record)
    assert not eve.has_record("7;Steve;steve@example.com;+49 171 99")
    assert not eve.has_record({"note": "met Eve, eve@example.com, twice", "id": 2})
