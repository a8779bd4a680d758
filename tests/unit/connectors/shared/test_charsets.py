"""The text of a body, whether or not its sender declared the encoding."""

from contextlib import suppress

import pytest

from import_relay.connectors.shared.json_text import body_text
from import_relay.domain.errors import UnreadableDelivery
from tests.support.webhooks import request


@pytest.mark.parametrize(
    "body", [b"\xff", b'"\xed\xa0\x80"', '{"a":"ä"}'.encode("latin-1"), b"\xc0\x80"]
)
def test_a_body_that_is_not_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        body_text(request(body))
    assert caught.value.code == "delivery.not_utf8"


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/json; charset=windows-1252", "cp1252"),
        ('application/json;charset="Windows-1252"', "cp1252"),
        ("application/json; charset=cp1252", "cp1252"),
        ("application/json; charset=ISO-8859-1", "cp1252"),
        ("application/json; charset=latin1", "cp1252"),
        ("text/xml; charset=iso-8859-15", "iso8859-15"),
        ("application/json; charset=windows-1250", "cp1250"),
        ("application/json; charset=iso_8859-1", "cp1252"),
        ("application/json; charset=ISO8859_1", "cp1252"),
        ("application/json; charset=us-ascii", "cp1252"),
        ("application/json; charset='x-cp1252'", "cp1252"),
        ("application/json; charset=windows1252", "cp1252"),
        ("application/json; charset=latin-9", "iso8859-15"),
        ("application/json; charset=l2", "iso8859-2"),
        ("application/json; charset=cp850", "cp850"),
        ("application/json; charset=macintosh", "mac-roman"),
        ("application/json", "utf-16"),
        ("application/json", "utf-16-le"),
        ("application/json", "utf-16-be"),
        ("application/json; charset=utf-16le", "utf-16-le"),
        ("application/json; charset=windows-1252", "utf-16-be"),
        ("application/json; charset=utf-16", "utf-16"),
        ("", "utf-8-sig"),
        ("application/json; charset=utf-8", "utf-8"),
        # many senders declare another encoding than they use
        ("application/json; charset=ISO-8859-1", "utf-8"),
    ],
)
def test_a_declared_encoding_is_read(content_type: str, encoding: str) -> None:
    text = '{"name":"J\u00f6rg M\u00fcller"}'
    assert body_text(request(text.encode(encoding), {"content-type": content_type})) == text


@pytest.mark.parametrize(
    ("content_type", "prolog", "encoding"),
    [
        ("text/xml", '<?xml version="1.0" encoding="ISO-8859-1"?>', "cp1252"),
        ("", "<?xml version='1.0' encoding = 'windows-1250' standalone='yes'?>", "cp1250"),
        ("text/xml; charset=iso-8859-15", '<?xml version="1.0" encoding="x"?>', "iso8859-15"),
        ("text/xml", '<?xml version="1.0" encoding="ISO-8859-1"?>', "utf-8"),
    ],
)
def test_an_encoding_that_xml_declares_is_read(
    content_type: str, prolog: str, encoding: str
) -> None:
    text = f"{prolog}<a>J\u00f6rg</a>"
    assert body_text(request(text.encode(encoding), {"content-type": content_type})) == text


def test_a_dash_of_windows_is_read_where_latin_1_is_declared() -> None:
    given = request(b'"\x96 \x80"', {"content-type": "text/plain; charset=iso-8859-1"})
    assert body_text(given) == '"\u2013 \u20ac"'


@pytest.mark.parametrize(
    "charset",
    [
        "zlib",
        "utf-7",
        "unicode_escape",
        "idna",
        "iso-8859-12",
        "iso-8859-99",
        "latin11",
        "x" * 500,
        "",
    ],
)
def test_an_unknown_encoding_is_refused(charset: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        body_text(request(b"\xff", {"content-type": f"application/json; charset={charset}"}))
    assert caught.value.code == "delivery.not_utf8"


@pytest.mark.parametrize("family", ["iso-8859-", "iso8859", "windows-", "cp", "ibm", "latin", "l"])
def test_each_name_of_an_encoding_is_known_or_refused(family: str) -> None:
    """A name that only seems to be known would raise another error."""
    for number in (*range(20), *range(430, 440), *range(850, 870), *range(1_245, 1_262)):
        given = request(b"\xff", {"content-type": f"text/plain; charset={family}{number}"})
        with suppress(UnreadableDelivery):
            assert len(body_text(given)) == 1


LOST = "\ufffd"


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (f'{{"name": "J{LOST}rg"}}', "windows-1252"),
        (f'{{"name": "J{LOST}rg"}}', "iso-8859-1"),
        (f"{LOST}{LOST}{{\0}}\0", "utf-16"),
        (f"{LOST}{LOST}{{\0}}\0", ""),
        (f"{{\0{LOST}\0}}\0", "utf-16le"),
    ],
)
def test_a_text_that_was_broken_on_the_way_is_refused(text: str, charset: str) -> None:
    """API Gateway may hand a body over as UTF-8 that is none, with U+FFFD for what it lost."""
    content_type = f"application/json; charset={charset}" if charset else "application/json"
    with pytest.raises(UnreadableDelivery) as caught:
        body_text(request(text.encode(), {"content-type": content_type}))
    assert caught.value.code == "delivery.not_utf8"


def test_a_replacement_character_of_the_sender_itself_is_text() -> None:
    text = f'{{"name": "J{LOST}rg"}}'
    assert body_text(request(text.encode(), {"content-type": "application/json"})) == text


@pytest.mark.parametrize("body", [b"\xff\xfea", b"\xfe\xff\xd8\x00"])
def test_half_a_character_of_utf_16_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        body_text(request(body))
    assert caught.value.code == "delivery.not_utf8"
