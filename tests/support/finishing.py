"""Imports of a test that Mateo finishes."""

from typing import Any

from tests.support.following import report, track
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


def finish(relay: Relay, mateo: MateoImports, *failures: dict[str, Any]) -> None:
    """Mateo finishes its last import; it is reported a minute later."""
    mateo.imports[-1].finish(*failures)
    reference = next(
        key.split("/")[1]
        for key in relay.aws.objects("imports/")
        if relay.entry(key.split("/")[1]).import_id == mateo.imports[-1].id
    )
    for _ in range(3):
        relay.clock.now += 60
        track(relay, reference)
    report(relay, reference)
