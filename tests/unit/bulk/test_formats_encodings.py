"""The encoding of a file is found, or the file is refused: no letter becomes another one."""

import codecs
import gzip

import pytest

from import_relay.bulk.formats import texts
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.bulk.formats.rows import encoding_of
from tests.unit.bulk.file_rows import opener, records_of, rows_of

NAMES = {
    "ö": ["Jörg Köhler", "Björn Höhn"],
    "ä": ["Käthe Schäfer", "Jäger"],
    "ü": ["Günther Müller", "Lübeck"],
    "é": ["André", "Médéric Gérard"],
    "German": ["Jörg Größe", "Käthe Müller", "MÜLLER", "Änne", "Straße"],
    "Nordic": ["Håkan Sørensen", "Kærlund", "Åke Björn"],
    "French": ["Hélène", "François Benoît", "Noël", "Zoë", "à côté"],
    "Portuguese": ["João Gonçalves", "Conceição"],
    "Finnish": ["Hämäläinen", "Pöyhönen"],
}
MARKS = [
    "l\u2019eau",
    "Berlin\u2013Bonn",
    "„Acme“",
    "Acme® GmbH",
    "weiter…",
    "5 €",
    "Dragiša Žižek",
]
CUT = b"1;Stra\xc3\n"
WHOLE = "2;Jörg Müßig\n3;Zoë\n".encode()
LEGACY_ROW = "9;Jürgen Köhler\n".encode("cp1252")


def table_of(names: list[str]) -> tuple[str, list[dict[str, str]]]:
    rows = [{"id": str(number), "name": name} for number, name in enumerate(names)]
    return "id;name\n" + "".join(f"{row['id']};{row['name']}\n" for row in rows), rows


def refusal_of(content: bytes) -> FileUnreadable:
    with pytest.raises(FileUnreadable) as caught:
        rows_of(content)
    assert caught.value.code == "file.no_text"
    return caught.value


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("times", [1, 30])
def test_western_names_are_read_in_whatever_encoding(
    names: list[str], encoding: str, times: int
) -> None:
    text, rows = table_of(["Ada Lovelace", *names * times])
    assert records_of(text.encode(encoding)) == rows


@pytest.mark.parametrize("name", MARKS)
def test_marks_of_windows_1252_at_and_in_words_are_no_letters_of_another_encoding(
    name: str,
) -> None:
    text, rows = table_of([name])
    assert records_of(text.encode("cp1252")) == rows


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1250", ["Dvořák", "Černý", "Kučera", "Jiří Šťastný", "Růžička"]),
        ("cp1250", ["Wałęsa", "Łódź", "Wiśniewski", "Żak Małgorzata"]),
        ("cp1250", ["Horvat", "Kovačić", "Šimić Đurić"]),
        ("cp1250", ["Müller Wałęsa", "Jörg Łódź", "Zieliński"]),
        ("cp1254", ["I\u015f\u0131k Şahin", "Çağlar Öztürk", "Y\u0131lmaz", "İbrahim"]),
        ("cp1257", ["Bērziņš", "Kalniņš", "Jānis Kārlis"]),
        ("cp1257", ["Žukauskas", "Šimkus", "Petrauskienė", "Čepaitė Jūratė"]),
        ("cp1251", ["Иван Пётр", "Сидоров", "Мария", "Москва"]),
        ("cp1253", ["Γιώργος", "Παπαδόπουλος", "Ελένη"]),
    ],
)
def test_names_of_other_alphabets_are_not_taken_for_western_ones(
    encoding: str, names: list[str]
) -> None:
    text, rows = table_of(names * 4)
    assert records_of(text.encode(encoding)) == rows


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(CUT + WHOLE, id="cut character first"),
        pytest.param(WHOLE + CUT, id="cut character last"),
        pytest.param(CUT * 9 + WHOLE, id="mostly cut"),
        pytest.param(WHOLE + LEGACY_ROW * 50, id="another encoding behind"),
        pytest.param(LEGACY_ROW + WHOLE, id="another encoding before"),
    ],
)
def test_broken_utf_8_is_refused_and_never_read_as_another_encoding(rows: bytes) -> None:
    assert refusal_of(b"id;name\n" + rows).detail.endswith("is not UTF-8")


@pytest.mark.parametrize("first", ["Spaß…", "CAFÉ®", "MENÜ™", "JOSÉ\u2019S"])
def test_a_letter_and_a_mark_that_look_like_utf_8_are_not(first: str) -> None:
    text, rows = table_of([first, "Jürgen Köhler"])
    assert records_of(text.encode("cp1252")) == rows


@pytest.mark.parametrize(
    ("content", "detail", "line"),
    [
        pytest.param(CUT + WHOLE, "byte 7 is not UTF-8", 1, id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + b"id\n1\n\xff\n", "byte 9 is not UTF-8", 3, id="mark"),
        pytest.param(b"id\r1\r\xc3\xa4\r\xff\r", "byte 9 is not UTF-8", 4, id="cr"),
        pytest.param(b"id\n" + b"J\xf6rg\n" * 60_000 + b"\x81", "windows-1252", 60_002, id="1252"),
        pytest.param("id\n1\n".encode("utf-16")[:-1], "byte 11 is not UTF-16-LE", 2, id="utf-16"),
        pytest.param(b"id\n\xc3\xa4\n\xc3", "byte 7 is not UTF-8", 3, id="cut end"),
    ],
)
def test_what_is_no_text_is_named_with_its_byte_line_and_encoding(
    content: bytes, detail: str, line: int
) -> None:
    refusal = refusal_of(content)
    assert detail in refusal.detail
    assert refusal.line == line


@pytest.mark.parametrize("chunk_b", [5, 9, 64, 1_000])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp850"])
def test_an_encoding_does_not_depend_on_where_the_file_is_cut(
    encoding: str, chunk_b: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "CHUNK_B", chunk_b)
    text, rows = table_of(["Käthe", "Müller", "Größe"])
    assert records_of(text.encode(encoding)) == rows
    refusal = refusal_of(b"id\n1\n\xc3\xa4\n\xe2\x82\n")
    assert (refusal.detail, refusal.line) == ("byte 9 is not UTF-8", 4)


@pytest.mark.parametrize("chunk_b", [3, 16, 1_000])
@pytest.mark.parametrize(
    "end", ["\x1a", "\r\n\x1a", "\r\n\x1a\r\n", "\r\n" + "\x1a" * 100], ids=repr
)
@pytest.mark.parametrize(
    "text", ["id;name\r\n0;Jo", '[{"id": "0", "name": "Jo"}]', '{"id": "0", "name": "Jo"}']
)
def test_the_end_mark_of_dos_is_no_row(
    text: str, end: str, chunk_b: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "CHUNK_B", chunk_b)
    assert records_of((text + end).encode()) == [{"id": "0", "name": "Jo"}]


def test_the_end_mark_of_dos_within_a_text_is_kept() -> None:
    assert records_of(b"id\n1\x1a\n\x1a2\n3\n") == [{"id": "1\x1a"}, {"id": "\x1a2"}, {"id": "3"}]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('\ufeff\ufeff"id";name\n1;Ada\n2;Bob\n', id="twice"),
        pytest.param('\ufeffid;name\n1;Ada\n\ufeff"2";Bob\n', id="files put together"),
        pytest.param('"\ufeffid";name\n1;Ada\n2;Bob\n', id="within quotation marks"),
        pytest.param(
            '\ufeff\ufeff[{"id": "1", "name": "Ada"}, {"id": "2", "name": "Bob"}]', id="json"
        ),
    ],
)
def test_byte_order_marks_are_part_of_no_name_and_no_cell(content: str) -> None:
    assert records_of(content.encode()) == [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Bob"}]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"id\n" * 200_000, "UTF-8"),
        (b"id\n" * 200_000 + b"J\xf6rg\n", "windows-1252"),
        (b"id\nJ\x94rg\n", "cp850"),
        ("id\nJörg\n".encode("utf-16"), "UTF-16-LE"),
        (gzip.compress(b"id\nJ\xf6rg\n", mtime=0), "windows-1252"),
        (b"PK\x03\x04", ""),
    ],
    ids=["ascii", "late", "dos", "utf-16", "gzip", "workbook"],
)
def test_the_encoding_is_said(content: bytes, encoding: str) -> None:
    assert encoding_of(opener(content)) == encoding
