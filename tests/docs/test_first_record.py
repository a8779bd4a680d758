"""The path from the clone to the first own record: how many words there are to read on it.

It begins in README.md, leads over the deployment's page and ends on that of the CRM, before the
traps: what follows there is for later, as the page's contents say. Every other word is counted,
also those that nobody needs for the first record.
"""

import re

import pytest

from import_relay.connectors.kinds import kinds
from tests.docs.documents import Document, document

README = document("README.md")
MAX_WORDS = 2_500
COMMANDS = ("relay token", "relay secret", "relay check --account", "--send", "relay find")


def linked(page: Document, target: str) -> Document:
    """The page behind a link of this page."""
    assert target in page.links, f"{page.name} does not link {target}"
    return document((page.path.parent / target).relative_to(README.path.parent).as_posix())


def path_to(kind: str) -> list[Document]:
    """The pages in the order of reading; `crms/` is a folder with a page per kind."""
    deployment = linked(README, "docs/deploy.md")
    assert "docs/crms/" in README.links
    assert "crms/" in deployment.links
    return [README, deployment, document(f"docs/crms/{kind}.md")]


def first_part(page: Document) -> str:
    """All of a page but what its contents keep for later."""
    return page.text.partition("\n## Traps\n")[0]


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_an_integrator_reads_little_before_the_first_own_record(kind: str) -> None:
    words = {page.name: len(first_part(page).split()) for page in path_to(kind)}

    assert sum(words.values()) <= MAX_WORDS, words


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_path_leads_through_every_step(kind: str) -> None:
    _, deployment, crm = path_to(kind)

    assert [one for one in COMMANDS if one not in deployment.text] == []
    assert crm.section("Set-up").text.strip()
    assert any("mapping" in one.lower() or "example" in one.lower() for one in crm.headings)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_no_step_of_the_path_sends_its_reader_to_another_page(kind: str) -> None:
    """What a step needs stands in it: links lead to more, not to what is missing."""
    steps = document(f"docs/crms/{kind}.md").section("Set-up").text

    assert re.findall(r"\]\((?!https?:|#|[a-z_]+\.md)[^)]*\)", steps) == []
