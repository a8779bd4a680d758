"""What a newcomer does: `up` and its curl line, and `demo`."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from local import ports
from local.child import ROOT
from local.environment import client, http_json
from tests.support.browser import Browser, size_of
from tests.support.processes import alive, descendants

STOP_LIMIT_S = 60
PICTURE, PHONE = (1180, 1500), (390, 844)
"""Windows in which the daily page is looked at, in pixels."""
T = TypeVar("T")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    free = [ports.free(0, "a test", "") for _ in range(3)]
    names = ["RELAY_WEBHOOKS_PORT", "RELAY_AWS_PORT", "RELAY_MATEO_PORT"]
    variables = {name: str(port) for name, port in zip(names, free, strict=True)}
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--state-dir", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(condition: Callable[[], T], what: str) -> T:
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline, f"it did not happen: {what}"
        time.sleep(0.1)
    return found


def read_until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    text = ""
    while word not in text:
        line = process.stdout.readline()
        assert line, f"it ended: {text}"
        text += line
    return text


def run_curl(line: str) -> str:
    """Run a curl line as a person would; without curl, do what its options say."""
    words = shlex.split(line)
    if shutil.which("curl"):
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    headers = dict(words[n + 1].split(": ", 1) for n, word in enumerate(words) if word == "-H")
    (data,) = (words[n + 1] for n, word in enumerate(words) if word == "-d")
    body = (ROOT / data.removeprefix("@")).read_bytes()
    answer = httpx.post(words[2], headers=headers, content=body, trust_env=False, timeout=30)
    return f"HTTP/1.1 {answer.status_code}\r\n\r\n{answer.text}"


def test_up_takes_its_own_curl_line_to_a_report_and_leaves_nothing_behind(
    up: subprocess.Popen[str], tmp_path: Path
) -> None:
    welcome = read_until(up, "Ctrl-C")
    addresses = {line.split()[0]: line.split()[1] for line in welcome.splitlines() if "://" in line}
    curl = next(line for line in welcome.splitlines() if "curl" in line)

    stack = client("cloudformation", addresses["AWS"]).describe_stacks(StackName="import-relay")
    outputs = {one["OutputKey"] for one in stack["Stacks"][0]["Outputs"]}
    assert {"BucketName", "QueueUrl", "LedgerTableName"} <= outputs
    headers = {"Authorization": "Bearer local-token"}
    imports = httpx.get(f"{addresses['Mateo']}/import", headers=headers, trust_env=False)
    assert imports.json() == []

    answer = run_curl(curl)

    assert answer.split()[1] == "200"
    assert json.loads(answer.splitlines()[-1])["received"] == 1
    printed = read_until(up, "import.finished")
    assert "webhook.stored" in printed
    contacts = http_json("GET", f"{addresses['Mateo'].partition('/api')[0]}/_sandbox/contacts")
    assert [one["external_id"] for one in contacts["items"]] == ["10001"]
    wait_for(lambda: list(tmp_path.glob("reports/**/summary.json")), "the mirrored report")
    children = descendants(up.pid)
    assert len(children) >= 6

    up.terminate()

    assert up.wait(STOP_LIMIT_S) == 0
    wait_for(lambda: not alive(children), "the end of its processes")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The demo of a few contacts, and the folder that it wrote to."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "local", "demo", "--contacts", "150"]
    ended = subprocess.run(
        [*command, "--state-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended, folder


def test_demo_balances_and_shows_a_failure_report(
    demo: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    ended, folder = demo

    assert "submission.paused" in ended.stdout
    assert "WRONG" not in ended.stdout
    report = Path(ended.stdout.split("A failure report: ")[1].splitlines()[0])
    assert report.is_relative_to(folder)
    assert report.read_text(encoding="utf-8-sig").startswith("code,")


def test_demo_ends_with_the_page_of_each_day_as_a_browser_shows_it(
    demo: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path
) -> None:
    """With KEEP_PICTURE=docs/daily-page.png the first page's picture is kept there."""
    ended, folder = demo
    named = ended.stdout.split("Each day has a page; open one in a browser:")[1].split()
    pages = [Path(one) for one in named]
    assert pages == sorted(folder.glob("daily/date=*/index.html"))
    assert len(pages) > 1
    browser = Browser(tmp_path / "profile")

    for page in pages:
        summary = json.loads(page.with_name("summary.json").read_text(encoding="utf-8"))
        shown = tiles_in(browser.document(page))
        expected = {what: f"{count:,}" for what, count in summary["totals"].items()}
        assert {what: shown[what] for what in ("received", "imported", "failed", "rejected")} == {
            what: expected[what] for what in ("received", "imported", "failed", "rejected")
        }
        assert summary["totals"]["imported"], "a day without an import"
        assert shown["open problems"] == f"{summary['open']['count']:,}"
    for width, height in PICTURE, PHONE:
        picture = browser.picture(pages[0], tmp_path / f"{width}.png", width, height)
        assert size_of(picture) == (width, height)
        assert len(picture) > 20_000  # an empty window has a tenth of it
    if target := os.environ.get("KEEP_PICTURE"):
        shutil.copyfile(tmp_path / f"{PICTURE[0]}.png", target)


def test_the_picture_in_the_documents_is_one_of_the_daily_page() -> None:
    picture = (ROOT / "docs" / "daily-page.png").read_bytes()

    assert size_of(picture) == PICTURE
    assert 20_000 < len(picture) < 300_000


def tiles_in(document: str) -> dict[str, str]:
    """The figures at the top of a daily page."""
    return dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", document))
