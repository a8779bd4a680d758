"""A file on this machine that a command writes for a person."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from relay_ops.exits import CommandError, UsageMistake

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@contextmanager
def new_file(path: Path, option: str) -> Iterator[BinaryIO]:
    """Open a file that is not there yet; it is deleted again if the block fails.

    Open it before the work of a command: what is wrong with it shows at once. A device or a pipe,
    e.g. /dev/stdout, is written to as it is.

    Args:
        option: which one names it.

    Raises:
        UsageMistake: there is such a file, which may be somebody's work, or none can be made.
        CommandError: it cannot be written to its end.
    """
    try:
        is_device = path.exists() and not path.is_file()
        file = path.open("wb" if is_device else "xb")
    except FileExistsError as error:
        text = f"{path} is there already. Delete it, or name another file with {option}."
        raise UsageMistake(text) from error
    except OSError as error:
        text = f"{path} cannot be written: {error.strerror}. Name another file with {option}."
        raise UsageMistake(text) from error
    try:
        with file:
            yield file
    except BaseException as error:
        if not is_device:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _FULL:  # others are not of this file
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        raise
