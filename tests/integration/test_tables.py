"""Athena's tables and named queries, run by DuckDB over the mirror of a bucket.

Both run the same SQL. Only Athena projects partitions: they are compared with the bucket's keys.
"""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import time_machine

from import_relay.domain.models import MATEO_TYPES
from local.stack.reports import Mirror
from tests.support import aws as resources
from tests.support.builders import NOON
from tests.support.daily import a_day, environment_in, run
from tests.support.following import relay_with_imports
from tests.support.tables import files_of, tables_over, view_of
from tests.template.expanded import source

RESOURCES: dict[str, Any] = source()["Resources"]
TABLES = {
    one["Properties"]["TableInput"]["Name"]: one["Properties"]["TableInput"]
    for one in RESOURCES.values()
    if one["Type"] == "AWS::Glue::Table"
}
QUERIES = {
    name: one["Properties"]["QueryString"]
    for name, one in RESOURCES.items()
    if one["Type"] == "AWS::Athena::NamedQuery"
}
OF_SOME = {"notes", "erased", "replay"}
"""Members that a line has only if they are not empty."""
HIVE_TYPES = {
    "varchar": "string",
    "array(varchar)": "array<string>",
    "array(bigint)": "array<bigint>",
    "array(map(varchar, varchar))": "array<map<string,string>>",
}
"""Athena's types → Hive's, where they differ."""


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day with an imported, a failed, a rejected and a superseded record, mirrored."""
    folder = tmp_path_factory.mktemp("mirror")
    with pytest.MonkeyPatch.context() as patch, resources.relay_resources() as aws:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        with environment_in(tmp_path_factory.mktemp("settings"), patch):
            with time_machine.travel(NOON, tick=False):
                a_day(*relay_with_imports(aws))
            run()
        Mirror(aws.s3, resources.BUCKET, folder).copy()
    return folder


@pytest.fixture(scope="module")
def database(mirror: Path) -> duckdb.DuckDBPyConnection:
    """The tables and views over that day."""
    return tables_over(mirror, RESOURCES)


def objects_in(file: Path) -> list[dict[str, Any]]:
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def is_of(table: str, line: dict[str, Any]) -> bool:
    """A folder of reports has other files as well, which the view leaves out."""
    return table != "all_report_lines" or "item_ids" in line


def rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = database.execute(sql)
    names = [one[0] for one in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_the_view_of_reports_has_the_rows_alone(database: duckdb.DuckDBPyConnection) -> None:
    lines = rows(database, "SELECT * FROM all_report_lines")
    reports = rows(database, "SELECT * FROM reports")

    assert len(reports) == 3 < len(lines)
    assert {one["external_id"]: one["outcome"] for one in reports} == {
        "1": "imported",
        "2": "imported",
        "9": "failed",
    }
    assert {one["type"] for one in reports} == {"contact_details"}
    assert {one["date"] for one in reports} == {"2026-11-21"}


def test_rejected_and_superseded_records_name_the_record_and_the_reason(
    database: duckdb.DuckDBPyConnection,
) -> None:
    (rejected,) = rows(database, "SELECT * FROM rejected")
    (superseded,) = rows(database, "SELECT * FROM outcomes")

    assert (rejected["code"], rejected["connection"]) == ("row.no_identifier", "erp")
    assert "Nobody" in rejected["item"]
    assert (superseded["outcome"], superseded["external_id"]) == ("superseded", "1")


@pytest.mark.parametrize("name", sorted(TABLES.keys() - {"reports"}))
def test_the_relay_writes_every_column_of_a_table_where_the_table_looks(
    mirror: Path, name: str
) -> None:
    """A column that nothing writes and a folder without files read as empty, without an error."""
    table = TABLES[name]
    columns = {one["Name"] for one in table["StorageDescriptor"]["Columns"]}
    partitions = {one["Name"] for one in table["PartitionKeys"]}
    lines = [line for file in files_of(mirror, table) for line in objects_in(file)]
    written = {key for line in lines if is_of(name, line) for key in line}
    assert columns - OF_SOME == written - partitions - OF_SOME


EXPECTED: dict[str, list[dict[str, Any]]] = {
    "RecordQuery": [],
    "OutcomesQuery": [
        {"what": "received", "records": 5},
        {"what": "imported", "records": 2},
        {"what": "failed", "records": 1},
        {"what": "rejected", "records": 1},
        {"what": "superseded", "records": 1},
    ],
    "HoursQuery": [{"hour": 12, "received": 5, "imported": 2, "bad": 2}],
    "RejectedQuery": [{"connection": "erp", "code": "row.no_identifier", "records": 1}],
    "LeftOutQuery": [{"connection": "erp", "field": "email", "code": "value.bad_email"}],
    "FailedQuery": [{"external_id": "9", "outcome": "failed"}],
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_named_query_answers(database: duckdb.DuckDBPyConnection, name: str) -> None:
    answer = rows(database, QUERIES[name])

    shown = [{key: row[key] for key in EXPECTED[name][0]} for row in answer] if answer else []
    assert sorted(shown, key=str) == sorted(EXPECTED[name], key=str)


def test_the_query_for_a_record_finds_it_wherever_it_is(
    database: duckdb.DuckDBPyConnection,
) -> None:
    found = rows(database, QUERIES["RecordQuery"].replace("4711", "1"))

    assert [(one["place"], one["outcome"]) for one in found] == [
        ("outcomes", "superseded"),
        ("import", "imported"),
    ]


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_names_days_so_that_it_does_not_read_years(name: str) -> None:
    assert re.search(r"""WHERE .*"date" BETWEEN '\d{4}-\d\d-\d\d' AND""", QUERIES[name])


@pytest.mark.parametrize("name", sorted(TABLES.keys() - {"reports"}))
def test_partitions_are_projected_onto_the_keys_of_the_bucket(name: str) -> None:
    table = TABLES[name]
    parameters = table["Parameters"]
    template = parameters["storage.location.template"]["Fn::Sub"]
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.date.type"] == "date"
    assert parameters["projection.date.range"]["Fn::Sub"].startswith("NOW-${ReportRetentionDays}")
    for key in table["PartitionKeys"]:
        assert f"{key['Name']}=${{!{key['Name']}}}/" in template
        assert f"projection.{key['Name']}.type" in parameters
    assert template.startswith(table["StorageDescriptor"]["Location"]["Fn::Sub"])
    names = [
        one["Name"] for one in (*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"])
    ]
    assert len(names) == len(set(names))


def test_every_type_of_import_has_its_partition() -> None:
    values = TABLES["all_report_lines"]["Parameters"]["projection.type.values"]
    assert set(values.split(",")) == set(MATEO_TYPES.values())


def test_a_view_says_the_same_to_athena_and_to_glue() -> None:
    view = TABLES["reports"]
    columns = {one["Name"]: one["Type"] for one in view["StorageDescriptor"]["Columns"]}
    told = {
        one["name"]: HIVE_TYPES.get(one["type"], one["type"]) for one in view_of(view)["columns"]
    }

    assert told == columns
    selected = re.findall(r'[\w"]+', view_of(view)["originalSql"].partition(" FROM ")[0])[1:]
    assert [one.strip('"') for one in selected] == list(columns)


def test_everything_for_athena_follows_its_parameter() -> None:
    made = [
        one
        for one in RESOURCES.values()
        if one["Type"].startswith(("AWS::Glue::", "AWS::Athena::"))
    ]
    assert len(made) > 10
    assert {one.get("Condition") for one in made} == {"HasAthenaTables"}
