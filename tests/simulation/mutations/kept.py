"""Small runs, each of which finds a fault that few of a million seeds would find.

Each was drawn from a seed once, and cut down. The numbers of the calls that faults hit are those of
the code as it is: where a change makes other calls, the faults have to be moved.
"""

from collections.abc import Mapping

from tests.simulation.scenario import (
    Account,
    FaultProfile,
    PutBack,
    Record,
    Scenario,
    Upload,
    Webhook,
)
from tests.simulation.world import START, Fault

_FIRST = int(START * 1_000) * 1_000


def _record(
    key: str, tag: str, version: int = 0, *, city: str = "", broken: str = "", failing: bool = False
) -> Record:
    """A full record of a contact; its version is that many milliseconds after the first one."""
    fields = {"name": tag, "city": city or tag, "zip": tag}
    return Record(key, _FIRST + 1_000 * version, fields, failing=failing, broken=broken)


_FIRST_FILE = Upload(
    4.0,
    "erp",
    "ä b.csv",
    [
        *[_record("1002", f"f0.{n}", version) for n, version in enumerate((0, 0, 2, 4))],
        _record("1001", "f0.4", city="FAIL", failing=True),
        _record("1001", "f0.5"),
        _record("1002", "f0.6", city="REFUSE", failing=True),
    ],
)
_SECOND_FILE = Upload(
    35.0,
    "erp",
    "a.csv",
    [
        _record("1001", "f2.0", 2),
        _record("1002", "f2.1", 4, broken="no row"),
        _record("1000", "f2.2", 1),
        _record("1001", "f2.3", 2),
        _record("1000", "f2.4", 5, broken="no row"),
        _record("1001", "f2.5", 1, city="REFUSE", failing=True),
        _record("1003", "f2.6", 2),
        _record("1001", "f2.7", 3),
        _record("1001", "f2.8", 5),
        _record("1000", "f2.9"),
    ],
)

KEPT: Mapping[str, Scenario] = {
    "error-removed-by-the-notice": Scenario(
        1_097_907,
        [],
        {24: Fault.VANISH},
        files=[
            Upload(0.0, "erp", "a.csv", [_record("1002", "f1.0", 1)], "empty"),
            Upload(52.0, "erp", "a.csv", [_record("1002", "f0.2", 4)], "ndjson"),
        ],
    ),
    "error-removed-by-what-is-replaced": Scenario(
        941_136,
        [],
        {70: Fault.DIE_AFTER, 121: Fault.REFUSE},
        FaultProfile(stale_index=0.5, kills_after="files/"),
        files=[
            Upload(5.0, "plain", "ä b.csv", [Record("p1000", 0, {"name": "f1.0"})], "ndjson"),
            Upload(151.0, "erp", "ä b.csv", [_record("1001", "f0.2")], "cut"),
            Upload(461.0, "erp", "ä b.csv", [_record("1002", "f9.1")], "cut"),
        ],
    ),
    "lost-wake-stays-lost": Scenario(
        729_497,
        [
            Webhook(14_371.0, "erp", "e2", [_record("1001", "e2.0", 2)]),
            Webhook(14_409.0, "hub", "e0", [Record("1000", _FIRST, {"zip": "e0.0"})]),
        ],
        dict.fromkeys((59, 60, 61, 63), Fault.REFUSE),
        FaultProfile(lost_answers=0.3, slow_mateo=0.01, throttled=0.2),
        Account(requests_per_day=12, batching_window_s=120.0),
    ),
    "put-back-again-after-a-later-replay": Scenario(
        1,
        [
            Webhook(0.0, "erp", "e0", [_record("1000", "e0.2", 5)]),
            Webhook(
                1.0,
                "erp",
                "e0",
                [_record("1000", f"e0.{n}", version) for n, version in enumerate((2, 1, 5))],
            ),
        ],
        put_back=[PutBack(900.0, connection="erp"), PutBack(901.0)],
    ),
    "put-back-claim-taken-over": Scenario(
        1,
        [
            Webhook(
                14.0,
                "erp",
                "e1",
                [
                    _record("1000", "e1.1", 4),
                    Record("1000", _FIRST + 3_000, {"city": "e1.2"}),
                ],
            )
        ],
        {1: Fault.DIE_AFTER, 53: Fault.REFUSE},
        FaultProfile(partial_writes=0.4, other_clients=3),
        Account(entities_per_day=3),
        put_back=[PutBack(90.0)],
    ),
    "rows-perhaps-sent-leave-room": Scenario(
        1,
        [],
        {98: Fault.SLOW_ANSWER, 179: Fault.VANISH},
        account=Account(entities_per_day=4, file_run_s=0.6),
        files=[_FIRST_FILE, _SECOND_FILE],
    ),
    "survivors-suspected-if-their-batch-fails": Scenario(
        1,
        [Webhook(8.0, "erp", "e0", [Record("1000", _FIRST + 2_000, {}, broken="bad version")])],
        {8: Fault.LOSE, 15: Fault.LOSE, 22: Fault.VANISH, 25: Fault.DIE_BEFORE},
    ),
}
"""Mutant → the run that finds it."""
