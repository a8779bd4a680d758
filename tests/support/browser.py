"""Looks at a page as a person does: in Chromium without a window, and without any network."""

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.programs import program

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless",
    "--no-sandbox",  # refuses to run as root; the page is our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
TIMEOUT_S = 120


class Browser:
    """One Chromium; `profile` is a folder for what it leaves behind."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._program = program("a browser", NAMES)

    def picture(self, page: Path, target: Path, width: int, height: int) -> bytes:
        """A picture of the page's beginning in a window of this size, written to `target`."""
        self._run([f"--window-size={width},{height}", f"--screenshot={target}"], page)
        return target.read_bytes()

    def document(self, page: Path) -> str:
        """The page as it stands in the browser after it was loaded."""
        return self._run(["--dump-dom"], page)

    def _run(self, options: Sequence[str], page: Path) -> str:
        command = [self._program, *OPTIONS, f"--user-data-dir={self._profile}", *options]
        ended = subprocess.run(
            [*command, page.resolve().as_uri()],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height
