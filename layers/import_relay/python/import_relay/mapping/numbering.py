"""Numbering plans: which digits are a number of a country, and of which kind. Used by `phones`.

The data is that of libphonenumber (`phonenumbers`), compiled once per calling code: its own
functions compile and search the same patterns again for each number, which takes ten times as long.
A test compares the answers of both.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # late: a check of mappings reads no number
    from phonenumbers.phonemetadata import NumberFormat, PhoneMetadata, PhoneNumberDesc

MAX_DIGITS = 15
"""Digits of a number with its calling code (ITU-T E.164)."""
_MAX_CALLING_CODE = 3
"""Digits of the longest calling codes."""
_OTHER_TYPES = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)
_FORMER_PREFIXES = {"52": re.compile(r"(?:1|01|04[45])(?=[0-9]{10}$)")}
"""Calling code → what was dialled before its numbers until 2019 and is part of none: Mexico's 1."""
_ONLY_FIRST_GROUP = re.compile(r"\(?\\1\)?")
"""A formatting rule that adds no trunk prefix: the group as it is, or in brackets."""
_Match = Callable[[str], object]


class NumberKind(Enum):
    """What a number is, as far as its digits tell."""

    MOBILE = "mobile"
    EITHER = "either"
    """Countries such as the USA number mobiles and landlines alike."""
    LANDLINE = "landline"
    OTHER = "other"
    """Toll-free, premium rate, VoIP and the like."""

    def __init__(self, name: str) -> None:
        self.may_be_mobile = name in ("mobile", "either")
        """Whether a text message may arrive there."""


_MOBILE, _EITHER, _LANDLINE, _OTHER = (
    NumberKind.MOBILE,
    NumberKind.EITHER,
    NumberKind.LANDLINE,
    NumberKind.OTHER,
)
"""The same: Python 3.11 takes long to find a member of an Enum."""


class Country:
    """How people in one country dial: its trunk prefix, and which digits are a number there."""

    def __init__(self, region: str) -> None:
        metadata = _metadata(region)
        self.region = region
        self.calling_code = str(metadata.country_code)
        self._plan = _plan(self.calling_code)
        self._trunk = metadata.national_prefix or ""
        self._prefix = _Prefix(metadata)
        exit_code = metadata.international_prefix or ""
        self.has_own_exit_code = exit_code not in ("", "00")
        self._exit = re.compile(exit_code) if self.has_own_exit_code else None

    def national(self, digits: str) -> list[tuple[str, NumberKind]]:
        """Numbers in E.164 that the digits are when they are dialled within the country.

        Where the country has a trunk prefix, the digits need it, unless libphonenumber knows that
        people there write such numbers without it.
        """
        significant = self._prefix.removed(digits)
        as_it_is = self._checked(digits, is_complete=not self._trunk)
        if significant == digits:
            return as_it_is
        has_trunk = bool(self._trunk) and digits.startswith(self._trunk)
        return self._checked(significant, is_complete=has_trunk) + as_it_is

    def without_plus(self, digits: str) -> tuple[str, NumberKind] | None:
        """The number that the digits are when they begin with the country's calling code."""
        if not digits.startswith(self.calling_code):
            return None
        return self._plan.international(digits[len(self.calling_code) :])

    def dialled_abroad(self, digits: str) -> tuple[str, NumberKind] | None:
        """The number after the country's exit code, where that is not `00`."""
        match = self._exit.match(digits) if self._exit else None
        return international(digits[match.end() :]) if match else None

    def restored(self, digits: str) -> tuple[str, NumberKind] | None:
        """The mobile number that the digits are when a leading zero was lost."""
        if self._trunk != "0" or digits.startswith("0"):
            return None
        kind = self._plan.kind(digits)
        return (self._e164(digits), kind) if kind is _MOBILE else None

    def _checked(self, significant: str, *, is_complete: bool) -> list[tuple[str, NumberKind]]:
        kind = self._plan.kind(significant)
        if kind is None or (not is_complete and self._plan.needs_trunk(significant)):
            return []
        return [(self._e164(significant), kind)]

    def _e164(self, significant: str) -> str:
        return f"+{self.calling_code}{significant}"


@cache
def country(region: str) -> Country | None:
    """The country with this ISO 3166 code, or None when it has no phone numbers."""
    from phonenumbers import SUPPORTED_REGIONS

    return Country(region) if region in SUPPORTED_REGIONS else None


def international(digits: str) -> tuple[str, NumberKind] | None:
    """The valid number in E.164 that begins with its calling code, and its kind."""
    plan, length = _plan_of(digits[:_MAX_CALLING_CODE])
    return plan.international(digits[length:]) if plan is not None else None


class _Prefix:
    """What is dialled before a national number, and how to take it off."""

    def __init__(self, metadata: "PhoneMetadata") -> None:
        pattern = metadata.national_prefix_for_parsing
        former = _FORMER_PREFIXES.get(str(metadata.country_code))
        self._pattern = re.compile(pattern) if pattern else former
        self._only = pattern if pattern and pattern.isdecimal() else ""
        """The digits before a number, where nothing but these may be."""
        self._rule = metadata.national_prefix_transform_rule
        general = metadata.general_desc
        self._general = re.compile((general and general.national_number_pattern) or "")

    def removed(self, digits: str) -> str:
        """The digits without trunk prefix and carrier code; unchanged if those are not there.

        As libphonenumber does it: digits that are a number only with the prefix keep it.
        """
        if self._only:
            rest = digits.removeprefix(self._only)
        else:
            match = self._pattern.match(digits) if self._pattern else None
            if match is None or not match.end():
                return digits
            rest = digits[match.end() :]
            if self._rule and match.groups() and match.groups()[-1] is not None:
                rest = match.expand(self._rule) + rest
        if rest == digits:
            return digits
        is_number = self._general.fullmatch
        return digits if is_number(digits) and not is_number(rest) else rest


class _Plan:
    """The numbers behind one calling code, which several regions may share."""

    def __init__(self, calling_code: str) -> None:
        from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

        regions = COUNTRY_CODE_TO_REGION_CODE[int(calling_code)]
        metadata = [_metadata(region, calling_code) for region in regions]
        self._code = calling_code
        self._regions = [_Region(one, MAX_DIGITS - len(calling_code)) for one in metadata]
        self.kind = self._regions[0].kind if len(self._regions) == 1 else self._kind_in_any
        """The kind of a national number without trunk prefix; None if there is no such number."""
        self._prefix = _Prefix(metadata[0])
        self._formats = [_Format(one) for one in metadata[0].number_format]
        self._has_trunk = bool(metadata[0].national_prefix)

    def _kind_in_any(self, significant: str) -> NumberKind | None:
        for region in self._regions:
            if region.leading_digits:
                if region.leading_digits.match(significant):
                    return region.kind(significant)
            elif (kind := region.kind(significant)) is not None:
                return kind
        return None

    def international(self, digits: str) -> tuple[str, NumberKind] | None:
        """The number after the calling code: a trunk prefix that somebody left there goes."""
        significant = self._prefix.removed(digits)
        kind = self.kind(significant)
        if kind is None and significant != digits:
            significant, kind = digits, self.kind(digits)
        return None if kind is None else (f"+{self._code}{significant}", kind)

    def needs_trunk(self, significant: str) -> bool:
        """Whether people write the number with the trunk prefix."""
        for one in self._formats:
            if one.fits(significant):
                return one.needs_trunk
        return self._has_trunk


class _Patterns(NamedTuple):
    """What the numbers of one length look like; None where there are none of a kind."""

    every: _Match
    other: _Match | None
    fixed: _Match | None
    mobile: _Match | None


class _Region:
    """The patterns of one region's numbers, which have at most `max_digits`."""

    def __init__(self, metadata: "PhoneMetadata", max_digits: int) -> None:
        leading = metadata.leading_digits
        self.leading_digits = re.compile(leading) if leading else None
        self._alike = bool(metadata.same_mobile_and_fixed_line_pattern)
        others = [getattr(metadata, name) for name in _OTHER_TYPES]
        self._by_length: dict[int, _Patterns] = {}
        for length in metadata.general_desc.possible_length if metadata.general_desc else ():
            every = _of_length(length, [metadata.general_desc])
            if every is not None and length <= max_digits:
                self._by_length[length] = _Patterns(
                    every,
                    _of_length(length, others),
                    _of_length(length, [metadata.fixed_line]),
                    _of_length(length, [metadata.mobile]),
                )

    def kind(self, significant: str) -> NumberKind | None:
        patterns = self._by_length.get(len(significant))
        if patterns is None or not patterns.every(significant):
            return None
        if patterns.other and patterns.other(significant):
            return _OTHER
        is_mobile = patterns.mobile is not None and patterns.mobile(significant)
        if patterns.fixed and patterns.fixed(significant):
            return _EITHER if self._alike or is_mobile else _LANDLINE
        return _MOBILE if is_mobile else None


def _of_length(length: int, descriptions: Sequence["PhoneNumberDesc | None"]) -> _Match | None:
    """Matches the numbers of one length that any of the descriptions describes."""
    patterns = [
        f"(?:{one.national_number_pattern})"
        for one in descriptions
        if one is not None
        and one.national_number_pattern
        and (not one.possible_length or length in one.possible_length)
    ]
    return re.compile("|".join(patterns)).fullmatch if patterns else None


class _Format:
    """How some numbers of a country are written."""

    def __init__(self, form: "NumberFormat") -> None:
        leading = form.leading_digits_pattern
        self._leading = re.compile(leading[-1]) if leading else None
        self._pattern = re.compile(form.pattern or "")
        rule = form.national_prefix_formatting_rule
        self.needs_trunk = bool(
            rule
            and not form.national_prefix_optional_when_formatting
            and not _ONLY_FIRST_GROUP.fullmatch(rule)
        )

    def fits(self, significant: str) -> bool:
        return (not self._leading or bool(self._leading.match(significant))) and bool(
            self._pattern.fullmatch(significant)
        )


@cache
def _plan(calling_code: str) -> _Plan:
    return _Plan(calling_code)


@lru_cache(maxsize=1_024)
def _plan_of(digits: str) -> tuple[_Plan | None, int]:
    """The plan behind the calling code that a number begins with, and how long that code is."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    codes = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))
    starts = (digits[:length] for length in range(1, len(digits) + 1))
    code = next((one for one in starts if one in codes), None)
    return (None, 0) if code is None else (_plan(code), len(code))


def _metadata(region: str, calling_code: str = "") -> "PhoneMetadata":
    from phonenumbers.phonemetadata import PhoneMetadata

    if region == "001":  # satellite phones and the like belong to no country
        metadata = PhoneMetadata.metadata_for_nongeo_region(int(calling_code))
    else:
        metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        raise KeyError(region)
    return metadata
