"""What the children of the stack find in their environment, and clients that read nothing else.

Nothing of the user's own AWS set-up (profiles, regions, endpoints, proxies) may reach the stack:
a test that finds real credentials could spend real money.
"""

from __future__ import annotations

import functools
import json
import os
import threading
import urllib.request
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

REGION = "us-east-1"
"""The region that `awslocal` uses when none is set."""

ACCOUNT = "123456789012"
"""The account that moto gives to the key `test`."""

PARTITION = "aws"
ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - moto asks for none in particular

_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_CLOCK = ("RELAY_CLOCK_SHIFT_S", "LD_PRELOAD", "FAKETIME")
"""Beginnings of what may shift the time of day: it reaches every process of the stack, or none."""


def base_environment() -> dict[str, str]:
    """The environment of every child: what a process needs, AWS by dummy credentials only."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or name.startswith(_CLOCK)
    }
    return inherited | {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "*",
        "PYTHONUNBUFFERED": "1",
    }


def client(service: str, endpoint: str, **config: Any) -> Any:
    """A boto3 client for the stack's AWS endpoint that ignores the user's environment and files."""
    settings = Config(
        proxies={},
        retries={"total_max_attempts": 1},
        connect_timeout=5,
        **({"read_timeout": 60} | config),
    )
    with _making:
        made: Any = session().client(  # type: ignore[call-overload]
            service, endpoint_url=endpoint, config=settings
        )
    return made


_making = threading.Lock()
"""A session makes clients one at a time; the clients themselves may be shared by threads."""


@functools.cache
def session() -> boto3.session.Session:
    """A session with the stack's dummy credentials and region, independent of the environment."""
    nothing: Mapping[str, Any] = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
        "ca_bundle": (None, None, None, None),
        "use_fips_endpoint": (None, None, None, None),
        "use_dualstack_endpoint": (None, None, None, None),
        "ignore_configured_endpoint_urls": (None, None, True, None),
        "defaults_mode": (None, None, "legacy", None),
        "region": (None, None, REGION, None),
    }
    return boto3.session.Session(
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
        botocore_session=botocore.session.Session(session_vars=dict(nothing)),
    )


def http_json(method: str, url: str, content: object = None) -> Any:
    """A request on loopback past any proxy; the JSON answer.

    Raises:
        OSError: if nobody answers, or with an error status (urllib.error.HTTPError).
    """
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(  # noqa: S310 - loopback
        url, data=body, headers={"Content-Type": "application/json"}, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")
