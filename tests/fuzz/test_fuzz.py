"""A short run of every fuzz target: the same inputs each time. `make fuzz` runs many more."""

from collections.abc import Mapping, Sequence
from random import Random

import pytest

from import_relay.connectors.contract import Change, Request
from import_relay.connectors.kinds import kinds
from import_relay.connectors.pipedrive import events as pipedrive
from import_relay.connectors.standard_webhooks import events as standard_webhooks
from import_relay.domain.connections import Connection
from tests.fuzz import targets
from tests.fuzz.engines import INPUT_B, with_hypothesis
from tests.support.authentic import with_body

INPUTS = 250


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_no_input_leads_to_anything_but_documented_outcomes(kind: str) -> None:
    with_hypothesis(kind, INPUTS, start=0)


def run_some(kind: str) -> None:
    """Random inputs, the same ones each time."""
    random = Random(0)  # noqa: S311 - nothing is kept secret with it
    for _ in range(2_000):
        targets.run(kind, random.randbytes(INPUT_B))


def first_finding(kind: str) -> str:
    with pytest.raises(targets.FindingError) as caught:
        run_some(kind)
    return str(caught.value)


def test_a_connector_that_fails_is_found_with_the_call_that_repeats_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interpret(item: dict[str, dict[str, str]], connection: Connection) -> Change:
        return Change(item, version=len(item["data"]["id"]))

    monkeypatch.setattr(standard_webhooks, "interpret", interpret)
    what, call = first_finding("standard_webhooks").splitlines()
    assert what.startswith(("KeyError", "TypeError"))
    with pytest.raises((KeyError, TypeError)):
        eval(call, {"Request": Request, **vars(targets)})  # noqa: S307 - as a person would paste it


def test_a_signature_that_does_not_cover_the_body_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = standard_webhooks.verify

    def careless(
        request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
    ) -> None:
        verify(with_body("standard_webhooks", request, b"{}"), secrets, options, now=now)

    monkeypatch.setattr(standard_webhooks, "verify", careless)
    assert "a changed body is accepted" in first_finding("standard_webhooks")


def test_a_connector_that_lets_everyone_in_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipedrive, "verify", lambda *_, **__: None)
    assert "accepted without any secret" in first_finding("pipedrive")
