"""No section of a template is ignored in silence."""

from typing import Any

import pytest

from local.template.errors import TemplateError
from local.template.sections import SAM, refuse_unknown_sections
from tests.template.expanded import source


def test_the_template_has_only_sections_that_are_executed() -> None:
    refuse_unknown_sections(source())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"Rules": {}}, "Rules"),
        ({"Hooks": {}}, "Hooks"),
        ({"Foo": 1}, "Foo"),
        ({"Transform": [SAM, "AWS::LanguageExtensions"]}, "Transform"),
        ({"Transform": None}, "Transform"),
        ({"Parameters": {"A": {"Type": "String", "MaxLength": 3}}}, r"Parameters\.A\.MaxLength"),
        ({"Outputs": {"A": {"Value": 1, "Export": {"Name": "x"}}}}, r"Outputs\.A\.Export"),
    ],
)
def test_what_would_be_ignored_is_named(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(TemplateError, match=named):
        refuse_unknown_sections({"Transform": SAM, "Resources": {}, **changed})
