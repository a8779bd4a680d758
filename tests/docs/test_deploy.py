"""docs/deploy.md: what a stack costs is what the template says."""

from tests.benchmarks.standing import month_without_webhooks
from tests.docs.documents import document

PAGE = document("docs/deploy.md")


def test_a_month_without_webhooks_costs_what_the_page_says() -> None:
    costs = month_without_webhooks()

    assert f"{sum(costs.values()):.2f} USD a month" in PAGE.text
    assert ", ".join(f"{name} {usd:.2f}" for name, usd in costs.items()) in PAGE.text
