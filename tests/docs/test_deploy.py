"""docs/deploy.md: what a stack costs is what the template says."""

from tests.benchmarks.standing import DASHBOARD_USD, IDLE, month_without_webhooks, scheduled
from tests.docs.documents import document
from tests.template.expanded import source

PAGE = document("docs/deploy.md")


def test_a_month_without_webhooks_costs_what_the_page_says() -> None:
    costs = month_without_webhooks()

    assert f"{sum(costs.values()):.2f} USD a month" in PAGE.text
    assert ", ".join(f"{name} {usd:.2f}" for name, usd in costs.items()) in PAGE.text
    assert f"costs {DASHBOARD_USD:.0f} USD" in PAGE.text


def test_the_metrics_of_all_functions_that_run_by_themselves_are_counted() -> None:
    assert scheduled(source()["Resources"]) == IDLE.keys()
