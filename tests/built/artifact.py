"""Builds the application with SAM CLI and looks into the result; used by the tests beside it.

Needs SAM CLI (the variable SAM or .venv-sam) and a Python 3.13, as `make build` does.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
DEPLOYED = ("functions", "layers", "statemachine")
RUNTIME = "3.13"
OF_THE_RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""What Lambda's Python runtime has: boto3 and what it needs."""
MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
"""Architecture → `e_machine` in the header of its ELF files."""


@dataclass(frozen=True)
class Artifact:
    """What `sam build` left behind."""

    folder: Path
    resources: Mapping[str, Any]
    """The resources of the built template; their local paths start at `folder`."""

    def function(self, name: str) -> Path:
        """The folder that becomes /var/task of a function."""
        return self.folder / str(self.resources[name]["Properties"]["CodeUri"])

    def layer(self, name: str) -> Path:
        """The folder that becomes a part of /opt."""
        uri = str(self.resources[name]["Properties"]["ContentUri"])
        return (self.folder / uri).resolve()

    def layers(self) -> list[Path]:
        """All layers, in the order in which the functions name them."""
        return [
            self.layer(name)
            for name, one in self.resources.items()
            if one["Type"] == "AWS::Serverless::LayerVersion"
        ]

    def functions(self) -> list[str]:
        """Logical ids of the functions."""
        return [n for n, r in self.resources.items() if r["Type"] == "AWS::Serverless::Function"]

    def handler(self, function: str) -> str:
        """The handler of a function, e.g. `receive_webhook.handler`."""
        return str(self.resources[function]["Properties"]["Handler"])

    def variables(self, function: str) -> Mapping[str, Any]:
        """The environment variables that the template gives to a function."""
        found: Mapping[str, Any] = self.resources[function]["Properties"]["Environment"]
        return dict(found["Variables"])

    def libraries(self) -> Iterator[Path]:
        """Compiled modules in functions and layers."""
        for folder in [*map(self.function, self.functions()), *self.layers()]:
            yield from folder.rglob("*.so*")


def build(architecture: str, folder: Path) -> Artifact:
    """Run `sam build` on a copy of what is deployed, as someone does who has only that."""
    source = folder / "source"
    for name in DEPLOYED:
        unwanted = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / name, source / name, ignore=unwanted)
    shutil.copy(ROOT / "template.yaml", source)
    sam = os.environ.get("SAM", str(ROOT / ".venv-sam/bin/sam"))
    run(
        [sam, "build", "--parameter-overrides", f"Architecture={architecture}"],
        cwd=source,
        environment={
            **os.environ,
            "PATH": f"{python_folder()}{os.pathsep}{os.environ['PATH']}",
            "SAM_CLI_TELEMETRY": "0",
        },
    )
    built = source / ".aws-sam/build"
    template = yaml_parse((built / "template.yaml").read_text(encoding="utf-8"))
    return Artifact(built, template["Resources"])


def python_folder() -> str:
    """The folder of an interpreter of the runtime's version."""
    return run([str(ROOT / ".ci/find-python"), RUNTIME], environment=os.environ).strip()


def runtime_packages(folder: Path) -> Path:
    """A folder that holds what Lambda's runtime has and nothing else from this machine."""
    folder.mkdir()
    for name in OF_THE_RUNTIME:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        module = Path(spec.origin)
        target = module.parent if module.name == "__init__.py" else module
        (folder / target.name).symlink_to(target)
    return folder


def run(command: list[str], *, environment: Mapping[str, str], cwd: Path | None = None) -> str:
    """What a command prints; a failing one fails the test with everything it said."""
    done = subprocess.run(
        command, env=dict(environment), cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
