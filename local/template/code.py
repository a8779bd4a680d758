"""Finds what a template names in this repository: code, layers, state machine definitions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.template.errors import TemplateError
from local.template.yaml_files import read_yaml


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer as a function finds it under /opt."""

    root: Path
    """What /opt shows."""
    modules: Path | None
    """Folder for the module search path; None if the layer is installed in this interpreter
    instead.
    """


@dataclass(frozen=True, kw_only=True)
class FunctionCode:
    """Where a function's code lies; everything else about it comes from the provisioned
    resource.
    """

    folder: Path
    layers: tuple[Layer, ...]


def function_code(source: Mapping[str, Any], root: Path) -> dict[str, FunctionCode]:
    """Where the code of each function lies, by logical id.

    Raises:
        TemplateError: if a folder is missing, or a layer is not one of this template.
    """
    defaults = source.get("Globals", {}).get("Function", {})
    layers = {
        name: _layer(name, source["Resources"][name], root)
        for name in properties_of(source, "AWS::Serverless::LayerVersion")
    }
    code = {}
    for name, properties in properties_of(source, "AWS::Serverless::Function").items():
        if "InlineCode" in properties:
            raise TemplateError(f"function {name}: InlineCode is not run here; give it a CodeUri")
        folder = root / str(properties.get("CodeUri", defaults.get("CodeUri", "")))
        if not folder.is_dir():
            raise TemplateError(f"function {name}: CodeUri {folder} is no folder")
        references = [*defaults.get("Layers", []), *properties.get("Layers", [])]
        try:
            own = tuple(layers[reference["Ref"]] for reference in references)
        except (KeyError, TypeError) as error:
            raise TemplateError(f"function {name}: a layer of another template") from error
        code[name] = FunctionCode(folder=folder, layers=own)
    return code


def _layer(name: str, resource: Mapping[str, Any], root: Path) -> Layer:
    folder = root / str(resource.get("Properties", {}).get("ContentUri", ""))
    if not folder.is_dir():
        raise TemplateError(f"layer {name}: ContentUri {folder} is no folder")
    if "BuildMethod" not in resource.get("Metadata", {}):
        modules = folder / "python"
        return Layer(root=folder, modules=modules if modules.is_dir() else None)
    # `sam build` turns the folder into /opt/python; one that holds requirements alone is
    # installed here.
    holds_modules = any(folder.glob("*.py")) or any(folder.glob("*/__init__.py"))
    return Layer(root=folder, modules=folder if holds_modules else None)


def definitions_of(source: Mapping[str, Any], root: Path) -> dict[str, str]:
    """State machine definitions in JSON, by logical id, before their substitutions."""
    definitions = {}
    for name, properties in properties_of(source, "AWS::Serverless::StateMachine").items():
        definition = properties.get("Definition")
        if definition is None:
            definition = read_yaml(root / str(properties.get("DefinitionUri", "")))
        definitions[name] = json.dumps(definition)
    return definitions


def properties_of(source: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Properties of all resources of a type, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in source["Resources"].items()
        if resource["Type"] == kind
    }
