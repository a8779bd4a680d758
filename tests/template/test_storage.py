"""Tables and bucket: private, encrypted, kept when the stack goes, and emptied in time."""

from typing import Any

import pytest

from import_relay.storage import entries, outcome_counts, replays, watermarks
from tests.template.expanded import Expanded, text

TABLES = ["LedgerTable", "WatermarksTable"]
PREFIXES = {
    "athena/",
    "daily/",
    "erasures/receipts/",
    *("imports/", "items/", "outcomes/", "oversize/", "quarantine/", "rejected/", "reports/"),
    *("files/", "inbox/", "rows/"),
}
OF_A_PERSON = {"athena/", "erasures/receipts/"}
"""Written by `relay`, or by Athena, with the permissions of the person who runs them."""


def rules(template: Expanded) -> dict[str, dict[str, Any]]:
    """Prefix → lifecycle rule."""
    configured = template.properties("Bucket")["LifecycleConfiguration"]["Rules"]
    return {rule["Prefix"]: rule for rule in configured if "Prefix" in rule}


@pytest.mark.parametrize("name", [*TABLES, "Bucket"])
def test_what_holds_data_survives_the_stack_but_not_a_failed_first_deployment(
    template: Expanded, name: str
) -> None:
    resource = template.content["Resources"][name]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_nothing_else_survives_the_stack(template: Expanded) -> None:
    kept = {
        name
        for name, one in template.content["Resources"].items()
        if one.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert kept == {*TABLES, "Bucket"}


@pytest.mark.parametrize("table", TABLES)
def test_items_of_a_table_expire_and_are_paid_for_by_use(template: Expanded, table: str) -> None:
    properties = template.properties(table)
    assert properties["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_the_ledger_can_be_restored_to_any_second(template: Expanded) -> None:
    recovery = template.properties("LedgerTable")["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_open_imports_are_found_by_age(template: Expanded) -> None:
    (index,) = template.properties("LedgerTable")["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "open-imports"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["open", "created_at"]


def test_the_bucket_is_encrypted(template: Expanded) -> None:
    (rule,) = template.properties("Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_the_bucket_cannot_be_made_public(template: Expanded) -> None:
    assert template.properties("Bucket")["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }


def test_the_bucket_is_reached_over_tls_only(template: Expanded) -> None:
    (statement,) = template.properties("BucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Action"] == "s3:*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_folder_of_the_bucket_is_emptied_in_time(template: Expanded) -> None:
    assert rules(template).keys() == PREFIXES
    assert all(rule["Status"] == "Enabled" for rule in rules(template).values())


@pytest.mark.parametrize("prefix", ["daily/", "outcomes/", "rejected/", "reports/"])
def test_reports_are_kept_as_long_as_the_parameter_says(template: Expanded, prefix: str) -> None:
    assert rules(template)[prefix]["ExpirationInDays"] == {"Ref": "ReportRetentionDays"}


@pytest.mark.parametrize("prefix", ["imports/", "oversize/"])
def test_what_a_queued_record_points_to_outlives_it_in_both_queues(
    template: Expanded, prefix: str
) -> None:
    waiting_days = sum(
        template.properties(queue)["MessageRetentionPeriod"] // 86_400
        for queue in ("Queue", "DeadLetterQueue")
    )
    assert rules(template)[prefix]["ExpirationInDays"] > waiting_days


def test_what_a_replayed_item_needs_outlives_it_in_both_queues(template: Expanded) -> None:
    kept = rules(template)
    waiting_days = sum(
        template.properties(queue)["MessageRetentionPeriod"] // 86_400
        for queue in ("Queue", "DeadLetterQueue")
    )
    last_day = kept["items/"]["ExpirationInDays"] + waiting_days
    assert kept["items/"] | {"Prefix": "", "Id": ""} == kept["imports/"] | {"Prefix": "", "Id": ""}
    assert kept["oversize/"]["ExpirationInDays"] >= last_day
    assert (
        min(watermarks.WATERMARK_DAYS, outcome_counts.OUTCOME_DAYS, replays.REPLAY_DAYS) >= last_day
    )
    assert min(entries.ENTRY_DAYS, outcome_counts.COUNTS_DAYS) > watermarks.WATERMARK_DAYS


def test_no_function_writes_to_a_folder_without_a_rule(template: Expanded) -> None:
    written_to = {
        prefix
        for _, statement in template.statements()
        if "s3:PutObject" in text(statement["Action"])
        for prefix in PREFIXES
        if f"/{prefix}*" in text(statement["Resource"])
    }
    assert written_to == PREFIXES - OF_A_PERSON
