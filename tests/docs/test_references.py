"""All documents: links resolve; files, commands, variables and parameters exist."""

import re
from functools import cache
from pathlib import Path

import pytest

from import_relay.connectors.kinds import kinds
from tests.docs.documents import ROOT, Document, documents

DOCUMENTS = documents()
IDS = [one.name for one in DOCUMENTS]
FILE = re.compile(r"[\w.@-]+(?:/[\w.@-]+)*\.(?:py|toml|yaml|json|md|csv|gz|ndjson|raw|txt)")
FOLDER = re.compile(r"(?:[\w.-]+/)+")
NOT_KEPT = (".local/", ".venv", ".aws-sam/", "shopify.app.toml")
"""Made by commands or kept elsewhere, not part of the repository."""
IN_THE_BUCKET = (
    "erasures/",
    "athena/",
    "daily/",
    "files/",
    "inbox/",
    "items/",
    "rows/",
    "imports/",
    "reports/",
    "rejected/",
    "outcomes/",
    "quarantine/",
    "oversize/",
)
CRM_PAGES = [one for one in DOCUMENTS if one.path.parent.name == "crms"]
"""Pages that name what others call theirs, e.g. types of events in capitals."""
OWN_WORDS = {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
TERMS = {"JMESPath", "SendMessageBatch"}
"""Written like names of ours, but other people's."""


@cache
def sources() -> str:
    """Everything that a name may come from, as one text."""
    paths: list[Path] = [ROOT / "template.yaml", ROOT / "Makefile", ROOT / "pyproject.toml"]
    code = ("layers", "functions", "local", "mateo_emulator", "relay_ops", "statemachine")
    for folder in (*code, "tests/unit/connectors"):
        paths += [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yaml")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@cache
def repository_files() -> list[str]:
    """Paths of the files that belong to the repository: nothing installed, built or recorded."""
    tops = [top for top in ROOT.iterdir() if top.name == ".ci" or not top.name.startswith(".")]
    paths = [path for top in tops for path in ([top] if top.is_file() else top.rglob("*"))]
    return [path.relative_to(ROOT).as_posix() for path in paths if path.is_file()]


@cache
def targets() -> frozenset[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def exists(name: str) -> bool:
    """Whether a file of that name is in the repository, or is written by the relay."""
    if any(path == name or path.endswith(f"/{name}") for path in repository_files()):
        return True
    return name.rpartition("/")[2] in sources()


def shell_of(page: Document) -> str:
    return "\n".join(
        [block.text for block in page.blocks if block.language in ("sh", "")] + page.code_spans
    )


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_links_resolve(page: Document) -> None:
    for link in page.links:
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = Document((page.path.parent / path).resolve()) if path else page
        assert target.path.exists(), link
        if anchor:
            assert anchor in target.anchors, link


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_every_file_and_folder_that_is_named_exists(page: Document) -> None:
    for span in page.code_spans:
        if span.startswith((*NOT_KEPT, *IN_THE_BUCKET)):
            continue
        if FILE.fullmatch(span):
            assert exists(span), span
        elif FOLDER.fullmatch(span):
            assert (ROOT / span).is_dir(), span


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_every_prefix_of_the_bucket_that_is_named_is_one(page: Document) -> None:
    for span in page.code_spans:
        if span.startswith(IN_THE_BUCKET):
            assert f"Prefix: {span.split('/')[0]}/" in sources(), span


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_every_make_target_that_is_named_exists(page: Document) -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)\b", shell_of(page)))
    assert named <= targets()


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_every_module_that_is_run_exists(page: Document) -> None:
    for module in re.findall(r"-m ([a-z_][\w.]*)", shell_of(page)):
        if module.split(".")[0] in (
            "local",
            "mateo_emulator",
            "import_relay",
            "relay_ops",
            "tests",
        ):
            path = module.replace(".", "/")
            assert exists(f"{path}.py") or exists(f"{path}/__main__.py"), module


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_every_variable_and_constant_that_is_named_exists(page: Document) -> None:
    for span in page.code_spans if page not in CRM_PAGES else ():
        if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", span) and span not in OWN_WORDS:
            assert re.search(rf"\b{span}\b", sources()), span


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_every_parameter_output_resource_and_class_that_is_named_exists(page: Document) -> None:
    for span in page.code_spans:
        if re.fullmatch(r"([A-Z][a-z]+){2,}", span) and span not in TERMS:
            pattern = span
            if span.startswith("Items"):  # a metric of each outcome
                pattern = "Items(Received|Requeued|{outcome)"
            assert re.search(pattern, sources()), span


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_outputs_that_commands_ask_for_exist(page: Document) -> None:
    for output in re.findall(r"\boutput ([A-Z]\w+)", shell_of(page)):
        assert re.search(rf"^  {output}:\n    Description:", sources(), re.MULTILINE), output


@pytest.mark.parametrize("page", DOCUMENTS, ids=IDS)
def test_an_event_file_is_named_after_its_kind_or_function(page: Document) -> None:
    for span in page.code_spans:
        if re.fullmatch(r"events/.+\.json", span):
            stem = span.removeprefix("events/").split(".")[0]
            assert stem in kinds() or (ROOT / "functions" / stem).is_dir(), span
