"""Which number a text means: it is sent if there is one reading, and a guess if there are more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.domain.connections import AmbiguousPhones
from import_relay.mapping.phones import Home, PhoneRules, PhoneStatus, choose

DACH = ("DE", "AT", "CH")


def read(
    text: str,
    countries: tuple[str, ...] = ("DE",),
    own: tuple[str, ...] = (),
    *,
    ambiguous: AmbiguousPhones = "leave_out",
    restore: bool = False,
    is_known: bool = True,
) -> tuple[str | None, PhoneStatus]:
    """The number, and what became of the last one that was looked at."""
    rules = PhoneRules(countries, ambiguous, restore_leading_zero=restore)
    number, results = choose([text], rules, Home(own, is_known=is_known))
    return number, results[-1].status


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+493813901", "+493813901"),  # stands in Mateo's own documentation
        ("+49 151 12345678", "+4915112345678"),
        ("+49 0151 12345678", "+4915112345678"),
        ("+49 (0)151 12345678", "+4915112345678"),
        ("+49-(0)151 12345678", "+4915112345678"),
        ("0049 151 12345678", "+4915112345678"),
        ("0049 (0) 151 12345678", "+4915112345678"),
        ("0043/664/1234567", "+436641234567"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("+39 06 12345678", "+390612345678"),
        ("+39 (0)6 12345678", "+390612345678"),
        ("+1 201 555 0123", "+12015550123"),
        ("tel:+1-201-555-0123;ext=12", "+12015550123"),
        ("+52 1 55 1234 5678", "+525512345678"),
        ("+54 9 11 1234 5678", "+5491112345678"),
        ("+54 11 15 1234 5678", "+5491112345678"),
        ("+49 30 231250 App. 12", "+4930231250"),
        ("+49 151 12345678 und +49 171 1234567", "+4915112345678"),
    ],
)
@pytest.mark.parametrize(
    ("countries", "own"), [((), ()), (("DE",), ()), (DACH, ("AT",)), (("US",), ("BR",))]
)
def test_an_international_number_is_sent_whatever_the_countries(
    text: str, number: str, countries: tuple[str, ...], own: tuple[str, ...]
) -> None:
    assert read(text, countries, own) == (number, PhoneStatus.INTERNATIONAL)


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("0151 12345678", "DE", "+4915112345678"),
        ("(030) 23125-001", "DE", "+493023125001"),
        ("0431 12345 (privat)", "DE", "+4943112345"),
        ("030 231250 Nst. 12", "DE", "+4930231250"),
        ("0431/12345", "DE", "+4943112345"),
        ("0171 1234567 / 0431 12345", "DE", "+491711234567"),
        ("4915112345678", "DE", "+4915112345678"),
        (" 49 151 12345678", "DE", "+4915112345678"),
        ("49 (0)151 12345678", "DE", "+4915112345678"),
        ("0664 1234503", "AT", "+436641234503"),
        ("079 123 45 04", "CH", "+41791234504"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("612 345 678", "ES", "+34612345678"),
        ("06 12345678", "IT", "+390612345678"),
        ("347 1234567", "IT", "+393471234567"),
        ("512 345 678", "PL", "+48512345678"),
        ("(512) 555-0123", "US", "+15125550123"),
        ("1 512 555 0123", "US", "+15125550123"),
        ("512 555 0123 x12", "US", "+15125550123"),
        ("416 555 0123", "US", "+14165550123"),
        ("98765 43210", "IN", "+919876543210"),
        ("098765 43210", "IN", "+919876543210"),
        ("919876543210", "IN", "+919876543210"),
        ("11 98765 4321", "BR", "+5511987654321"),
        ("0 11 98765 4321", "BR", "+5511987654321"),
        ("0 15 11 98765 4321", "BR", "+5511987654321"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("011 15 1234 5678", "AR", "+5491112345678"),
        ("8 912 345 67 89", "RU", "+79123456789"),
        ("912 345 67 89", "RU", "+79123456789"),
    ],
)
def test_a_national_number_is_completed_by_the_one_country(
    text: str, country: str, number: str
) -> None:
    assert read(text, (country,)) == (number, PhoneStatus.COMPLETED)
    assert read(text, (), (country,)) == (number, PhoneStatus.COMPLETED)
    assert read(text, ()) == (None, PhoneStatus.UNUSABLE)


@pytest.mark.parametrize(
    ("text", "country"),
    [("011 49 151 12345678", "US"), ("0011 49 151 12345678", "AU"), ("010 49 151 12345678", "JP")],
)
def test_the_exit_code_of_a_given_country_is_a_plus(text: str, country: str) -> None:
    assert read(text, (country,)) == ("+4915112345678", PhoneStatus.INTERNATIONAL)
    assert read(text, ("PL",))[0] is None


@pytest.mark.parametrize(
    "text",
    [
        "151 12345678",  # without the trunk prefix
        "0431 12345 / 54321",
        "0431 1234,12",
        "0171 1234567; 12345",
        "0171 kein Handy",
        "0151 unbekannt",
        "+0151 12345678",
        "+18494383",  # stands in Mateo's documentation and does not exist
        "+999123456789",
        "004",
        "491511234567.0",
        "12",
        "123456",
        "0" * 400,
        "04311234567890123",  # more than 15 digits
        "030 231250 68-70",
        "0171 1234567, 030 231250 68-70",
    ],
)
def test_a_text_that_is_no_number_is_not_sent(text: str) -> None:
    assert read(text) == (None, PhoneStatus.UNUSABLE)


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("06641 234503", DACH),  # a German landline, or an Austrian mobile
        ("0664 1234503", DACH),
        ("079 123 45 04", DACH),
        ("0151 12345678", DACH),  # with these three together every German mobile
        ("4315330123", ("AT", "US")),
        ("3901036345", ("IT",)),  # 39 is the country's code, or the beginning of a mobile number
    ],
)
def test_several_readings_are_ambiguous_and_left_out(text: str, countries: tuple[str, ...]) -> None:
    assert read(text, countries) == (None, PhoneStatus.AMBIGUOUS)


def test_an_ambiguous_number_names_its_readings() -> None:
    _, (result,) = choose(["0664 1234503"], PhoneRules(DACH), Home())

    assert [(one.number, one.country) for one in result.readings] == [
        ("+496641234503", "DE"),
        ("+436641234503", "AT"),
    ]


@pytest.mark.parametrize(
    ("text", "own", "number"),
    [
        ("0664 1234503", "AT", "+436641234503"),
        ("079 123 45 04", "CH", "+41791234504"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("4915112345678", "AT", "+4915112345678"),
    ],
)
def test_the_records_own_country_decides(text: str, own: str, number: str) -> None:
    assert read(text, DACH, (own,)) == (number, PhoneStatus.COMPLETED)


def test_the_own_country_does_not_decide_against_a_mobile_elsewhere() -> None:
    assert read("0171 1234567", ("DE",), ("AT",)) == (None, PhoneStatus.AMBIGUOUS)
    assert read("0171 1234567", (), ("AT",)) == ("+431711234567", PhoneStatus.COMPLETED)


def test_the_list_completes_no_number_of_a_record_with_another_country() -> None:
    assert read("06 1234567", ("DE",), ("NL",)) == (None, PhoneStatus.UNUSABLE)
    assert read("06 1234567", ("DE",)) == ("+4961234567", PhoneStatus.COMPLETED)


def test_a_record_may_have_several_countries_of_its_own() -> None:
    assert read("0664 1234503", ("IT",), ("AT", "CH")) == ("+436641234503", PhoneStatus.COMPLETED)
    assert read("0664 1234503", ("IT",), ("AT", "DE")) == (None, PhoneStatus.AMBIGUOUS)


def test_only_mobiles_are_sent_of_a_record_whose_country_is_not_known() -> None:
    assert read("0151 12345678", is_known=False) == ("+4915112345678", PhoneStatus.COMPLETED)
    assert read("0664 1234503", is_known=False) == (None, PhoneStatus.AMBIGUOUS)
    assert read("+43 664 1234503", is_known=False) == ("+436641234503", PhoneStatus.INTERNATIONAL)


def test_a_connection_may_prefer_mobiles() -> None:
    prefer: AmbiguousPhones = "prefer_mobile"

    assert read("0664 1234503", DACH, ambiguous=prefer) == ("+436641234503", PhoneStatus.COMPLETED)
    assert read("0732 65550", DACH, ambiguous=prefer) == (None, PhoneStatus.AMBIGUOUS)
    assert read("2125550123", ("US", "IN"), ambiguous=prefer)[0] == "+12125550123"


def test_a_connection_may_take_the_first_country() -> None:
    first: AmbiguousPhones = "first_country"

    assert read("0664 1234503", DACH, ambiguous=first) == ("+496641234503", PhoneStatus.COMPLETED)
    assert read("0664 1234503", DACH[::-1], ambiguous=first)[0] == "+436641234503"
    assert read("3901036345", ("IT",), ambiguous=first) == (None, PhoneStatus.AMBIGUOUS)


def test_a_lost_leading_zero_is_restored_on_request() -> None:
    assert read("15112345678") == (None, PhoneStatus.UNUSABLE)
    assert read("15112345678", restore=True) == ("+4915112345678", PhoneStatus.COMPLETED)
    assert read("431 12345", restore=True) == (None, PhoneStatus.UNUSABLE)  # no mobile
    assert read("15125550123", ("DE", "US"), restore=True) == (None, PhoneStatus.AMBIGUOUS)
    assert read("791234504", ("CH", "GB"), restore=True)[0] == "+41791234504"


def test_the_first_certain_number_of_a_list_is_chosen_and_all_up_to_it_have_a_status() -> None:
    texts = ["call me", "0664 1234503", "+4915112345678", "+493023125001"]

    number, results = choose(texts, PhoneRules(DACH), Home())

    assert number == "+4915112345678"
    assert [result.status for result in results] == [
        PhoneStatus.UNUSABLE,
        PhoneStatus.AMBIGUOUS,
        PhoneStatus.INTERNATIONAL,
    ]


def test_unknown_countries_complete_nothing() -> None:
    assert read("0151 12345678", ("XX",), ("ZZ",)) == (None, PhoneStatus.UNUSABLE)


@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8"))),
    st.lists(st.sampled_from(["DE", "AT", "US", "BR", "AR", "XX"]), max_size=3).map(tuple),
    st.sampled_from(["leave_out", "prefer_mobile", "first_country"]),
    st.booleans(),
)
def test_no_text_raises_an_error(
    texts: list[str], countries: tuple[str, ...], ambiguous: AmbiguousPhones, restore: bool
) -> None:
    rules = PhoneRules(countries, ambiguous, restore_leading_zero=restore)
    number, _ = choose(texts, rules, Home(countries[:1]))

    assert number is None or (number.startswith("+") and number[1:].isdecimal())
    assert number is None or len(number) <= len("+") + 15
