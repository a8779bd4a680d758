"""The fake of a CRM's API: states, deletions, troubles; and the scenarios have all of them."""

import json
from collections import Counter

import httpx
import pytest

from tests.simulation.contract_sides import in_process
from tests.simulation.crm import CONNECTION, TOKEN, TROUBLES, Crm
from tests.simulation.scenario import FaultProfile, Record, Webhook
from tests.simulation.workload import scenario_of
from tests.simulation.world import START, World

MORE = ("gone", "behind", "many", "family")
CHANGES = [
    Webhook(0.0, CONNECTION, "e1", [Record("1", 1_500_000, {"name": "old"})]),
    Webhook(100.0, CONNECTION, "e2", [Record("1", 2_500_000, {"name": "new"})]),
    Webhook(0.0, "erp", "e3", [Record("2", 1, {"name": "of another"})]),
]


def ask(
    fault_profile: FaultProfile, *, after_s: float = 0.0, ids: str = "12", seed: int = 1
) -> httpx.Response:
    world = World(seed, now=START + after_s)
    client = Crm(world, CHANGES, fault_profile).client()
    return in_process(
        world,
        lambda: client.post(
            "https://api.example.com",
            headers={"authorization": f"Bearer {TOKEN}"},
            json={"inputs": [{"id": one} for one in ids]},
        ),
    )


@pytest.mark.parametrize(("after_s", "name", "second"), [(50.0, "old", 1), (150.0, "new", 2)])
def test_a_record_has_the_state_of_its_latest_change(
    after_s: float, name: str, second: int
) -> None:
    answer = ask(FaultProfile(), after_s=after_s)

    (record,) = json.loads(answer.content)["results"]
    assert (record["id"], record["properties"]) == ("1", {"name": name})
    assert record["updatedAt"] == f"1970-01-01T00:00:0{second}.500000+00:00"
    assert answer.status_code == 207  # the record of another connection is not there


def test_some_reads_show_an_earlier_state() -> None:
    behind = FaultProfile(crm_behind_s=60.0)
    answers = [ask(behind, after_s=150.0, ids="1", seed=seed) for seed in range(20)]
    names = Counter(json.loads(one.content)["results"][0]["properties"]["name"] for one in answers)

    assert names.keys() == {"old", "new"}


def test_a_deleted_record_is_not_there() -> None:
    answer = ask(FaultProfile(crm_gone_s=40.0), after_s=50.0, ids="1")

    assert json.loads(answer.content) == {
        "results": [],
        "errors": [{"category": "OBJECT_NOT_FOUND"}],
    }


@pytest.mark.parametrize(
    ("trouble", "status"), [("busy", 429), ("away", 429), ("refused", 401), ("errors", 400)]
)
def test_trouble_is_answered_and_ends(trouble: str, status: int) -> None:
    fault_profile = FaultProfile(crm_trouble=trouble, crm_trouble_s=60.0)

    assert ask(fault_profile).status_code == status
    assert ask(fault_profile, after_s=61.0).status_code == 207


def test_an_api_that_is_down_is_not_reached() -> None:
    with pytest.raises(httpx.ConnectError):
        ask(FaultProfile(crm_trouble="down", crm_trouble_s=60.0))


def test_some_seeds_have_each_trouble_deletions_lags_many_rows_and_families() -> None:
    found: Counter[str] = Counter()
    for seed in range(1, 3_000):
        scenario = scenario_of(seed)
        if any(one.connection == CONNECTION for one in scenario.webhooks):
            found[scenario.fault_profile.crm_trouble] += 1
            found["gone"] += scenario.fault_profile.crm_gone_s < 1e9
            found["behind"] += scenario.fault_profile.crm_behind_s > 0
        found["many"] += any(len(one.records) > 10 for one in scenario.webhooks)
        emails = [[one for one in w.records if "email" in one.fields] for w in scenario.webhooks]
        found["family"] += any(len({one.key for one in of_one}) > 1 for of_one in emails)

    assert all(found[one] > 3 for one in ("", *TROUBLES, *MORE)), found
