"""Memory of submit: the whole function's code on a batch of 20,000 contacts.

Everything is real down to the transports: boto3's clients are answered below botocore, and Mateo's
HTTP client by httpx's mock transport. The figure is the peak of this process, with interpreter and
imports.
"""

import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from tests.benchmarks.measures import Measure
from tests.support.lambda_context import Context

ROOT = Path(__file__).parents[2]
ROWS = 20_000
BAR_MB = 160.0
REMAINING_MS = 120_000
MB = 1024.0 if sys.platform.startswith("linux") else 1024.0 * 1024.0
"""Units of `ru_maxrss` in a megabyte: it counts kilobytes on Linux, bytes elsewhere."""

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "import-relay",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/relay",
    "BULK_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/bulk",
    "HELD_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/held",
    "BULK_HELD_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/bulk-held",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/dead",
    "BUCKET_NAME": "bucket",
    "LEDGER_TABLE": "ledger",
    "WATERMARKS_TABLE": "watermarks",
    "STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:track-import",
    "ROWS_PER_IMPORT": "5000",
    "MATEO_BASE_URL": "https://mateo.example.com/api/v1",
    "MATEO_TOKEN_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:token",
    "CRM_TOKENS_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:tokens",
    "REQUESTS_PER_SECOND": "1000",
    "REQUESTS_PER_DAY": "10000",
    "ENTITIES_PER_DAY": "25000",
    "BULK_SHARE_PERCENT": "80",
    "LIMIT_TIME_ZONE": "UTC",
    "SEND_REFERENCE_ID": "false",
    "EVENT_SOURCE_MAPPINGS_PARAMETER": "/import-relay/event-source-mappings",
    "PAUSE_SCHEDULE_GROUP": "import-relay-pause",
    "PAUSE_SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/pause",
}


def measure() -> Iterator[Measure]:
    """Peak memory of a batch of small records."""
    from tests.benchmarks.batch import texts

    yield Measure("submit peak memory", peak_mb(lambda: texts(ROWS), imports=4), BAR_MB, "MB")


def peak_mb(records: Callable[[], list[str]], *, imports: int) -> float:
    """The most memory that this process ever had, once it has submitted these records (JSON)."""
    sys.path.insert(0, str(ROOT / "functions" / "submit_imports"))
    os.environ.update(ENVIRONMENT)
    import httpx

    from tests.benchmarks.batch import CONNECTIONS, bodies, sqs_event
    from tests.benchmarks.stub_aws import StubAws

    secret = {"SecretString": "token", "ARN": "arn", "Name": "token"}
    aws = StubAws(GetSecretValue=secret)
    aws.install()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "connections.toml"
        file.write_text(CONNECTIONS, encoding="utf-8")
        os.environ["CONNECTIONS_FILE"] = str(file)
        import submit_imports
        from import_relay.wiring import stores as wiring

        created: list[int] = []

        def create(request: httpx.Request) -> httpx.Response:
            created.append(len(request.content))
            return httpx.Response(201, json={"id": f"import-{len(created)}"})

        transport = httpx.MockTransport(create)
        setattr(wiring, "http_client", lambda: httpx.Client(transport=transport))  # noqa: B010
        with redirect_stdout(StringIO()):
            answer = submit_imports.handler(
                sqs_event(list(bodies(records()))), Context(REMAINING_MS)
            )
    assert answer == {"batchItemFailures": []}
    assert len(created) == imports
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
