"""The packages whose tests mirror them, and which modules are tested with others, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
KINDS = ("unit", "integration")
_DATA = "holds nothing but data, types or a contract"
_WIRING = "puts parts together; the tests of its handler start it"


@dataclass(frozen=True)
class Package:
    """A package, and what of it has no tests of its own name."""

    root: Path
    folder: str = ""
    """Where its tests are in `unit/` and `integration/`: '' if its rooms lie there directly."""
    without_tests: Mapping[str, str] = field(default_factory=dict)
    """Modules without tests of their own → why they need none."""
    tested_through: Mapping[str, str] = field(default_factory=dict)
    """Modules that are tested as a part of what calls them → the tests that show what they do."""
    of_no_module: Mapping[str, str] = field(default_factory=dict)
    """Tests that belong to several modules, and what they are about."""

    @property
    def name(self) -> str:
        """As it is imported."""
        return self.root.name

    def modules(self) -> list[str]:
        """Its modules, as `<room>/<module>`; `__main__` is called main."""
        found = sorted(self.root.rglob("*.py"))
        return [self._name(path).replace("__", "") for path in found if path.stem != "__init__"]

    def packages(self) -> list[str]:
        """The packages within it, whose small modules may share their tests."""
        inner = sorted(self.root.glob("*/**/__init__.py"))
        return [self._name(path.parent) for path in inner]

    def tests(self) -> Iterator[str]:
        """The files of its tests, as `<room>/test_<name>`."""
        rooms = {path.parent.name for path in self.root.glob("*/__init__.py")}
        for kind in KINDS:
            top = TESTS / kind / self.folder
            for path in sorted(top.rglob("test_*.py")):
                name = path.relative_to(top).with_suffix("")
                if self.folder or name.parts[0] in rooms:
                    yield name.as_posix()

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).with_suffix("").as_posix()


def is_tested_by(module: str, test: str) -> bool:
    """Whether this file of tests is named after the module, or after its package."""
    package = module.rpartition("/")[0]
    return is_named_after(test, module) or (bool(package) and is_named_after(test, package))


def is_named_after(test: str, module: str) -> bool:
    """Whether this file of tests is named after the module."""
    folder, slash, name = module.rpartition("/")
    return f"{test}_".startswith(f"{folder}{slash}test_{name}_")


_SETTINGS = "tests/unit/wiring/test_settings.py"
_FILES = "tests/integration/files/test_importing_files.py"
_DAY = "tests/integration/test_write_daily_report.py"
_OPEN = "tests/integration/relay_ops/commands/test_failures.py"
RELAY = Package(
    ROOT / "layers/import_relay/python/import_relay",
    without_tests={
        "bulk/replay_wiring": _WIRING,
        "bulk/wiring": _WIRING,
        "connectors/fetcher_contract": _DATA,
        "connectors/salesforce/default_mappings": _DATA,
        "receive/wiring": _WIRING,
        "report/daily/daily_wiring": _WIRING,
        "report/wiring": _WIRING,
        "storage/clocks": _DATA,
        "submit/fetched_records": _DATA,
        "submit/turn": _DATA,
        "submit/verdicts": _DATA,
        "submit/wiring": _WIRING,
        "track/wiring": _WIRING,
        "watch/wiring": _WIRING,
    },
    tested_through={
        "bulk/feeding": _FILES,
        "bulk/file_errors": "tests/integration/files/test_file_errors.py",
        "bulk/importing_files": _FILES,
        "bulk/reading": _FILES,
        "bulk/settings": _SETTINGS,
        "check/main": "tests/unit/check/test_check_connections.py",
        "connectors/file_rows": _FILES,
        "domain/codes": "tests/docs/test_codes.py",
        "domain/files": _FILES,
        "storage/held_lanes": "tests/integration/watch/test_watchdog_lanes.py",
        "report/daily/daily_files": _DAY,
        "report/daily/day_counts": _DAY,
        "report/daily/day_reading": _DAY,
        "report/daily/markup": "tests/unit/report/daily/test_page.py",
        "report/daily/mail": _DAY,
        "report/daily/pictures": "tests/unit/report/daily/test_page.py",
        "report/daily/settings": _SETTINGS,
        "report/daily/writing": _DAY,
        "report/import_problems": _OPEN,
        "report/open_problems": _OPEN,
        "report/report_files": "tests/integration/report/test_documents.py",
        "report/settings": _SETTINGS,
        "storage/bucket_reads": _OPEN,
        "storage/feeder": _FILES,
        "storage/file_counts": _FILES,
        "storage/file_objects": _FILES,
        "storage/notifications": _DAY,
        "storage/received_counts": _DAY,
        "storage/row_failures": _FILES,
        "submit/batch_report": "tests/integration/test_submit_imports.py",
        "submit/gathering": "tests/integration/submit/test_filling.py",
        "submit/refused_rows": "tests/integration/submit/test_refusals.py",
        "submit/settings": _SETTINGS,
        "track/settings": _SETTINGS,
        "watch/settings": _SETTINGS,
    },
)

_APP = "tests/unit/relay_ops/test_app.py"
_DRY_RUN = "tests/unit/relay_ops/commands/test_import_file.py"
_ERASURE = "tests/integration/relay_ops/erasing/test_erasure.py"
_FIND = "tests/integration/relay_ops/test_finding.py"
_PAGES = "tests/integration/relay_ops/test_daily_pages.py"
_PAUSE = "tests/integration/relay_ops/commands/test_pause.py"
_REDRIVE = "tests/integration/relay_ops/commands/test_redrive.py"
_RUNBOOK = "tests/end_to_end/test_runbook.py"
_SECRET = "tests/integration/relay_ops/commands/test_secret.py"
_STATUS = "tests/end_to_end/test_status.py"
_TRY = "tests/unit/relay_ops/commands/test_try_file.py"
_TRY_SEND = "tests/end_to_end/test_try_send.py"
OPERATORS_TOOL = Package(
    ROOT / "relay_ops",
    folder="relay_ops",
    without_tests={"exits": _DATA},
    tested_through={
        "change_events": _RUNBOOK,
        "checking": "tests/end_to_end/test_account.py",
        "commands/check": _APP,
        "commands/daily": _PAGES,
        "commands/open_page": _PAGES,
        "commands/resume": _PAUSE,
        "dead_letters": _REDRIVE,
        "erasing/rewriting": _ERASURE,
        "erasing/tables": "tests/integration/relay_ops/erasing/test_daily.py",
        "file_rows": _FIND,
        "files/dry_run_screen": _DRY_RUN,
        "files/local_file": _DRY_RUN,
        "import_report": _FIND,
        "main": _RUNBOOK,
        "matching": _FIND,
        "mateo": "tests/integration/relay_ops/erasing/test_in_mateo.py",
        "quarantine": "tests/integration/relay_ops/test_reposting.py",
        "options": _APP,
        "pausing": _PAUSE,
        "secret_texts": _SECRET,
        "sending": _TRY_SEND,
        "status/looking": _STATUS,
        "history": _FIND,
        "status/refused_files": "tests/integration/relay_ops/status/test_explained_alarms.py",
        "status/noted": "tests/integration/relay_ops/status/test_reading.py",
        "trying": _TRY,
        "usable_connection": _TRY,
    },
    of_no_module={
        "files/test_corrected_failures": "imports the workbook of failures as docs/files.md shows",
    },
)

_COMMANDS = "tests/end_to_end/test_command_line.py"
_FUNCTIONS = "tests/integration/local/lambda_runtime/test_functions.py"
_LOCAL_STACK = "tests/integration/local/test_stack.py"
LOCAL_STACK = Package(
    ROOT / "local",
    folder="local",
    without_tests={
        "ports": _DATA,
    },
    tested_through={
        "aws/bucket_events": "tests/end_to_end/test_files.py",
        "aws/executions": _LOCAL_STACK,
        "aws/moto_process": _LOCAL_STACK,
        "aws/provisioning": _LOCAL_STACK,
        "aws/wsgi": _LOCAL_STACK,
        "child": "tests/integration/local/test_main.py",
        "demo/balance": _COMMANDS,
        "demo/crms": _COMMANDS,
        "demo/daily_pages": _COMMANDS,
        "demo/expected": _COMMANDS,
        "demo/progress": _COMMANDS,
        "demo/run": _COMMANDS,
        "demo/senders": _COMMANDS,
        "demo/summary": _COMMANDS,
        "demo/traffic": _COMMANDS,
        "environment": _LOCAL_STACK,
        "lambda_runtime/execution_environment": _FUNCTIONS,
        "lambda_runtime/function_process": _FUNCTIONS,
        "lambda_runtime/runtime_api": _FUNCTIONS,
    },
)

_LISTS = "tests/integration/mateo_emulator/test_endpoints_list.py"
_QUERIES = "tests/unit/mateo_emulator/postgrest/api_request/test_query_params.py"
_RANGES = "tests/unit/mateo_emulator/postgrest/test_range_query.py"
_SELECT = "tests/unit/mateo_emulator/postgrest/api_request/test_select.py"
_PAGES_FOR_TESTS = "tests/integration/mateo_emulator/sandbox/test_admin.py"
_PROCESS = "tests/integration/mateo_emulator/test_main.py"
EMULATOR = Package(
    ROOT / "mateo_emulator",
    folder="mateo_emulator",
    without_tests={"errors": _DATA, "settings": _DATA},
    tested_through={
        "application": "tests/integration/mateo_emulator/test_endpoints.py",
        "clock": _PAGES_FOR_TESTS,
        "documentation": "tests/integration/mateo_emulator/test_contract.py",
        "emulator": _PROCESS,
        "gateway": "tests/integration/mateo_emulator/test_request_log.py",
        "imports/listing": _LISTS,
        "imports/rows": "tests/integration/mateo_emulator/test_records.py",
        "imports/store": "tests/integration/mateo_emulator/test_main_killed.py",
        "links": "tests/unit/mateo_emulator/test_faults.py",
        "postgresql/casts": _SELECT,
        "postgresql/white_space": "tests/unit/mateo_emulator/postgresql/test_numbers.py",
        "postgrest/api_request/fields": _QUERIES,
        "postgrest/api_request/filters": _QUERIES,
        "postgrest/api_request/order": _QUERIES,
        "postgrest/api_request/preferences": _RANGES,
        "postgrest/api_request/scanner": _QUERIES,
        "postgrest/query/sql_fragment": _QUERIES,
        "sandbox/index": _PAGES_FOR_TESTS,
        "sandbox/inspection": _PAGES_FOR_TESTS,
        "sandbox/json_body": _PAGES_FOR_TESTS,
        "server": _PROCESS,
    },
    of_no_module={
        "test_contract": "compares the whole API with its contracts",
        "test_curl": "runs the documented command lines",
    },
)

PACKAGES = (RELAY, OPERATORS_TOOL, LOCAL_STACK, EMULATOR)
