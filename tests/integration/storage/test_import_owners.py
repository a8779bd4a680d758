"""An import in Mateo belongs to one entry."""

from import_relay.storage.import_owners import ImportOwners
from tests.support.aws import LEDGER
from tests.support.relay import Relay


def owners(relay: Relay) -> ImportOwners:
    return ImportOwners(relay.aws.dynamodb, LEDGER, clock=relay.clock, sleep=relay.clock.sleep)


def test_the_first_entry_that_claims_an_import_owns_it(relay: Relay) -> None:
    of = owners(relay)

    assert of.claim("i1", "r1")
    assert of.claim("i1", "r1")
    assert not of.claim("i1", "r2")
    assert of.of(["i1", "i2", "i1"]) == {"i1": "r1"}


def test_the_answer_of_a_post_overrules_an_entry_that_claimed_the_import(relay: Relay) -> None:
    of = owners(relay)
    of.claim("i1", "r1")

    assert of.take("i1", "r2") == "r1"
    assert of.of(["i1"]) == {"i1": "r2"}
    assert of.take("i2", "r2") is None


def test_more_imports_than_one_read_takes_are_asked_about(relay: Relay) -> None:
    of = owners(relay)
    ids = [f"i{number}" for number in range(130)]
    for one in ids:
        of.claim(one, f"r-{one}")

    assert of.of(ids) == {one: f"r-{one}" for one in ids}
    assert of.of([]) == {}
