"""Resolves parameters, conditions and intrinsic functions of a template."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from local.template.errors import TemplateError

_NO_VALUE = object()


class Resolver:
    """Resolves what is known before anything is provisioned; references to resources stay."""

    def __init__(
        self,
        known: Mapping[str, object],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
    ) -> None:
        self._known = known
        self._mappings = mappings
        self._conditions = conditions
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.holds,
            "Fn::Base64": self._base64,
            "Fn::And": lambda parts: all(map(self.resolve, parts)),
            "Fn::Equals": lambda pair: str(self.resolve(pair[0])) == str(self.resolve(pair[1])),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": lambda path: {"Fn::GetAtt": path},
            "Fn::If": lambda parts: self.resolve(parts[1 if self.holds(parts[0]) else 2]),
            "Fn::Join": self._join,
            "Fn::Not": lambda parts: not self.resolve(parts[0]),
            "Fn::Or": lambda parts: any(map(self.resolve, parts)),
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def holds(self, condition: str | None) -> bool:
        """Whether a named condition is true; no condition always is."""
        return condition is None or bool(self.resolve(self._conditions[condition]))

    def resolve(self, value: Any) -> Any:
        """`value` with everything known filled in, `AWS::NoValue` left out.

        Raises:
            TemplateError: for an intrinsic function that is not known here.
        """
        if isinstance(value, list):
            return [one for part in value if (one := self.resolve(part)) is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name in self._functions and (name != "Condition" or isinstance(argument, str)):
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                raise TemplateError(f"{name} is not known here")
        resolved = {name: self.resolve(part) for name, part in value.items()}
        return {name: part for name, part in resolved.items() if part is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        return self._known.get(name, {"Ref": name})

    def _find_in_map(self, path: list[Any]) -> Any:
        name, first, second = (str(self.resolve(part)) for part in path)
        return self._mappings[name][first][second]

    def _base64(self, argument: Any) -> Any:
        text = self.resolve(argument)
        if isinstance(text, str):
            return base64.b64encode(text.encode()).decode()
        return {"Fn::Base64": text}

    def _split(self, arguments: list[Any]) -> Any:
        separator, text = arguments
        resolved = self.resolve(text)
        if isinstance(resolved, str):
            return resolved.split(separator)
        return {"Fn::Split": [separator, resolved]}

    def _join(self, arguments: list[Any]) -> Any:
        separator, parts = arguments
        resolved = self.resolve(parts)
        if isinstance(resolved, list) and not any(isinstance(one, Mapping) for one in resolved):
            return separator.join(map(str, resolved))
        return {"Fn::Join": [separator, resolved]}

    def _sub(self, argument: str | list[Any]) -> Any:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        values = {name: self.resolve(value) for name, value in own.items()}

        def fill(match: re.Match[str]) -> str:
            value = values.get(match[1], self._known.get(match[1]))
            if value is None or isinstance(value, Mapping):
                return match[0]
            return str(value)

        filled = re.sub(r"\$\{([^!}][^}]*)\}", fill, text)
        left = {name: value for name, value in values.items() if isinstance(value, Mapping)}
        if left:
            return {"Fn::Sub": [filled, left]}
        # `${!x}` is a literal; what is still open refers to resources.
        if not re.search(r"\$\{[^!]", filled):
            return filled.replace("${!", "${") if "${!" in filled else filled
        return {"Fn::Sub": filled}
