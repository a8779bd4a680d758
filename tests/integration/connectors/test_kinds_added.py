"""The four files that docs/connectors.md shows add a CRM to a copy of the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, document

PAGE = document("docs/connectors.md")
LAYER = "layers/import_relay/python"
FILES = {
    "The code": f"{LAYER}/import_relay/connectors/acme/events.py",
    "The page": "docs/crms/acme.md",
    "The example webhook": "events/acme.contact-changed.json",
    "The tests": "tests/unit/connectors/acme/test_events.py",
}
"""Section of the page → the file that it shows."""
OVER_ALL_KINDS = (
    "tests/unit/connectors/acme/test_events.py",
    "tests/unit/connectors/shared/test_all_day.py",
    "tests/unit/connectors/test_contract.py",
    "tests/unit/connectors/test_contract_numbers.py",
    "tests/unit/connectors/test_contract_values.py",
    "tests/unit/receive/test_intake.py",
    "tests/unit/relay_ops/test_signing.py",
    "tests/unit/test_event_files.py",
    "tests/unit/test_mirror.py",
    "tests/docs/test_connections.py",
    "tests/docs/test_crms.py",
    "tests/docs/test_first_record.py",
    "tests/docs/test_references.py",
)
CHOSEN = "acme or kind or file or table or mirror"
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "*.egg-info")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the repository with the files of Acme."""
    copy = tmp_path / "relay"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    for name in (".ci", ".github", ".pre-commit-config.yaml", ".editorconfig", ".gitignore"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
    for section, name in FILES.items():
        (block,) = PAGE.section(section).blocks
        file = copy / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        if file.suffix == ".py":
            (file.parent / "__init__.py").touch()
    return copy


def run(repository: Path, *command: str) -> None:
    """Run Python in the copy. A failure shows what it printed."""
    path = os.pathsep.join((str(repository / LAYER), str(repository)))
    done = subprocess.run(
        (sys.executable, *command),
        cwd=repository,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_four_files_are_all_that_a_new_crm_needs(repository: Path) -> None:
    run(repository, "-m", "tests.docs.kinds_table")
    run(repository, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", CHOSEN, *OVER_ALL_KINDS)
