"""Parameters: each says what it means, and takes no value that would not work."""

import re
from typing import Any

import pytest

from import_relay.submit.settings import SubmitSettings
from tests.template.expanded import source

PARAMETERS: dict[str, dict[str, Any]] = source()["Parameters"]


def matches(parameter: str, value: str) -> bool:
    return re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], value) is not None


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_says_what_it_is_in_a_sentence(name: str) -> None:
    description = PARAMETERS[name]["Description"]
    assert description.endswith(".")
    assert len(description) >= 20


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_a_default_that_it_allows(name: str) -> None:
    match PARAMETERS[name]:
        case {"Type": "Number", "Default": default, "MinValue": least, "MaxValue": most}:
            assert least <= default <= most
        case {"Default": default, "AllowedValues": allowed}:
            assert default in allowed
        case {"Type": "String", "Default": default, "AllowedPattern": pattern}:
            assert re.fullmatch(pattern, default)
        case other:
            pytest.fail(f"neither a range, a pattern nor a list of values: {other}")


@pytest.mark.parametrize("name", [n for n in PARAMETERS if "AllowedPattern" in PARAMETERS[n]])
def test_a_value_that_does_not_fit_a_pattern_is_explained(name: str) -> None:
    assert PARAMETERS[name]["ConstraintDescription"].startswith("must be ")


def test_every_parameter_stands_in_a_group_of_the_console(written: dict[str, Any]) -> None:
    groups = written["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(PARAMETERS)


@pytest.mark.parametrize(
    "address",
    [
        "https://integration.getmateo.com/api/v1",
        "https://example.com",
        "https://example.com:8443/api/v1",
        "http://127.0.0.1:4010/api/v1",
        "http://localhost:4010/api/v1",
    ],
)
def test_mateo_is_reached_over_https_or_on_this_machine(address: str) -> None:
    assert matches("MateoBaseUrl", address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.com/api/v1",
        "http://example.com/api/v1",
        "http://127.0.0.1.example.com/api/v1",
        "https://example.com/api/v1/",
        "https://example.com/api v1",
        "ftp://example.com",
    ],
)
def test_other_addresses_of_mateo_are_refused(address: str) -> None:
    assert not matches("MateoBaseUrl", address)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_names_of_time_zones_are_taken(zone: str) -> None:
    assert matches("LimitTimeZone", zone)


@pytest.mark.parametrize("zone", ["", "/Berlin", "Europe/", "+02:00", "Europe/Berlin; x"])
def test_what_is_no_name_of_a_time_zone_is_refused(zone: str) -> None:
    assert not matches("LimitTimeZone", zone)


@pytest.mark.parametrize("address", ["", "ops@example.com", "a.b+c@mail.example.com"])
def test_an_alarm_address_is_optional(address: str) -> None:
    assert matches("AlarmEmail", address)


@pytest.mark.parametrize("address", ["ops", "ops@example", "ops @example.com", "a@b@c.com"])
def test_what_is_no_alarm_address_is_refused(address: str) -> None:
    assert not matches("AlarmEmail", address)


def test_no_more_rows_can_be_asked_for_than_the_settings_take() -> None:
    schema = SubmitSettings.model_json_schema()["properties"]["rows_per_import"]
    assert PARAMETERS["RowsPerImport"]["MaxValue"] == schema["maximum"]
    assert PARAMETERS["RowsPerImport"]["MinValue"] == schema["minimum"]


def test_the_documented_limits_of_mateo_are_the_defaults() -> None:
    limits = ("RequestsPerSecond", "RequestsPerDay", "EntitiesPerDay", "RowsPerImport")
    assert [PARAMETERS[name]["Default"] for name in limits] == [2, 10_000, 25_000, 5_000]
