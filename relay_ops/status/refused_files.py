"""Files that the relay refused and nobody uploaded anew: the reasons beside them in the inbox."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from import_relay.domain.files import ERROR_SUFFIX, INBOX
from import_relay.storage.bucket_reads import read_all
from relay_ops.stack import Stack

MAX_REFUSED = 20


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file by its key in the bucket. `code`: of docs/errors.md; `why` in words."""

    key: str
    code: str
    why: str
    what_to_do: str


def refused_files(stack: Stack) -> list[RefusedFile]:
    """The refused files whose reason is still there, the newest `MAX_REFUSED`, newest first."""
    bucket = stack.objects
    found = [one for one in bucket.keys(INBOX) if one.key.endswith(ERROR_SUFFIX)]
    newest = sorted(found, key=lambda one: one.written_at, reverse=True)[:MAX_REFUSED]
    keys = [one.key for one in newest]
    said = dict(read_all(lambda key: (key, bucket.content(key)), keys))
    read = [_refused(content) for key in keys if (content := said[key])]
    return [one for one in read if one]


def _refused(content: bytes) -> RefusedFile | None:
    """What the relay wrote; None for what somebody else called so."""
    try:
        said: Any = json.loads(content)
        detail = str(said["detail"])
        detail = f" {detail[0].upper()}{detail[1:]}." if detail else ""
        where = f" Line {said['line']}." if "line" in said else ""
        why = f"{said['what']}{detail}{where}"
        return RefusedFile(said["file"], said["code"], why, said["what_to_do"])
    except (KeyError, TypeError, ValueError):
        return None
