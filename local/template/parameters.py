"""Values of template parameters, checked as CloudFormation checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.template.errors import TemplateError


def parameter_values(
    declared: Mapping[str, Mapping[str, Any]], overrides: Mapping[str, str]
) -> dict[str, object]:
    """Each parameter's value: the override or the default, checked as CloudFormation checks it."""
    unknown = sorted(set(overrides) - set(declared))
    if unknown:
        raise TemplateError(
            f"no such parameter: {', '.join(unknown)}; there are {', '.join(sorted(declared))}"
        )
    values: dict[str, object] = {}
    for name, description in declared.items():
        value = overrides.get(name, description.get("Default"))
        if value is None:
            raise TemplateError(f"parameter {name} has no value")
        values[name] = _checked(name, str(value), description)
    return values


def _checked(name: str, value: str, description: Mapping[str, Any]) -> object:
    kind = description.get("Type", "String")
    if kind not in ("String", "Number"):
        raise TemplateError(f"parameter {name}: type {kind} is not known here")
    allowed = [str(one) for one in description.get("AllowedValues", [value])]
    pattern = description.get("AllowedPattern", ".*")
    if value not in allowed or not re.fullmatch(pattern, value, re.DOTALL):
        reason = description.get("ConstraintDescription", f"must be one of {', '.join(allowed)}")
        raise TemplateError(f"parameter {name}: {value!r} {reason}")
    if kind == "String":
        return value
    try:
        number = float(value)
    except ValueError as error:
        raise TemplateError(f"parameter {name}: {value!r} is no number") from error
    least, most = description.get("MinValue", number), description.get("MaxValue", number)
    if not float(least) <= number <= float(most):
        raise TemplateError(f"parameter {name}: {value} is not between {least} and {most}")
    return int(number) if number.is_integer() else number
