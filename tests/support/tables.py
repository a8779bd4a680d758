"""The tables of template.yaml in DuckDB: what Athena reads in the bucket, over a folder.

Only types, columns and locations of the template are used, so that a table which does not fit its
files fails here as it would there.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

TYPES = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "array<string>": "VARCHAR[]",
    "array<bigint>": "BIGINT[]",
    "array<map<string,string>>": "MAP(VARCHAR, VARCHAR)[]",
}
"""Hive's types → DuckDB's."""
READ = (".ndjson", ".ndjson.gz")
"""No line of the other files in a folder is JSON: Athena leaves such lines out as well."""


def tables_over(folder: Path, resources: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    """A database with the tables and views of a template over the objects in a folder."""
    database = duckdb.connect()
    inputs = {
        name: one["Properties"]["TableInput"]
        for name, one in resources.items()
        if one["Type"] == "AWS::Glue::Table"
    }
    for table in inputs.values():
        if table["TableType"] == "EXTERNAL_TABLE":
            database.execute(_table(folder, table))
    for table in inputs.values():
        if table["TableType"] == "VIRTUAL_VIEW":
            database.execute(f"CREATE VIEW {table['Name']} AS {view_of(table)['originalSql']}")
    return database


def view_of(table: Mapping[str, Any]) -> dict[str, Any]:
    """What Athena keeps of a view: its SQL and its columns."""
    _, parts = table["ViewOriginalText"]["Fn::Join"]
    head, encoded, tail = parts
    assert (head, tail) == ("/* Presto View: ", " */")
    text, _names = encoded["Fn::Base64"]["Fn::Sub"]
    content: dict[str, Any] = json.loads(text)
    return content


def files_of(folder: Path, table: Mapping[str, Any]) -> list[Path]:
    """The files that a table reads, by the location of its partitions."""
    location = table["Parameters"]["storage.location.template"]["Fn::Sub"]
    pattern = re.sub(r"\$\{!\w+\}", "*", location.removeprefix("s3://${Bucket}/"))
    found = sorted(folder.glob(f"{pattern}**/*"))
    return [path for path in found if path.name.endswith(READ) and path.is_file()]


def _table(folder: Path, table: Mapping[str, Any]) -> str:
    keys = {one["Name"]: "VARCHAR" for one in table["PartitionKeys"]}
    columns = {one["Name"]: TYPES[one["Type"]] for one in table["StorageDescriptor"]["Columns"]}
    files = [str(path) for path in files_of(folder, table)]
    if not files:
        fields = ", ".join(f'"{name}" {type_}' for name, type_ in (columns | keys).items())
        return f"CREATE TABLE {table['Name']} ({fields})"
    return (  # names and paths are our own
        f"CREATE TABLE {table['Name']} AS SELECT * FROM read_json({files!r}, "  # noqa: S608
        f"format='newline_delimited', columns={columns!r}, ignore_errors=true, "
        f"hive_partitioning=true, hive_types={keys!r})"
    )
