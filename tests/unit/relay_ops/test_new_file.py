"""A file that a command writes is new, and whole or not there."""

import errno
import os
from pathlib import Path

import pytest

from relay_ops.exits import CommandError, UsageMistake
from relay_ops.new_file import new_file


def test_a_new_file_is_written(tmp_path: Path) -> None:
    with new_file(tmp_path / "a", "--xlsx") as file:
        file.write(b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["file", "link", "hanging", "folder", "no/file", "x" * 300])
def test_a_file_that_cannot_be_made_is_a_mistake(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "hanging").symlink_to(tmp_path / "nowhere")

    with (
        pytest.raises(UsageMistake, match=r"another file with --xlsx\.$"),
        new_file(tmp_path / name, "--xlsx"),
    ):
        pass
    assert (tmp_path / "file").read_text(encoding="utf-8") == "precious"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (ConnectionError(), ConnectionError),
        (OSError(errno.ENOSPC, "No space left on device"), CommandError),
    ],
)
def test_nothing_is_left_of_what_failed(
    tmp_path: Path, error: BaseException, raised: type[BaseException]
) -> None:
    def work() -> None:
        with new_file(tmp_path / "a", "--xlsx") as file:
            file.write(b"x")
            raise error

    with pytest.raises(raised):
        work()
    assert not (tmp_path / "a").exists()


def test_a_device_is_written_to_as_it_is() -> None:
    with new_file(Path(os.devnull), "--xlsx") as file:
        file.write(b"x")
    assert Path(os.devnull).exists()
