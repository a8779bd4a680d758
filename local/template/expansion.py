"""Expands SAM resources into CloudFormation's, with aws-sam-translator."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from local.environment import session
from local.template.errors import TemplateError


def _uploaded_form(source: Mapping[str, Any]) -> dict[str, Any]:
    """The template as it looks after an upload, which is what the translator accepts."""
    uploaded = copy.deepcopy(dict(source))
    names = {
        "AWS::Serverless::Function": "CodeUri",
        "AWS::Serverless::LayerVersion": "ContentUri",
        "AWS::Serverless::StateMachine": "DefinitionUri",
    }
    for name, resource in uploaded["Resources"].items():
        if resource["Type"] in names:
            properties = resource.setdefault("Properties", {})
            properties.pop("Definition", None)
            properties[names[resource["Type"]]] = f"s3://local/{name}"
    return uploaded


def expand(source: Mapping[str, Any], parameters: Mapping[str, object]) -> dict[str, Any]:
    """The template in plain CloudFormation.

    Raises:
        TemplateError: if it is not a SAM template.
    """
    # Imported here: it takes half a second, in which the other processes already start.
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    translator = Translator({}, Parser(), boto_session=session())
    try:
        expanded: dict[str, Any] = translator.translate(
            _uploaded_form(source), parameter_values=dict(parameters)
        )
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"not a SAM template: {causes}") from error
    finally:
        # Goes nowhere; left undone it is complained about when the process ends.
        translator.metrics.publish()
    return expanded
