"""Reads the routes of the HTTP API out of its OpenAPI body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.template.errors import TemplateError


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method and path of the HTTP API, and the logical id of the function behind it."""

    method: str
    path: str
    function: str


def routes_of(by_stack: Mapping[str, Mapping[str, Any]]) -> tuple[Route, ...]:
    """The routes of the HTTP API.

    Raises:
        TemplateError: for a route that is no function with payload format 2.0.
    """
    routes = []
    for name, resource in by_stack.items():
        if resource["Type"] != "AWS::ApiGatewayV2::Api":
            continue
        for path, methods in resource["Properties"].get("Body", {}).get("paths", {}).items():
            for method, operation in methods.items():
                routes.append(_route(f"{name} {method} {path}", method, path, operation))
    return tuple(routes)


def _route(place: str, method: str, path: str, operation: Mapping[str, Any]) -> Route:
    integration = operation.get("x-amazon-apigateway-integration", {})
    function = re.search(r"\$\{(\w+)\.Arn\}", str(integration.get("uri", "")))
    if function is None or integration.get("payloadFormatVersion") != "2.0":
        raise TemplateError(f"route {place}: not a function with payload format 2.0")
    verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
    return Route(method=verb, path=path, function=function[1])
