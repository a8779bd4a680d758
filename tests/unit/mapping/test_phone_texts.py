"""Texts of a phone field hold one number, several or none; letters are never read as digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.mapping.phone_texts import Dialled, Several, numbers_in
from import_relay.mapping.phone_words import BETWEEN

MOBILE = Dialled("015112345678", has_plus=False)
ABROAD = Dialled("4915112345678", has_plus=True)


@pytest.mark.parametrize(
    "text",
    [
        "015112345678",
        "0151 12345678",
        "0151-12345678",
        "0151.123.456.78",
        "(0151) 12345678",
        "[0151] 12345678",
        " 0151\u00a0123\u202f456 78 ",
        "0151\u2010123\u2011456\u201378",
        "0151 123\u00ad456\u200b78",
        "\u202a0151 12345678\u202c",
        "\uff10\uff11\uff15\uff11\u3000\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "\u0660\u0661\u0665\u0661 \u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
        "'0151 12345678",
        '="015112345678"',
        "tel:0151-12345678",
        "Tel.: 0151 12345678",
        "TEL 0151 12345678",
        "WhatsApp: 0151 12345678",
        "privat 0151 12345678",
        "0151 12345678 (privat)",
        "0151 12345678 - geschäftlich",
        "Mobil (privat): 0151 12345678",
        "0151 12345678 (Handy, privat)",
        "0151 12345678 (privat/geschäftlich)",
        "Mobiel: 0151 12345678",
        "tel. kom. 0151 12345678",
        "h: 0151 12345678",
        "Phone no. 0151 12345678",
        "Tel. n. 0151 12345678",
        "no 0151 12345678",
        "N.: (0151) 12345678",
        "0151 12345678;",
        "0151 12345678 /",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert numbers_in(text) == (MOBILE,)


@pytest.mark.parametrize(
    "text",
    [
        "+4915112345678",
        "+49 151 12345678",
        "+ 49 151 12345678",
        "(+49) 151 12345678",
        "+(49) 151 12345678",
        "\uff0b49 151 12345678",
        "\ufe6249 151 12345678",
        "tel:+49-151-12345678",
        "whatsapp:+4915112345678",
        "M: +49 151 12345678",
        "4915112345678@c.us",
        "4915112345678@s.whatsapp.net",
        "4915112345678:12@s.whatsapp.net",
        "wa.me/4915112345678",
        "https://wa.me/4915112345678?text=Hello,%20world",
        "https://api.whatsapp.com/send?phone=4915112345678&text=0151",
        "https://api.whatsapp.com/send?text=0171&phone=%2B4915112345678",
        "https://web.whatsapp.com/send/?phone=%2b4915112345678&app_absent=0",
        "whatsapp://send?phone=4915112345678",
        "WhatsApp://send/?text=Hello&phone=%2B4915112345678",
        "tel:%2B4915112345678",
        "tel:+4915112345678;phone-context=example.com",
        "tel://+49(151)1234-5678;ext=12",
        "sms:+4915112345678?body=0171",
        "callto:+4915112345678",
        "skype:+4915112345678?call",
        "sip:+4915112345678@example.com",
    ],
)
def test_a_plus_in_front_is_seen(text: str) -> None:
    assert numbers_in(text) == (ABROAD,)


@pytest.mark.parametrize(
    "extension",
    [
        " App. 12",
        " app 12",
        " Apparat 12",
        " Durchwahl -12",
        " Durchw. 12",
        " DW 12",
        ", DW 12",
        "DW12",
        " Nst. 12",
        " NSt.12",
        " Nebenstelle 12",
        " Klappe 12",
        " ext. 12",
        " ext12",
        " extn 12",
        " extension 12",
        " (ext. 12)",
        " x12",
        "x12",
        " x 1234567",
        " #12",
        " poste 12",
        " доб. 12",
        " ramal 12",
        " anexo 12",
        " extensión 12",
        " toestel 12",
        " wew. 12",
        "-0",
        " - 0",
        "-0 (privat)",
        " - 0 Zentrale",
        ";ext=12",
        ";isub=12",
    ],
)
def test_an_extension_is_cut_off(extension: str) -> None:
    assert numbers_in(f"0431 12345{extension}") == (Dialled("043112345", has_plus=False),)


def test_a_direct_dial_after_a_hyphen_is_part_of_the_number() -> None:
    assert numbers_in("030 23125-12") == (Dialled("0302312512", has_plus=False),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "+",
        "?",
        "n/a",
        "k.A.",
        "0171 kein Handy",
        "0151 unbekannt",
        "nicht 0151 12345678",
        "Fax 0151 12345678",
        "0151 12345678 (Mutter)",
        "0151 12345678 (no)",
        "0151 12345678 no",
        "0151 12345678 (no WhatsApp)",
        "WhatsApp (no) 0151 12345678",
        "no WhatsApp: 0151 12345678",
        "0151 12345678 n",
        "0151 XXX",
        "0151 1234567x",
        "0800 FLOWERS",
        "1-800-CALL-NOW",
        "(0xx11) 2345-6789",
        "0151 privat 12345678",
        "4915112345678@lid",
        "4915112345678-1600000000@g.us",
        "4915112345678@example.com",
        "0431 12345 (12)",
        "0431 12345 (9-17)",
        "0431 12345 (2. Handy)",
        "0431 12345 24h",
        "tel:015112345678;phone-context=+49",
        "sip:12@example.com",
        "whatsapp://send?text=4915112345678",
        "0151 1234*****",
        "0151 12345678?",
        "++49 151 12345678",
        "49+151 12345678",
        "+4915112345678+4917112345678",
        "tel:12;phone-context=example.com",
        "4915112345678.0",
        "4915112345678,00",
        "+4915112345678.0",
        "0151 12345678.0",
        "0431/12345,00",
        "4.915112345678E12",
        "4,91511E+12",
        "0151 1234567²",
        "0151 1234567①",
        "0151\x0012345678",
        "1" * 21,
        "1" * 10_000,
        "0 " * 10_000,
    ],
)
def test_a_text_that_may_mean_something_else_is_no_number(text: str) -> None:
    assert None in numbers_in(text)


WORDS_BETWEEN = (
    " oder ",
    " und ",
    " or ",
    " ou ",
    " et ",
    " o ",
    " y ",
    " e ",
    " of ",
    " en ",
    " lub ",
)


@pytest.mark.parametrize("separator", ["; ", "\n", "\r\n", " | ", " & ", " bzw. ", *WORDS_BETWEEN])
def test_separators_make_several_numbers_in_their_order(separator: str) -> None:
    assert numbers_in(f"0151 12345678{separator}+49 151 12345678") == (MOBILE, ABROAD)


@pytest.mark.parametrize("separator", ["/", " / ", ",", ", "])
def test_a_slash_or_a_comma_may_separate_numbers_or_groups(separator: str) -> None:
    assert numbers_in(f"0151{separator}12345678") == (
        Several((Dialled("0151", has_plus=False), Dialled("12345678", has_plus=False)), MOBILE),
    )


def test_commas_separate_numbers_whose_groups_stand_between_slashes() -> None:
    one = Several((Dialled("0151", has_plus=False), Dialled("12345678", has_plus=False)), MOBILE)

    assert numbers_in("0151/12345678, 0151/12345678") == (one, one)


def test_a_bracketed_zero_may_be_left_out() -> None:
    (found,) = numbers_in("+49 (0) 151 12345678")

    assert isinstance(found, Dialled)
    assert found.spellings == ("49015112345678", "4915112345678")


@pytest.mark.parametrize(
    "text",
    [
        "030 231250 68-70",
        "030 231250 68 \u2013 70",
        "Tel.: 030 231250 68-70",
        "+49 30 231250 68-70",
    ],
)
def test_a_range_may_be_several_numbers_or_one(text: str) -> None:
    start = "4930" if "+" in text else "030"

    assert numbers_in(text) == (
        Several(
            (Dialled(f"{start}23125068", has_plus="+" in text), None),
            Dialled(f"{start}2312506870", has_plus="+" in text),
        ),
    )


@pytest.mark.parametrize(
    "text",
    ["030 231250-68", "030 23 12 50-70", "030 23 12 50-49", "030 231250 6-70", "030 1234-56-58"],
)
def test_a_hyphen_without_a_range_is_part_of_the_number(text: str) -> None:
    (one,) = numbers_in(text)

    assert isinstance(one, Dialled)


@pytest.mark.parametrize(
    "text", ["0431 12345 2. Handy", "0431 12345 2 mobil", "0431 12345 2.", "0431 12345 2) privat"]
)
def test_a_digit_that_stands_apart_may_not_belong_to_the_number(text: str) -> None:
    (found,) = numbers_in(text)

    assert isinstance(found, Dialled)
    assert found.spellings == ("0431123452", "043112345")


def test_a_text_with_two_doubtful_digits_is_no_number() -> None:
    assert numbers_in("+49 (0) 431 12345 2. Handy") == (None,)


@pytest.mark.parametrize("text", ["0151 123 456 78", "0151 123 456 78 privat", "M: 0151 1234567 8"])
def test_the_last_group_of_a_number_is_part_of_it(text: str) -> None:
    assert numbers_in(text) == (MOBILE,)


def test_a_bracketed_zero_in_front_is_a_digit() -> None:
    assert numbers_in("(0)151 12345678") == (MOBILE,)


@given(st.text(alphabet=st.sampled_from("0123456789+()-./,;xX Tel#&\n\u200e\u0663"), max_size=40))
def test_digits_are_those_of_the_text_in_its_order(text: str) -> None:
    given_digits = "".join(str(int(one)) for one in text if one.isdecimal())
    for found in numbers_in(text):
        joined = found.joined if isinstance(found, Several) else found
        if joined is not None:
            assert joined.digits in given_digits


@given(st.text())
def test_no_text_raises_an_error(text: str) -> None:
    assert numbers_in(text)


@pytest.mark.parametrize("word", sorted(BETWEEN))
@pytest.mark.parametrize(
    "numbers", [("0151 12345678", "+49 170-1234567"), ("0" * 21, "01"), ("1-0", "1 - 2")]
)
def test_a_word_between_two_numbers_separates_them_in_any_case_and_spacing(
    word: str, numbers: tuple[str, str]
) -> None:
    usual, unusual = (between.join(numbers) for between in (f" {word} ", f"\t{word.upper()}\t"))

    assert numbers_in(usual) == numbers_in(unusual)
    assert len(numbers_in(usual)) == 2
