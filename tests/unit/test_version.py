"""One version: read by code, template and changelog."""

import re
from pathlib import Path

import import_relay
from import_relay.domain.http_bodies import REQUEST_HEADERS
from tests.template.expanded import source

ROOT = Path(__file__).parents[2]


def test_code_template_and_changelog_name_the_same_version() -> None:
    template = source()
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d+\.\d+\.\d+)\b", changelog, re.MULTILINE)

    assert newest is not None
    assert {
        "code": import_relay.__version__,
        "metadata": template["Metadata"]["ImportRelay"]["Version"],
        "output": template["Outputs"]["Version"]["Value"],
        "changelog": newest[1],
    } == dict.fromkeys(("code", "metadata", "output", "changelog"), import_relay.__version__)


def test_each_request_says_which_version_sends_it() -> None:
    assert REQUEST_HEADERS["user-agent"] == f"import-relay/{import_relay.__version__}"
