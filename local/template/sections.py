"""The sections of a template around its resources: each is executed here, or refused.

Called by `loading` before it reads any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.template.errors import TemplateError

SAM = "AWS::Serverless-2016-10-31"
_SECTIONS = frozenset(
    (
        *("AWSTemplateFormatVersion", "Transform", "Description", "Metadata"),
        *("Parameters", "Mappings", "Conditions", "Globals", "Resources", "Outputs"),
    )
)
_OF_PARAMETERS = frozenset(
    (
        *("Type", "Default", "Description", "AllowedValues", "AllowedPattern"),
        *("ConstraintDescription", "MinValue", "MaxValue"),
    )
)
_OF_OUTPUTS = frozenset(("Value", "Description", "Condition"))


def refuse_unknown_sections(source: Mapping[str, Any]) -> None:
    """Return if nothing in the template but its resources would be ignored in silence.

    Raises:
        TemplateError: names all that would be.
    """
    if found := list(_unknown(source)):
        raise TemplateError(
            f"the local stack would ignore a part of the template: {', '.join(found)}. Let local/ "
            "do what AWS does with it and name it in local/template/sections.py, or leave it out"
        )


def _unknown(source: Mapping[str, Any]) -> Iterator[str]:
    yield from sorted(source.keys() - _SECTIONS)
    if source.get("Transform") != SAM:
        yield f"Transform other than {SAM}"
    for section, known in (("Parameters", _OF_PARAMETERS), ("Outputs", _OF_OUTPUTS)):
        for name, described in source.get(section, {}).items():
            yield from (f"{section}.{name}.{key}" for key in sorted(described.keys() - known))
