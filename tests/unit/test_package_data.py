"""An installation of the clone with pip has every file that the code reads."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "import_relay": ROOT / "layers/import_relay/python/import_relay",
    "relay_ops": ROOT / "relay_ops",
}


def test_each_file_beside_the_modules_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]
    beside = {
        (name, path.relative_to(folder).as_posix())
        for name, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".py" and path.parent.name != "__pycache__"
    }
    installed = {
        (name, path.relative_to(PACKAGES[name]).as_posix())
        for name, globs in patterns.items()
        for glob in globs
        for path in PACKAGES[name].glob(glob)
    }
    assert beside
    assert installed == beside
