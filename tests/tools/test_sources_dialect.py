from pathlib import Path

import pytest
from clevercsv import detect

from tools.sources.dialect import NO_DELIMITERS, sniff_dialect
from tools.sources.encoding import copy_as_utf8, detect_encoding
from tools.sources.prescan import prescan


def rows(delimiter: str, count: int = 20) -> tuple[str, ...]:
    body = [
        delimiter.join([str(number), f"name {number}", f"{number}.5", "2020-01-02 10:00"]) for number in range(count)
    ]
    return tuple(line + "\n" for line in [delimiter.join(["id", "full name", "amount", "at"]), *body])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x1f"])
def test_delimiters(delimiter: str) -> None:
    cut = sniff_dialect(rows(delimiter), ".csv")
    assert (cut.delimiter, cut.quote) == (delimiter, '"')
    assert f"{delimiter!r} gives 4 fields in 21 of 21 lines" in cut.evidence


@pytest.mark.parametrize(
    ("text", "extension", "delimiter"),
    [
        ("id\n1\n2\n", ".csv", None),
        ("full name\nJohn Smith\nJane Doe\n", ".csv", None),
        ("note, remark\nnone\nno comma here\nnor here\n", ".txt", None),
        ("at\n2020-01-02 10:00\n2020-01-02 11:00\n", ".csv", None),
        ("a,b;c\n1,5;2\n2,5;3\n", ".csv", ";"),
        ("a;b,c\n1;5,2\n2;5,3\n", ".csv", ";"),
        ('a;b\n"x,y;z";2\n"u,v";3\n', ".csv", ";"),
        ("a,b,c\n", ".csv", ","),
        ("a,b,c\n1,2\n1\n1,2,3\n1,2,3,4\n", ".csv", ","),
        ("a,b,c\n1,2,3,\n1,2,3,\n1,2,3,\n", ".csv", ","),
        ("a\tb\n1,5\t2\n1,6\t3\n", ".tsv", "\t"),
        ("x y z\n1 2 3\n4 5 6\n7 8 9\n1 1 1\n2 2 2\n", ".txt", " "),
        ('a,b\n1,"long\ntext\nof lines"\n2,"c"\n', ".csv", ","),
    ],
)
def test_hard_cases(text: str, extension: str, delimiter: str | None) -> None:
    cut = sniff_dialect(tuple(text.splitlines(keepends=True)), extension)
    assert cut.delimiter == (delimiter or NO_DELIMITERS[0])


def test_single_quotes_are_believed_only_where_they_enclose_fields() -> None:
    enclosing = tuple(f"{number},'a, {number}'\n" for number in range(10))
    assert sniff_dialect(("id,text\n", *enclosing), ".csv").quote == "'"
    assert sniff_dialect(("id,text\n", *[f"{number},it's\n" for number in range(10)]), ".csv").quote == '"'


def test_files_of_one_kind_are_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = detect.Detector.detect

    def count(self: detect.Detector, sample: str, **options: object) -> object:
        asked.append(sample)
        return real(self, sample, **options)

    monkeypatch.setattr(detect.Detector, "detect", count)
    memory: dict[tuple[str, str], tuple[str, str]] = {}
    for number in range(5):
        sniff_dialect(rows(",", 5 + number), ".csv", memory)
    sniff_dialect(rows(";"), ".csv", memory)
    assert len(asked) == 2


GERMAN = "id;Straße\n1;Müller & Söhne\n2;Äpfel für Jürgen\n3;Größe\n"
TEXTS = {
    "cp1252": "id,name\n1,“Café” – 5 €\n2,naïve\n3,l’été\n",
    "latin-1": GERMAN,
    "cp1250": "id,nazwa\n1,Zażółć gęślą jaźń\n2,Łódź i Kraków są ładne\n3,źdźbło trawy na łące\n" * 3,
    "cp1251": "id;имя\n1;Привет как дела\n2;Москва и Петербург\n3;хорошая погода сегодня\n" * 3,
    "cp932": "id,名前\n1,東京都は日本の首都です\n2,大阪府のたこ焼き\n3,ひらがなとカタカナ\n" * 3,
    "gb18030": "id,名字\n1,北京是中国的首都\n2,上海是一个大城市\n3,我们都喜欢吃饭\n" * 3,
    "cp1253": "id,όνομα\n1,Αθήνα Θεσσαλονίκη\n2,καλημέρα σας\n" * 3,
    "utf-16-le": GERMAN,
    "utf-16-be": GERMAN,
    "utf-32": GERMAN,
    "utf-8-sig": GERMAN,
}


@pytest.mark.parametrize("codec", TEXTS)
def test_encodings_are_told_apart(tmp_path: Path, codec: str) -> None:
    path, copy = tmp_path / "raw", tmp_path / "copy"
    path.write_bytes(TEXTS[codec].encode(codec))
    encoding = detect_encoding(path, "raw", prescan(path))
    copy_as_utf8(path, copy, encoding)
    assert copy.read_bytes().decode() == TEXTS[codec]
    assert encoding.bom == (codec in {"utf-32", "utf-8-sig"})
    assert encoding.guessed == (not codec.startswith("utf"))


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        (b"\xc3\xa9\n\xff\n", "utf-8"),
        (b"\xc3\xa9\n\xff\xfe\xfa\n", "utf-8"),
        (b"\xc3\xa9 \xc3\xa9 \xff\n", "utf-8"),
        (b"\xc3\xa9 \xff\xfe\n", "cp1252"),
        (b"\xe9t\xe9\n", "cp1252"),
        ("Müller é\nñandú\nGröße\n".encode("cp1252") + "é\n".encode(), "cp1252"),
    ],
)
def test_a_few_bad_bytes_make_no_other_encoding(tmp_path: Path, content: bytes, codec: str) -> None:
    path = tmp_path / "raw"
    path.write_bytes(b"a\n" + content)
    assert detect_encoding(path, "raw", prescan(path)).codec == codec


def test_bytes_that_the_encoding_does_not_know_stay_visible(tmp_path: Path) -> None:
    path, copy = tmp_path / "raw", tmp_path / "copy"
    path.write_bytes(GERMAN.encode("cp1252") + b"4;x\x81y\r\n")
    encoding = detect_encoding(path, "raw", prescan(path))
    copy_as_utf8(path, copy, encoding)
    assert copy.read_bytes().decode() == GERMAN + "4;x\\x81y\r\n"


def test_utf16_cut_in_the_middle_of_a_character_keeps_its_last_line(tmp_path: Path) -> None:
    path, copy = tmp_path / "raw", tmp_path / "copy"
    path.write_bytes("a,b\n1,2\n3,4".encode("utf-16-le") + b"5")
    copy_as_utf8(path, copy, detect_encoding(path, "raw", prescan(path)))
    assert copy.read_text().startswith("a,b\n1,2\n3,4\\x35")
