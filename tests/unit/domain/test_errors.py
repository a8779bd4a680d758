"""The tree of errors: stable codes, each in use and explained, and no text with data in it."""

import re
from pathlib import Path

import pytest

import import_relay
from import_relay.domain import errors
from import_relay.domain.codes import CODES
from import_relay.domain.errors import RejectedRow, RelayError
from import_relay.domain.notes import Note, RejectedRecord

PACKAGE = Path(import_relay.__file__).parent
CODE = re.compile(r'"((?:[a-z]+)\.[a-z0-9_]+)"')
GROUPS = (errors.Reject, errors.Retry, errors.Wait, errors.Abort)
PERSONAL = "ada@example.com"

RAISED: list[RelayError] = [
    errors.SignatureError("signature.missing"),
    errors.UnknownConnection(),
    errors.DeliveryTooLarge(),
    errors.UnreadableDelivery("delivery.not_json"),
    RejectedRow("row.bad_value", field="email", value=PERSONAL),
    RejectedRecord("row.no_identifier", [Note("value.bad_email", "email", PERSONAL)]),
    errors.StoreUnavailable("S3"),
    errors.LimitReached("limit.entities", resets_at=1.0),
    errors.PermitTooFar(),
    errors.LeaseHeld(),
    errors.ReplayTaken("20261121T100000-a1b2c3"),
    errors.RecordsNotFetched("fetcher.unavailable", "status 503"),
    errors.ConfigurationError("QUEUE_URL is missing"),
    errors.ConnectionDisabled("key 'kind': must be one of json, zoho"),
    errors.CredentialsRefused(),
]


def subclasses(cls: type[RelayError]) -> set[type[RelayError]]:
    return {cls}.union(*(subclasses(child) for child in cls.__subclasses__()))


def sources() -> dict[str, str]:
    """The text of every module of the package, by its path."""
    return {
        str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
    }


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_used_somewhere(code: str) -> None:
    assert any(f'"{code}"' in text for text in sources().values())


def test_every_code_that_an_error_is_made_with_is_explained() -> None:
    families = {code.partition(".")[0] for code in CODES} - {"import", "mateo"}
    used = {code for text in sources().values() for code in CODE.findall(text)}

    files = {"failures.csv", "failures.raw", "failures.xlsx"}
    events = {"file.noticed", "file.read", "file.refused", "file.failed", "file.finished"}
    events |= {"replay.failed", "replay.fed"}
    of_families = {one for one in used if one.partition(".")[0] in families}
    assert of_families - files - events <= CODES.keys()


@pytest.mark.parametrize("code", CODES)
def test_every_code_says_in_sentences_what_it_means_and_what_to_do(code: str) -> None:
    explanation = CODES[code]

    for sentence in (explanation.what, explanation.what_to_do):
        assert sentence.endswith(".")
        assert sentence[0].isupper()


def test_an_error_of_an_unknown_code_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        RelayError("row.never_heard_of")


def test_the_codes_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CODES["row.bad_value"] = CODES["row.too_large"]  # type: ignore[index]


def test_every_error_of_the_tree_is_tried_here_and_belongs_to_one_group() -> None:
    concrete = {cls for group in GROUPS for cls in subclasses(group)} - set(GROUPS)

    assert {type(error) for error in RAISED} == concrete
    assert subclasses(RelayError) == concrete | {*GROUPS, RelayError}
    assert all(sum(issubclass(cls, group) for group in GROUPS) == 1 for cls in concrete)


def test_the_drawing_of_the_tree_shows_every_error() -> None:
    drawing = errors.__doc__ or ""

    assert all(re.search(rf"─ {type(error).__name__}\b", drawing) for error in RAISED)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_the_text_of_an_error_has_its_code_and_what_to_do_and_no_data(error: RelayError) -> None:
    text = f"{error} {error!r} {error.args}"

    assert text.startswith(f"{error.code}: ")
    assert CODES[error.code].what_to_do in text
    assert PERSONAL not in text


def test_a_rejected_row_keeps_the_value_for_the_report_alone() -> None:
    error = RejectedRow("row.bad_value", field="email", value=PERSONAL)

    assert (error.field, error.value) == ("email", PERSONAL)


def test_a_detail_replaces_the_general_sentence() -> None:
    assert "71 bytes" in str(RejectedRow("row.too_large", detail="71 bytes"))
    assert CODES["row.too_large"].what not in str(RejectedRow("row.too_large", detail="71 bytes"))


def test_a_limit_says_when_it_resets() -> None:
    assert errors.LimitReached("limit.requests", resets_at=7.0).resets_at == 7.0
