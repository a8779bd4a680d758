"""What ships: built by SAM for both processors, complete, and without what does not belong."""

import json
import os
import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.built.artifact import (
    MACHINES,
    ROOT,
    Artifact,
    build,
    python_folder,
    run,
    runtime_packages,
)

FUNCTIONS = [
    "ImportFiles",
    "ReceiveChangeEvents",
    "ReceiveWebhook",
    "RunWatchdog",
    "SubmitImports",
    "TrackImport",
    "WriteDailyReport",
    "WriteReport",
]
ARCHITECTURES = sorted(MACHINES)
HERE = {"aarch64": "arm64", "x86_64": "x86_64"}.get(platform.machine(), "x86_64")
MAX_BYTES = 250 * 1024 * 1024
"""Lambda's limit for a function with all its layers, unpacked."""
IMPORT = """
import importlib, json, sys
module, name = sys.argv[1].split(".")
sys.path[:0] = json.loads(sys.argv[2])
handler = getattr(importlib.import_module(module), name)
print(json.dumps([callable(handler), sys.modules[module].__file__]))
"""

Built = Callable[[str], Artifact]


@pytest.fixture(scope="session", autouse=True)
def interpreter() -> None:
    """`sam build` needs a Python of the runtime's version; only CI must have one."""
    try:
        python_folder()
    except AssertionError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("what ships is built with Python 3.13, which neither PATH nor pyenv has")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The artifact for an architecture, built once."""
    return cache(lambda architecture: build(architecture, tmp_path_factory.mktemp(architecture)))


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's runtime brings along."""
    return runtime_packages(tmp_path_factory.mktemp("lambda") / "runtime")


def test_the_functions_that_are_looked_at_are_all_that_are_built(built: Built) -> None:
    assert sorted(built(HERE).functions()) == FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_handler_imports_from_the_artifact_alone_and_without_an_environment(
    built: Built, runtime: Path, function: str
) -> None:
    artifact = built(HERE)
    folders = [artifact.function(function), *(one / "python" for one in artifact.layers()), runtime]
    arguments = [artifact.handler(function), json.dumps(list(map(str, folders)))]
    # Isolated, and without the interpreter's own site-packages.
    python = [f"{python_folder()}/python3.13", "-I", "-S", "-B", "-W", "error"]
    printed = run([*python, "-c", IMPORT, *arguments], environment={})
    is_callable, file = json.loads(printed)
    assert is_callable
    assert Path(file).parent == artifact.function(function)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_compiled_modules_are_for_the_chosen_processor(built: Built, architecture: str) -> None:
    machines = {
        int.from_bytes(library.read_bytes()[18:20], "little")
        for library in built(architecture).libraries()
    }
    assert machines == {MACHINES[architecture]}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_aws_sdk_is_left_to_the_runtime(built: Built, architecture: str) -> None:
    shipped = {
        path.name for path in (built(architecture).layer("DependenciesLayer") / "python").iterdir()
    }
    assert not shipped & {"boto3", "botocore", "s3transfer"}
    assert {"httpx", "pydantic", "phonenumbers", "aws_lambda_powertools"} <= shipped


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_relays_code_is_where_python_looks_for_it(built: Built, architecture: str) -> None:
    layer = built(architecture).layer("ImportRelayLayer")
    assert [path.name for path in layer.iterdir()] == ["python"]
    source = ROOT / "layers/import_relay/python"
    for path in source.rglob("*.*"):
        if path.is_file() and path.parent.name != "__pycache__":
            assert (layer / "python" / path.relative_to(source)).is_file(), path.name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_connections_are_where_functions_look_for_them(built: Built, architecture: str) -> None:
    artifact = built(architecture)
    of_function = {name: artifact.variables(name).get("CONNECTIONS_FILE") for name in FUNCTIONS}
    files = {name: Path(file) for name, file in of_function.items() if file}

    assert {"ReceiveChangeEvents", "ReceiveWebhook", "SubmitImports"} <= files.keys()
    for file in files.values():
        assert file.parent == Path("/opt")
        assert (artifact.layer("ConnectionsLayer") / file.name).is_file()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_function_ships_its_own_module_and_nothing_else(built: Built, architecture: str) -> None:
    artifact = built(architecture)
    for function in FUNCTIONS:
        module = artifact.handler(function).split(".")[0]
        assert [path.name for path in artifact.function(function).iterdir()] == [f"{module}.py"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_neither_tests_nor_the_local_stack_ship(built: Built, architecture: str) -> None:
    for layer in built(architecture).layers():
        shipped = {
            path.name for path in layer.rglob("*") if path.parent.name in ("python", layer.name)
        }
        assert not shipped & {"tests", "local", "mateo_emulator", "__pycache__"}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_function_stays_far_below_lambdas_size_limit(built: Built, architecture: str) -> None:
    artifact = built(architecture)
    layers = sum(size(layer) for layer in artifact.layers())
    largest = max(size(artifact.function(function)) for function in FUNCTIONS)
    assert layers + largest < MAX_BYTES / 2


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
