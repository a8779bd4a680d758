"""The benchmark of answers has a request of every kind that the functions take."""

import subprocess
import sys

from tests.support.webhooks import ROOT

EVERY_KIND = """
import os
from import_relay.connectors.kinds import kinds
from tests.benchmarks import answers, receive
from tests.benchmarks.stub_aws import StubAws

os.environ.update(receive.ENVIRONMENT)
StubAws(GetSecretValue={"SecretString": answers.secrets(), "ARN": "a", "Name": "n"}).install()
for kind in sorted(kinds()):
    answers.prepared(kind)
"""


def test_a_request_of_every_kind_is_accepted() -> None:
    # In a process of its own: it answers for AWS below botocore.
    done = subprocess.run(
        [sys.executable, "-c", EVERY_KIND], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
