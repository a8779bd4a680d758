"""The fake of the Import API answers as `mateo_emulator` does, whatever it is asked."""

import pytest

from import_relay.mateo.post_results import PostResult
from tests.integration.mateo_emulator.conftest import emulator, http, server
from tests.simulation.mateo_sides import (
    CONTACTS,
    DEALS,
    UNUSABLE,
    Both,
    body,
    both,
    by_window,
    create,
    do_at_random,
    poll,
    result,
)

__all__ = ["both", "emulator", "http", "server"]  # fixtures


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence_of_operations_is_answered_in_the_same_way(both: Both, seed: int) -> None:
    do_at_random(both, seed, 40)


# what a random sequence hardly meets


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_a_body_that_cannot_be_used_is_refused_with_the_same_status(
    both: Both, unusable: bytes
) -> None:
    both.same(create(unusable))
    assert both.sides[0].ids == []


def test_an_import_has_no_counts_until_it_is_processed(both: Both) -> None:
    both.same(create(body(CONTACTS, [{"external_id": "C-1"}])))
    assert both.same(poll([0])) == {0: (True, None, None, None)}
    both.finish()
    assert both.same(poll([0])) == {0: (True, 1, 1, 0)}


def test_a_deal_fails_until_its_contact_is_there_and_stays_with_it(both: Both) -> None:
    contact = [{"external_id": "C-1"}, {"external_id": "C-2"}]
    deal = {"external_id": "D-1", "contact_external_id": "C-1"}
    moved = {**deal, "contact_external_id": "C-2"}
    for rows in ([{"external_id": "D-1"}], [deal], contact, [deal, {"external_id": "D-1"}, moved]):
        both.same(create(body(CONTACTS if rows is contact else DEALS, rows)))
        both.finish()
    both.same(create(body(DEALS, [moved], allow_deal_reassignment=True)))
    both.finish()

    assert both.same(poll(range(5))) == {
        0: (True, 1, 0, 1),
        1: (True, 1, 0, 1),
        2: (True, 2, 2, 0),
        3: (True, 3, 2, 1),
        4: (True, 1, 1, 0),
    }
    for number in range(5):
        both.same(result(number))


def test_many_failures_and_a_large_payload_are_behind_links(both: Both) -> None:
    for failing in (100, 101):
        both.same(create(body(CONTACTS, [{}] * failing)))
    for rows in (1_000, 1_001):
        both.same(create(body(CONTACTS, [{"external_id": f"C-{n}"} for n in range(rows)])))
    both.finish()
    for number in range(4):
        both.same(result(number))


def test_a_list_ends_after_fifty_rows(both: Both) -> None:
    for _ in range(55):
        both.same(create(body(CONTACTS, [])))
    listed = both.same(by_window(CONTACTS, 0, 54, 0.0))
    assert isinstance(listed, list)
    assert [number for number, *_ in listed] == list(range(50))


def test_a_wrong_token_is_refused(both: Both) -> None:
    both.same(create(body(CONTACTS, [])))
    for side in both.sides:
        side.token = "wrong"
    assert both.same(create(body(CONTACTS, []))) == (PostResult.CREDENTIALS, 403, False, True, True)
    assert both.same(poll([0])) == "CredentialsRefused False"
